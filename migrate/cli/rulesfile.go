package cli

import (
	"fmt"
	"os"

	"scmigrate/migrate/rules"
)

// readRules reads a rules file, where there is one.
func readRules(path string, _ []string) (rules.Rules, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return rules.Rules{}, fmt.Errorf("cannot read the rules: %w", err)
	}
	return rules.Parse(path, text)
}
