package cli

import (
	"fmt"
	"strings"

	ucli "github.com/urfave/cli/v2"
)

// The scripts ask the program itself: --generate-bash-completion is urfave's.
var completionScripts = map[string]string{
	"bash": `_scmigrate() {
  local cur opts
  cur="${COMP_WORDS[COMP_CWORD]}"
  if [[ "$cur" == -* ]]; then opts=$("${COMP_WORDS[@]:0:COMP_CWORD}" "$cur" --generate-bash-completion); else opts=$("${COMP_WORDS[@]:0:COMP_CWORD}" --generate-bash-completion); fi
  mapfile -t COMPREPLY < <(compgen -W "$opts" -- "$cur")
}
complete -o bashdefault -o default -F _scmigrate scmigrate
`,
	"zsh": `#compdef scmigrate
_scmigrate() {
  local -a opts
  opts=("${(@f)$(${words[@]:0:#words[@]-1} --generate-bash-completion)}")
  _describe 'values' opts
  _files
}
compdef _scmigrate scmigrate
`,
}

func completionCommand(p Process) *ucli.Command {
	return &ucli.Command{Name: "completion", Usage: "print a completion script", ArgsUsage: "bash|zsh|fish", Action: func(c *ucli.Context) error {
		script, ok := completionScripts[c.Args().First()]
		if c.Args().First() == "fish" {
			var err error
			if script, err = c.App.ToFishCompletion(); err != nil {
				return fmt.Errorf("cannot write the completion script: %w", err)
			}
			ok = true
		}
		if !ok {
			return usagef("name a shell: scmigrate completion bash, zsh or fish, not %q", c.Args().First())
		}
		_, err := fmt.Fprint(p.Stdout, strings.TrimLeft(script, "\n"))
		return err
	}}
}
