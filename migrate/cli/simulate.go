package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/fixtures"
)

// demoTimeout is long for an answer from this process and short for a person who waits.
const demoTimeout = 5 * time.Second

func simulateCommand(p Process) *ucli.Command {
	return &ucli.Command{
		Name: "simulate", Usage: "serve the Smartcar simulator until interrupted",
		Description: "Prints its address and, once it serves, the export lines that point all other commands at it. README.md walks a whole migration with it: From zero to cut-over. A file that is not the simulator's is never replaced.",
		Flags: []ucli.Flag{
			text("addr", "127.0.0.1:8787", "listen on `HOST:PORT`"), text("scenario", "", "a scenario `FILE` (YAML); the demo's fleet without one"),
			number("vehicles", 40, "the size of the demo's `FLEET`"), number("seed", 1, "the `SEED` of the demo's fleet"),
			text("write-inventory", "", "write the fleet's inventory to `FILE`: YAML, or a database's CSV export where it ends in .csv"), text("write-truth", "", "write what every vehicle must come to, to `FILE`"),
		},
		Action: func(c *ucli.Context) error {
			if c.NArg() > 0 {
				return usagef("unexpected argument %q", c.Args().First())
			}
			s, err := scenario(c)
			if err != nil {
				return err
			}
			world, err := fixtures.New(s, fixtures.Options{Now: p.Now})
			if err != nil {
				return usage(err)
			}
			if err := notReplaced(c); err != nil {
				return err
			}
			listener, err := listen(c.String("addr"))
			if err != nil {
				return err
			}
			defer listener.Close() //nolint:errcheck // it is closed already where it was served
			if err := simulateFiles(c, world); err != nil {
				return err
			}
			return serve(c.Context, p, listener, world)
		},
	}
}

func scenario(c *ucli.Context) (fixtures.Scenario, error) {
	path := c.String("scenario")
	if path == "" {
		return fixtures.DemoScenario(c.Int("vehicles"), uint64(c.Int("seed"))), nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fixtures.Scenario{}, usage(fmt.Errorf("cannot read the scenario: %w", err))
	}
	s, err := fixtures.ParseScenario(text)
	if err != nil {
		return s, usage(fmt.Errorf("%s: %w", path, err))
	}
	return s, nil
}

// marks are how the simulator's own files begin. A table bears no mark, so that none is ever replaced.
var marks = [][]byte{[]byte("# written by the simulator"), []byte(`{"seed":`)}

// notReplaced refuses to write over a file that is not the simulator's: the inventory of a real fleet has the same name.
func notReplaced(c *ucli.Context) error {
	for _, flag := range []string{"write-inventory", "write-truth"} {
		path := c.String(flag)
		text, err := os.ReadFile(path)
		if err != nil || len(text) == 0 { // there is none; trouble shows where it is written
			continue
		}
		if !slices.ContainsFunc(marks, func(mark []byte) bool { return bytes.HasPrefix(text, mark) }) {
			return usagef("--%s: %s is there already, and is not of the simulator's making (name another file, or remove it)", flag, path)
		}
	}
	return nil
}

func simulateFiles(c *ucli.Context, world *fixtures.World) error {
	if path := c.String("write-inventory"); path != "" {
		write := world.WriteInventory
		if strings.EqualFold(filepath.Ext(path), ".csv") {
			write = world.WriteTable
		}
		if err := writeWith(path, write); err != nil {
			return usage(err)
		}
	}
	if path := c.String("write-truth"); path != "" {
		if err := writeWith(path, world.WriteTruth); err != nil {
			return usage(err)
		}
	}
	return nil
}

// listen takes the address before anything is written: files of a fleet that nobody serves would be mistaken for another's.
func listen(addr string) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, usage(fmt.Errorf("cannot listen on %s: %w (end what listens there, perhaps an earlier simulator, or take any free port: --addr 127.0.0.1:0)", addr, err))
	}
	return listener, nil
}

// serve answers on one address for all five hosts: their paths are disjoint.
func serve(ctx context.Context, p Process, listener net.Listener, world *fixtures.World) error {
	base := "http://" + listener.Addr().String()
	fmt.Fprintf(p.Stdout, "# the simulator serves at %s until interrupted; in another terminal:\n", base)
	for _, name := range []string{"IAM", "VEHICLE_API", "API", "AUTH", "MANAGEMENT_API"} {
		fmt.Fprintf(p.Stdout, "export SMARTCAR_%s_ORIGIN=%s\n", name, base)
	}
	fmt.Fprintf(p.Stdout, "export SMARTCAR_MANAGEMENT_TOKEN=%s\n", world.ManagementToken())
	id, secret := world.LegacyClient()
	fmt.Fprintf(p.Stdout, "export SMARTCAR_LEGACY_CLIENT_ID=%s\nexport SMARTCAR_LEGACY_CLIENT_SECRET=%s\n", id, secret)
	fmt.Fprintf(p.Stdout, "export SMARTCAR_CLIENT_ID=%s\nexport SMARTCAR_CLIENT_SECRET=%s\n", world.ClientID(), world.ClientSecrets()[0])
	server := &http.Server{Handler: world.Handler(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(p.Stderr, "", 0)}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the simulator stopped: %w", err)
	}
	return nil
}
