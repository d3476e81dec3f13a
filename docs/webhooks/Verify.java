// Verifies a webhook of Waybill with nothing but the JDK (11 or later).
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public final class Verify {
    private static final long TOLERANCE_SECONDS = 5 * 60;

    /** True if the three headers sign exactly this body, given as the bytes received. */
    static boolean isGenuine(
            String secret, String id, String timestamp, String signatures, byte[] body, long nowSeconds)
            throws GeneralSecurityException {
        if (id == null || id.isEmpty() || signatures == null) return false;
        if (timestamp == null || !timestamp.matches("[0-9]{1,12}")) return false;
        if (Math.abs(nowSeconds - Long.parseLong(timestamp)) > TOLERANCE_SECONDS) return false;
        byte[] key = Base64.getDecoder().decode(secret.replaceFirst("^whsec_", ""));
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
        byte[] expected =
                ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body)))
                        .getBytes(StandardCharsets.UTF_8);
        return Arrays.stream(signatures.split(" "))
                .anyMatch(one -> MessageDigest.isEqual(one.getBytes(StandardCharsets.UTF_8), expected));
    }

    // Answers `valid` or `refused` for each line of its input: secret, id, timestamp, signatures, the body in
    // Base64 and the time in unix seconds, separated by tabs.
    public static void main(String[] args) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] part = line.split("\t", -1);
            byte[] body = Base64.getDecoder().decode(part[4]);
            boolean genuine = isGenuine(part[0], part[1], part[2], part[3], body, Long.parseLong(part[5]));
            System.out.println(genuine ? "valid" : "refused");
        }
    }
}
