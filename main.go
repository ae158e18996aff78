// Command scmigrate proves, vehicle by vehicle, that a Smartcar integration may switch from per-vehicle opaque tokens
// (API v2.0) to one application token with sc-user-id (API v3). See README.md.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"scmigrate/migrate/cli"
)

func main() {
	// The first interrupt ends the context: the run stops cleanly. The second finds the default handler and exits.
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, restore)
	os.Exit(cli.Main(ctx, os.Args, cli.System()))
}
