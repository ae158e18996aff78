package inventory

import (
	"regexp"
	"strings"

	"scmigrate/migrate/secret"
)

// Kind is where a token comes from.
type Kind string

// The kinds of reference of CONTRACT §4. KindNone is no reference at all.
const (
	KindNone    Kind = ""
	KindLiteral Kind = "literal" // the token itself
	KindEnv     Kind = "env"     // ${NAME}
	KindFile    Kind = "file"    // file:PATH, relative to the inventory's folder, read at each use
	KindExec    Kind = "exec"    // exec:COMMAND, run without a shell
)

// Reference says where a token comes from; its value is looked up at the moment of use, by a Resolver. It cannot be
// printed: a literal is a secret, and so may be an argument of a command.
type Reference struct {
	kind    Kind
	name    string   // variable or path
	argv    []string // of exec
	literal secret.Secret
}

// Kind gives the kind, KindNone for the zero Reference.
func (r Reference) Kind() Kind { return r.kind }

// IsZero reports whether there is no reference.
func (r Reference) IsZero() bool { return r.kind == KindNone }

// String gives the kind alone.
func (r Reference) String() string { return "[" + string(r.kind) + " reference]" }

// GoString gives the kind alone.
func (r Reference) GoString() string { return r.String() }

var (
	envShape    = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$`)
	schemeShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)
)

const referenceHint = "use the token itself, ${NAME}, file:PATH or exec:COMMAND"

// parseReference reads the text of a token key. What looks like a reference without being one is refused, for it would
// be sent to Smartcar as a token.
func parseReference(text string) (Reference, complaint) {
	path, isFile := strings.CutPrefix(text, "file:")
	command, isExec := strings.CutPrefix(text, "exec:")
	switch {
	case isFile:
		return fileReference(path)
	case isExec:
		return execReference(command)
	case envShape.MatchString(text):
		return Reference{kind: KindEnv, name: envShape.FindStringSubmatch(text)[1]}, complaint{}
	case strings.Contains(text, "${"), strings.HasPrefix(text, "$"):
		return Reference{}, complaint{"mixes a variable with other text, or misspells it", "a variable is the whole value: ${NAME}"}
	case schemeShape.MatchString(text):
		return Reference{}, complaint{"is a reference of an unknown kind", referenceHint}
	}
	return Reference{kind: KindLiteral, literal: secret.New(text)}, tokenComplaint(text)
}

func fileReference(path string) (Reference, complaint) {
	if strings.TrimSpace(path) == "" || len(path) > 4096 || strings.ContainsRune(path, 0) {
		return Reference{}, complaint{"names no file", "write file:PATH"}
	}
	return Reference{kind: KindFile, name: path}, complaint{}
}

func execReference(command string) (Reference, complaint) {
	argv, c := splitWords(command)
	if !c.none() {
		return Reference{}, c
	}
	return Reference{kind: KindExec, argv: argv}, complaint{}
}

// splitWords splits a command as a shell would, quotes and backslashes included, and does nothing else a shell does: what
// would need one is refused instead of being passed on as an ordinary character.
func splitWords(command string) ([]string, complaint) {
	var s words
	for _, r := range command {
		if s.shell = s.shell || s.next(r); s.shell {
			return nil, complaint{"needs a shell", "exec: runs one program without a shell; quote the character, or put the line into a script"}
		}
	}
	if s.quote != 0 || s.escaped {
		return nil, complaint{"has an unclosed quote", ""}
	}
	if s.end(); len(s.list) == 0 || s.list[0] == "" {
		return nil, complaint{"names no command", "write exec:COMMAND"}
	}
	return s.list, complaint{}
}

// words is the state of splitting one command.
type words struct {
	list    []string
	word    strings.Builder
	inWord  bool
	quote   rune // the open quote, or 0
	escaped bool
	shell   bool
}

// next takes one character and reports whether it asks for a shell.
func (s *words) next(r rune) bool {
	switch {
	case s.escaped:
		s.escaped = false
		s.put(r)
	case s.quote != 0 && r == s.quote:
		s.quote = 0
	case r == '\\' && s.quote != '\'':
		s.escaped, s.inWord = true, true
	case s.quote != 0:
		s.put(r)
	case r == '\'' || r == '"':
		s.quote, s.inWord = r, true
	case r == ' ' || r == '\t' || r == '\n':
		s.end()
	default:
		s.put(r)
		return strings.ContainsRune("|&;<>`$", r)
	}
	return false
}

func (s *words) put(r rune) {
	s.inWord = true
	s.word.WriteRune(r)
}

func (s *words) end() {
	if s.inWord {
		s.list = append(s.list, s.word.String())
	}
	s.word.Reset()
	s.inWord = false
}
