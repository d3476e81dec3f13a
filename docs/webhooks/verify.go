// Verifies a webhook of Waybill with nothing but Go's standard library.
package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const tolerance = 5 * time.Minute

// isGenuine tells whether these headers sign exactly this body, given as the bytes received.
func isGenuine(secret string, headers http.Header, body []byte, now time.Time) bool {
	id, timestamp := headers.Get("webhook-id"), headers.Get("webhook-timestamp")
	seconds, err := strconv.ParseUint(timestamp, 10, 40)
	if id == "" || err != nil {
		return false
	}
	if age := now.Sub(time.Unix(int64(seconds), 0)); age > tolerance || age < -tolerance {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, timestamp, body)
	expected := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, signature := range strings.Split(headers.Get("webhook-signature"), " ") {
		if hmac.Equal([]byte(signature), []byte(expected)) {
			return true
		}
	}
	return false
}

// Answers `valid` or `refused` for each line of its input: secret, id, timestamp, signatures, the body in
// Base64 and the time in unix seconds, separated by tabs.
func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		part := strings.Split(lines.Text(), "\t")
		headers := http.Header{}
		headers.Set("webhook-id", part[1])
		headers.Set("webhook-timestamp", part[2])
		headers.Set("webhook-signature", part[3])
		body, _ := base64.StdEncoding.DecodeString(part[4])
		seconds, _ := strconv.ParseInt(part[5], 10, 64)
		if isGenuine(part[0], headers, body, time.Unix(seconds, 0)) {
			fmt.Println("valid")
		} else {
			fmt.Println("refused")
		}
	}
}
