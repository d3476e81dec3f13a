import { randomBytes, randomUUID } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { newSigningSecret } from "./secrets.ts";
import { signingKey, webhookSignature } from "./signature.ts";

describe("a signature", () => {
  it("is the one of the Standard Webhooks specification's example", () => {
    expect(
      webhookSignature(
        signingKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        '{"test": 2432232314}',
      ),
    ).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  });

  it("is accepted by the official library, for any secret and text", () => {
    for (const text of ["{}", '{"name":"Zoë 🎈"}', "\u2028 \\u0000", randomBytes(5_000).toString("base64")]) {
      const [secret, id, now] = [newSigningSecret(), randomUUID(), Math.floor(Date.now() / 1000)];
      const headers = { "webhook-id": id, "webhook-timestamp": String(now) };
      const signature = webhookSignature(signingKey(secret), id, now, text);
      const verify = (body: string) =>
        new Webhook(secret).verify(
          body,
          { ...headers, "webhook-signature": signature },
          { jsonParse: false },
        );
      expect(() => verify(text)).not.toThrow();
      expect(() => verify(`${text} `)).toThrow("No matching signature found");
    }
  });
});
