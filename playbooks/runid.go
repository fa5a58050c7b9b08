package playbooks

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// runID hashes the four things that name a run: 16 hexadecimal digits keep ids
// short enough for a button, and 2^32 runs before two are likely to meet. Each
// part is written with its length, so that no two lists of parts look alike.
func runID(account, playbook, subject string, episode int64) string {
	h := sha256.New()
	for _, part := range []string{account, playbook, subject, strconv.FormatInt(episode, 10)} {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return "r" + hex.EncodeToString(h.Sum(nil)[:8])
}
