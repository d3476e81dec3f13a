<?php
// Verifies a webhook of Waybill with nothing but PHP (8 or later).

const TOLERANCE_SECONDS = 5 * 60;

/** True if these headers (names in lower case) sign exactly this body, given as it was received. */
function is_genuine(string $secret, array $headers, string $body, ?int $now = null): bool
{
    $id = $headers['webhook-id'] ?? '';
    $timestamp = $headers['webhook-timestamp'] ?? '';
    $signatures = $headers['webhook-signature'] ?? '';
    if ($id === '' || !preg_match('/^[0-9]{1,12}$/D', $timestamp)) {
        return false;
    }
    if (abs(($now ?? time()) - (int) $timestamp) > TOLERANCE_SECONDS) {
        return false;
    }
    $key = base64_decode(preg_replace('/^whsec_/', '', $secret));
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
    foreach (explode(' ', $signatures) as $signature) {
        if (hash_equals($expected, $signature)) {
            return true;
        }
    }
    return false;
}

// Run as a program it answers `valid` or `refused` for each line of its input: secret, id, timestamp,
// signatures, the body in Base64 and the time in unix seconds, separated by tabs.
if (realpath($argv[0] ?? '') === __FILE__) {
    while (($line = fgets(STDIN)) !== false) {
        [$secret, $id, $timestamp, $signatures, $body, $now] = explode("\t", rtrim($line, "\n"));
        $headers = [
            'webhook-id' => $id,
            'webhook-timestamp' => $timestamp,
            'webhook-signature' => $signatures,
        ];
        $genuine = is_genuine($secret, $headers, base64_decode($body), (int) $now);
        echo $genuine ? "valid\n" : "refused\n";
    }
}
