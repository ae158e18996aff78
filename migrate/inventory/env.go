package inventory

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"scmigrate/migrate/secret"
)

// maxSecretFile bounds what is read of a file that holds one secret, in bytes.
const maxSecretFile = 64 << 10

// SecretFromEnv gives the first secret found under names, each tried as NAME and then as NAME_FILE, the path of a file that
// holds it (CONTRACT §2), and which variable it came from. White space around it is cut off; a variable that is set but
// empty counts as not set. None found is the zero Secret, "" and no error. A file that cannot be read, is empty or holds
// more than one line is an error that names the variable, never the content.
func SecretFromEnv(getenv func(string) (string, bool), names ...string) (secret.Secret, string, error) {
	for _, name := range names {
		if value, _ := getenv(name); strings.TrimSpace(value) != "" {
			s, err := oneSecret(value, name)
			return s, name, err
		}
		path, _ := getenv(name + "_FILE")
		if path = strings.TrimSpace(path); path == "" {
			continue
		}
		value, err := readSmall(path)
		if err != nil {
			return secret.Secret{}, name + "_FILE", fmt.Errorf("%s_FILE: %w", name, err)
		}
		s, err := oneSecret(value, name+"_FILE")
		return s, name + "_FILE", err
	}
	return secret.Secret{}, "", nil
}

func oneSecret(value, name string) (secret.Secret, error) {
	value = strings.TrimSpace(strings.TrimPrefix(value, "\uFEFF"))
	if value == "" {
		return secret.Secret{}, fmt.Errorf("%s: the file is empty (it must hold the secret alone)", name)
	}
	if strings.ContainsFunc(value, unseen) {
		return secret.Secret{}, fmt.Errorf("%s: white space or a control character inside the secret (give the secret alone, on one line)", name)
	}
	return secret.New(value), nil
}

// readSmall reads a file that holds one value. Its error names the file's trouble, not the file's content.
func readSmall(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", cannotRead(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil {
		return "", cannotRead(err)
	}
	if len(text) > maxSecretFile {
		return "", errors.New("the file is larger than 64 KiB (it must hold one value alone)")
	}
	return string(text), nil
}

func cannotRead(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("cannot read the file: %w (check that it exists and may be read)", err)
}
