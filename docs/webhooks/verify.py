# Verifies a webhook of Waybill with nothing but Python's standard library.
import base64
import hashlib
import hmac
import re
import sys
import time

TOLERANCE_SECONDS = 5 * 60


def is_genuine(secret, headers, body, now=None):
    """True if these headers (names in lower case) sign exactly this body, given as the bytes received."""
    message_id = headers.get("webhook-id")
    timestamp = headers.get("webhook-timestamp") or ""
    signatures = headers.get("webhook-signature")
    if not message_id or not signatures or not re.fullmatch(r"[0-9]{1,12}", timestamp):
        return False
    if abs((time.time() if now is None else now) - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(
        hmac.compare_digest(signature.encode(), expected.encode()) for signature in signatures.split(" ")
    )


# Run as a program it answers `valid` or `refused` for each line of its input: secret, id, timestamp,
# signatures, the body in Base64 and the time in unix seconds, separated by tabs.
if __name__ == "__main__":
    for line in sys.stdin:
        secret, message_id, timestamp, signatures, body, now = line.rstrip("\n").split("\t")
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signatures,
        }
        genuine = is_genuine(secret, headers, base64.b64decode(body), int(now))
        print("valid" if genuine else "refused")
