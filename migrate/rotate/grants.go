package rotate

import (
	"context"
	"slices"
	"time"

	"scmigrate/migrate/document"
	"scmigrate/migrate/inventory"
)

// Grant is one token pair and the rows that share it, whatever they call it.
type Grant struct {
	Name      string // the first row's, "" where no row names the grant
	Vehicles  []Vehicle
	Ordinals  []int
	Line      int               // of the first row
	Source    inventory.Holding // the first row with the refresh token; its VehicleID is "" where no row has it
	ExpiresAt time.Time         // the latest stated end of its access tokens; zero if nobody states one

	identity string
	keys     []string
}

// Dead tells whether the grant's access token is over. One without a stated end counts as dead: it lives two hours at most.
func (g *Grant) Dead(now time.Time) bool { return !now.Before(g.ExpiresAt) }

// Plan is what an inventory holds for a rotation.
type Plan struct {
	Grants  []*Grant // those with a refresh token, in the order of the file
	NoToken int      // rows that no refresh token is known for
}

// NewPlan groups an inventory's rows: by grant, and by refresh token, for a token works once whatever its rows are called.
// The error is a *Problems where rows of one grant name several refresh tokens.
func NewPlan(ctx context.Context, file *inventory.File, name string) (*Plan, error) {
	g := gathering{byKey: map[string]*Grant{}, file: name}
	if err := file.EachHolding(ctx, g.take); err != nil {
		return nil, err
	}
	if err := g.problems.AsError(); err != nil {
		return nil, err
	}
	plan := &Plan{NoToken: g.without}
	for _, grant := range g.list {
		switch {
		case grant == nil: // joined with an earlier one
		case grant.identity == "":
			plan.NoToken += len(grant.Vehicles)
		default:
			plan.Grants = append(plan.Grants, grant)
		}
	}
	return plan, nil
}

// gathering is grouping under way.
type gathering struct {
	byKey    map[string]*Grant
	list     []*Grant
	without  int
	file     string
	problems document.Problems
}

func (g *gathering) take(h inventory.Holding) error {
	var keys []string
	if h.Grant != "" {
		keys = append(keys, "grant "+h.Grant)
	}
	identity := h.RefreshIdentity()
	if identity != "" {
		keys = append(keys, identity)
	}
	if len(keys) == 0 {
		g.without++
		return nil
	}
	grant := g.of(keys, h)
	if identity != "" && grant.identity != "" && grant.identity != identity {
		g.problems.Add(document.Problem{File: g.file, Line: h.Line, Message: "the grant has another refreshToken on an earlier row",
			Hint: "only one of them can be the newest: remove the other, or give the rows different grants"})
	}
	if identity != "" && grant.identity == "" {
		grant.identity, grant.Source = identity, h
	}
	if grant.Name == "" {
		grant.Name = h.Grant
	}
	if h.ExpiresAt.After(grant.ExpiresAt) {
		grant.ExpiresAt = h.ExpiresAt
	}
	grant.Vehicles = append(grant.Vehicles, Vehicle{h.VehicleID, h.UserID})
	grant.Ordinals = append(grant.Ordinals, h.Ordinal)
	return nil
}

// of finds the grant of a row, and joins grants that turn out to be one.
func (g *gathering) of(keys []string, h inventory.Holding) *Grant {
	var grant *Grant
	for _, key := range keys {
		switch found := g.byKey[key]; {
		case found == nil || found == grant:
		case grant == nil:
			grant = found
		default:
			grant = g.join(grant, found)
		}
	}
	if grant == nil {
		grant = &Grant{Line: h.Line}
		g.list = append(g.list, grant)
	}
	for _, key := range keys {
		if g.byKey[key] != grant {
			g.byKey[key] = grant
			grant.keys = append(grant.keys, key)
		}
	}
	return grant
}

func (g *gathering) join(a, b *Grant) *Grant {
	if b.Line < a.Line {
		a, b = b, a
	}
	if a.identity == "" {
		a.identity, a.Source = b.identity, b.Source
	} else if b.identity != "" && b.identity != a.identity {
		g.problems.Add(document.Problem{File: g.file, Line: b.Line, Message: "the grant has another refreshToken on an earlier row", Hint: "remove the one that is not the newest"})
	}
	a.Vehicles, a.Ordinals = append(a.Vehicles, b.Vehicles...), append(a.Ordinals, b.Ordinals...)
	if b.ExpiresAt.After(a.ExpiresAt) {
		a.ExpiresAt = b.ExpiresAt
	}
	for _, key := range b.keys {
		g.byKey[key] = a
		a.keys = append(a.keys, key)
	}
	g.list[slices.Index(g.list, b)] = nil
	return a
}
