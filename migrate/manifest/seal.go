package manifest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// summing is the digest of a manifest while its lines come.
type summing struct{ hash.Hash }

func newSumming() summing { return summing{sha256.New()} }

// add takes the next line. Lines hold no line break, so the sequence is what is hashed, not the text.
func (s summing) add(line []byte) {
	_, _ = s.Write(line) // never fails (hash.Hash)
	_, _ = s.Write([]byte{'\n'})
}

func (s summing) digest() string { return "sha256:" + hex.EncodeToString(s.Sum(nil)) }

// sealOf is the digest under a key of its own, made of the one that the run's directory keeps for its pseudonyms: whoever
// has a pseudonym of a known id knows nothing about a seal, and the other way round.
func sealOf(shareKey []byte, digest string) string {
	own := hmac.New(sha256.New, shareKey)
	own.Write([]byte("seal of " + SchemaName))
	mac := hmac.New(sha256.New, own.Sum(nil))
	mac.Write([]byte(digest))
	return "hmac-sha256:" + hex.EncodeToString(mac.Sum(nil))
}

// Sealed tells whether the list was sealed with the key of a run's directory.
func (e End) Sealed(shareKey []byte) bool {
	return hmac.Equal([]byte(e.Seal), []byte(sealOf(shareKey, e.Digest)))
}

// hashOf is the short hash of a vehicle's evidence: 128 bits are enough for what is under the digest anyway.
func hashOf(stored []byte) string {
	sum := sha256.Sum256(stored)
	return hex.EncodeToString(sum[:16])
}
