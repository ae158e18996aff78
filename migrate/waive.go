package migrate

import (
	"context"
	"time"

	"scmigrate/migrate/rules"
)

// voidWaivers are the waivers that waive nothing in this run, and why.
func voidWaivers(context.Context, Store, Facts, rules.Rules, time.Time) (map[string]string, error) {
	return nil, nil
}
