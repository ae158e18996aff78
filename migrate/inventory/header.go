package inventory

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Header is what an inventory says about all its vehicles.
type Header struct {
	Version  int
	ClientID string        // application.clientId as written, a literal or ${NAME}; see ResolveClientID. "" if not given
	Command  []string      // legacyTokens.command, {vehicleId} and {grant} not yet filled in; nil if not given
	Timeout  time.Duration // of the command, also of exec: references; DefaultCommandTimeout if not given

	commandLine int // 0 if there is no command
}

// DefaultCommandTimeout is how long a token command may take when the inventory does not say.
const DefaultCommandTimeout = 10 * time.Second

const maxCommandTimeout = 5 * time.Minute

// ResolveClientID gives the application's client id, "" if the inventory names none. A variable that is not set is an error
// only here, where it is needed: plan works without.
func (h Header) ResolveClientID(getenv func(string) (string, bool)) (string, error) {
	m := envShape.FindStringSubmatch(h.ClientID)
	if m == nil {
		return h.ClientID, nil
	}
	value, _ := getenv(m[1])
	if value = strings.TrimSpace(value); value == "" {
		return "", fmt.Errorf("application.clientId of the inventory names %s, which is not set (export it, or leave application out)", m[1])
	}
	return value, nil
}

// heading is a header while it is being read.
type heading struct {
	Header
	versioned bool
	vehicles  *yaml.Node // value of vehicles:, nil if the key is not there
	*faults
}

var headerKeys = []key[heading]{
	{"version", (*heading).readVersion},
	{"application", func(h *heading, n *yaml.Node) { section(h, n, "application", applicationKeys) }},
	{"legacyTokens", (*heading).readLegacyTokens},
	{"vehicles", func(h *heading, n *yaml.Node) { h.vehicles = n }},
}

var applicationKeys = []key[heading]{{"clientId", (*heading).readClientID}}

var legacyKeys = []key[heading]{{"command", (*heading).readCommand}, {"timeout", (*heading).readTimeout}}

// readHeader reads the first document, vehicles not included.
func readHeader(n *yaml.Node, f *faults) heading {
	h := heading{faults: f, Header: Header{Timeout: DefaultCommandTimeout}}
	if n == nil || n.Kind != yaml.MappingNode {
		f.add(1, complaint{"the file does not start like an inventory", startHint(n)})
		return h
	}
	walk(f, &h, n, headerKeys)
	if !h.versioned {
		f.at(n, "version is missing", versionHint)
	}
	if h.vehicles != nil && h.vehicles.Kind == yaml.MappingNode {
		f.at(h.vehicles, "vehicles must be a list, not a mapping", `write each as "- vehicleId: ID" with its keys below it, instead of "ID:"`)
	} else if h.vehicles != nil && h.vehicles.Kind != yaml.SequenceNode && !isNull(h.vehicles) {
		f.at(h.vehicles, "vehicles must be a list, not "+shape(h.vehicles), `write each as "- vehicleId: ID"`)
	}
	return h
}

// startHint says what the file may have been meant to be.
func startHint(n *yaml.Node) string {
	switch {
	case n != nil && n.Kind == yaml.SequenceNode:
		return `put "version: 1" and "vehicles:" above the list`
	case n != nil && n.Kind == yaml.ScalarNode && strings.ContainsAny(n.Value, ",;\t"):
		return "a table becomes an inventory with: scmigrate inventory import --csv FILE -o FILE2"
	}
	return versionHint
}

const versionHint = `start it with "version: 1"`

func (h *heading) readVersion(n *yaml.Node) {
	h.versioned = true
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || n.Value != "1" {
		h.at(n, "version must be 1", "this program knows no other; write the number without quotes")
		return
	}
	h.Version = 1
}

func section(h *heading, n *yaml.Node, name string, table []key[heading]) {
	if n.Kind == yaml.MappingNode {
		walk(h.faults, h, n, table)
	} else if !isNull(n) {
		hint := ""
		if n.Kind == yaml.SequenceNode {
			hint = "the list of vehicles stands under vehicles:"
		}
		h.at(n, fmt.Sprintf("%s must be a mapping, not %s", name, shape(n)), hint)
	}
}

var uuidShape = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func (h *heading) readClientID(n *yaml.Node) {
	s, ok := h.text(n, "clientId")
	switch {
	case !ok:
	case envShape.MatchString(s), strings.HasPrefix(s, "client_") && plain(s, maxID).none():
		h.ClientID = s
	case uuidShape.MatchString(s):
		h.at(n, "clientId is a UUID, which is the Application ID", "v3 wants the client id, client_…, that Smartcar's dashboard shows beside it")
	default:
		h.at(n, "clientId must be client_… or ${NAME}", "")
	}
}

func (h *heading) readLegacyTokens(n *yaml.Node) {
	section(h, n, "legacyTokens", legacyKeys)
	if n.Kind == yaml.MappingNode && h.Command == nil && len(h.list) == 0 {
		h.at(n, "legacyTokens has no command", `write command: ["./bin/legacy-token", "{vehicleId}"]`)
	}
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

func (h *heading) readCommand(n *yaml.Node) {
	argv := h.texts(n, "command")
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		h.at(n, "command is an empty list", "")
	}
	for _, arg := range argv {
		for _, p := range placeholder.FindAllString(arg, -1) {
			if p != "{vehicleId}" && p != "{grant}" {
				h.at(n, "command has an unknown placeholder", "known are {vehicleId} and {grant}")
				return
			}
		}
	}
	if len(argv) > 0 && placeholder.MatchString(argv[0]) {
		h.at(n, "the program of command must not be a placeholder", "an inventory row must not choose what is run")
		return
	}
	h.Command, h.commandLine = argv, h.line(n.Line)
}

func (h *heading) readTimeout(n *yaml.Node) {
	s, ok := h.text(n, "timeout")
	if !ok {
		return
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > maxCommandTimeout {
		h.at(n, "timeout must be a duration up to 5m", "write it as 10s")
		return
	}
	h.Timeout = d
}
