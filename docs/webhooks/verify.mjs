// Verifies a webhook of Waybill with nothing but Node's own crypto.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createInterface } from "node:readline";

const TOLERANCE_SECONDS = 5 * 60;

/** True if these headers (names in lower case) sign exactly this body, given as it was received. */
export function isGenuine(secret, headers, body, nowSeconds = Math.floor(Date.now() / 1000)) {
  const id = headers["webhook-id"];
  const timestamp = headers["webhook-timestamp"];
  const signatures = headers["webhook-signature"];
  if (!id || !signatures || !/^\d{1,12}$/.test(timestamp ?? "")) return false;
  if (Math.abs(nowSeconds - Number(timestamp)) > TOLERANCE_SECONDS) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
  return signatures.split(" ").some((signature) => {
    const [version, value] = signature.split(",");
    const given = Buffer.from(value ?? "", "base64");
    return version === "v1" && given.length === expected.length && timingSafeEqual(given, expected);
  });
}

// Run as a program it answers `valid` or `refused` for each line of its input: secret, id, timestamp,
// signatures, the body in Base64 and the time in unix seconds, separated by tabs.
if (import.meta.filename === process.argv[1]) {
  for await (const line of createInterface(process.stdin)) {
    const [secret, id, timestamp, signatures, body, now] = line.split("\t");
    const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures };
    const genuine = isGenuine(secret, headers, Buffer.from(body, "base64"), Number(now));
    console.log(genuine ? "valid" : "refused");
  }
}
