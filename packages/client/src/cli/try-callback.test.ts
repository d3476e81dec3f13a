import { expect, it } from "vitest";
import { problem, standIn, type Reply } from "../../test/api-stand-in.ts";
import { AttemptTimeoutError } from "../errors.ts";
import { Waybill } from "../waybill.ts";
import { tryCallback } from "./try-callback.ts";

/** Tries a registration at an API that answers so, one request after the other; the time is over with the last. */
async function tried(...replies: Reply[]) {
  const over = new AbortController();
  const { url } = await standIn((_, number) => {
    if (number >= replies.length) over.abort();
    return replies[number - 1] ?? "silence";
  });
  return tryCallback(new Waybill({ url, key: "k1" }), "c1", over.signal);
}

const sent = { status: 202, body: { id: "d1" } };
const delivery = (status: string, ...outcomes: string[]) => ({
  status: 200,
  body: { status, attempts: outcomes.map((outcome) => ({ outcome })) },
});
const waiting = delivery("pending");

it("a test event is followed until its first attempt has failed, or its delivery is over", async () => {
  const failed = delivery("pending", "http");
  expect(await tried(sent, waiting, failed, "silence")).toEqual(failed.body);
  const delivered = delivery("delivered", "ok");
  expect(await tried(sent, delivery("pending", "ok"), delivered, "silence")).toEqual(delivered.body);
});

it("one that nobody sends is told as it is once the time is over", async () => {
  expect(await tried(sent, waiting, waiting, "silence")).toEqual(waiting.body);
});

it.each<{ when: string; replies: Reply[] }>([
  { when: "falls silent at once", replies: ["silence"] },
  { when: "falls silent then", replies: [sent, "silence"] },
  { when: "asks for a longer wait", replies: [sent, problem(503, "DEPENDENCY_UNAVAILABLE", {}, "60")] },
])("an API that $when is waited for no longer than that", async ({ replies }) => {
  await expect(tried(...replies)).rejects.toThrow(AttemptTimeoutError);
});

it("what the API refuses is told at once", async () => {
  const refused = problem(404, "CALLBACK_NOT_FOUND");
  await expect(tried(refused, "silence")).rejects.toMatchObject({ code: "CALLBACK_NOT_FOUND" });
});
