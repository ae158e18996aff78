package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"

	"scmigrate/migrate/rules"
)

// readRules reads a rules file and gives its digest with it.
func readRules(path string) (r rules.Rules, digest string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return r, "", usage(fmt.Errorf("cannot read the rules: %w", err))
	}
	if r, err = rules.Parse(path, text); err != nil {
		return r, "", usage(fmt.Errorf("the rules were refused:\n%w", err))
	}
	sum := sha256.Sum256(text)
	return r, "sha256:" + hex.EncodeToString(sum[:]), nil
}
