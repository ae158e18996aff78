//go:build linux

package bench

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"time"
)

// The canned fleet: every vehicle is its number, in the form of an id, a user, a VIN. The first digits of ids are scattered,
// as those of a real fleet are; the last twelve are the number.

func vehicleID(n int) string { return scattered(n, 1) }
func userID(n int) string    { return scattered(n, 2) }
func tokenOf(n int) string   { return scattered(n, 3) }
func requestID(n int) string { return scattered(n, 4) }
func vin(n int) string       { return fmt.Sprintf("5YJSA1C%010d", n) }

func scattered(n int, kind uint64) string {
	h := uint64(n)*4 + kind
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	h ^= h >> 31
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012d", h>>32, h>>16&0xffff, h>>4&0xfff, h&0xfff, n)
}

// numberOf is the inverse of the ids.
func numberOf(id string) (int, bool) {
	if len(id) != 36 {
		return 0, false
	}
	n, err := strconv.Atoi(id[24:])
	return n, err == nil
}

// losing tells the vehicles whose v3 store lacks their odometer: one of fifty is blocked.
func losing(n int) bool { return n%50 == 0 }

// writeInventory writes the fleet as one YAML document.
func writeInventory(path string, vehicles int) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(file, 1<<20)
	fmt.Fprint(out, "version: 1\nvehicles:\n")
	dies := time.Now().Add(48 * time.Hour).UTC()
	for n := range vehicles {
		fmt.Fprintf(out, "  - vehicleId: %q\n    userId: %q\n    accessToken: %q\n    accessTokenExpiresAt: %s\n    grant: %q\n    label: \"van %d\"\n    cohort: %q\n",
			vehicleID(n), userID(n), tokenOf(n), dies.Add(time.Duration(n%1000)*time.Second).Format(time.RFC3339), userID(n)[:8]+"/"+strconv.Itoa(n), n+1, "depot-"+strconv.Itoa(n%7))
		if n%2 == 0 {
			fmt.Fprintf(out, "    vin: %q\n", vin(n))
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return file.Close()
}
