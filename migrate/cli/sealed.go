package cli

import (
	"errors"
	"io"
	"log"

	"scmigrate/migrate/secret"
)

// sealed gives the process with a vault, and with streams that redact every secret the vault has been told of. The log of
// libraries (net/http writes there what a server sent unasked) goes the same way. No line of theirs is a command to a CI
// runner, but for those of Process.commands. unseal lets out what is held back of the last line, and says whether everything
// could be written.
func (p Process) sealed() (sealed Process, unseal func() error) {
	p.vault = secret.NewVault(0)
	commands, stdout := p.vault.Writer(p.Stdout), p.vault.Writer(&inert{w: p.Stdout}) // a blank put into a secret would hide it
	stderr := p.vault.Writer(&inert{w: p.Stderr})
	if p.Live { // a bar is drawn without an end of the line
		stderr = p.vault.Direct(&inert{w: p.Stderr})
	}
	p.Stdout, p.Stderr, p.commands = &failing{w: stdout}, stderr, commands
	before := log.Writer()
	log.SetOutput(stderr)
	return p, func() error {
		log.SetOutput(before)
		return errors.Join(p.Stdout.(*failing).err, stdout.Close(), commands.Close(), stderr.Close())
	}
}

// failing remembers the first error of its writer: many a line is printed without asking whether it could be.
type failing struct {
	w   io.Writer
	err error
}

// Write passes p on.
func (f *failing) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	if err != nil && f.err == nil {
		f.err = err
	}
	return n, err
}
