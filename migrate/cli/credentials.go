package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"scmigrate/migrate/inventory"
	"scmigrate/migrate/secret"
)

// credentials are the application's, from the environment only.
type credentials struct {
	clientID string
	secrets  []secret.Secret
}

var uuidForm = regexp.MustCompile(`^(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// readCredentials takes the client id (SMARTCAR_V3_CLIENT_ID wins over the inventory's, that over SMARTCAR_CLIENT_ID) and
// up to three secrets, each also from a file. It refuses the Application ID before anything is sent.
func readCredentials(p Process, h inventory.Header) (credentials, error) {
	var c credentials
	var errs []error
	id, err := clientID(p, h)
	if err != nil {
		errs = append(errs, err)
	}
	switch {
	case uuidForm.MatchString(id):
		errs = append(errs, errors.New("the client id is a UUID: that is the Application ID, which the old SDKs keep under the same name; "+
			"take the v3 client id (client_…) from the dashboard, API Credentials, and set SMARTCAR_V3_CLIENT_ID"))
	case id == "" && err == nil:
		errs = append(errs, errors.New("no client id: set SMARTCAR_CLIENT_ID to the v3 client id (client_…)"))
	}
	c.clientID = id
	for _, suffix := range []string{"", "_2", "_3"} {
		s, _, err := inventory.SecretFromEnv(p.LookupEnv, "SMARTCAR_V3_CLIENT_SECRET"+suffix, "SMARTCAR_CLIENT_SECRET"+suffix)
		if err != nil {
			errs = append(errs, err)
		}
		if !s.IsZero() {
			c.secrets = append(c.secrets, s)
		}
	}
	if len(c.secrets) == 0 && len(errs) == 0 {
		errs = append(errs, errors.New("no client secret: set SMARTCAR_CLIENT_SECRET, or SMARTCAR_CLIENT_SECRET_FILE to a file that holds it"))
	}
	return c, errors.Join(errs...)
}

func clientID(p Process, h inventory.Header) (string, error) {
	if id := trimmedEnv(p, "SMARTCAR_V3_CLIENT_ID"); id != "" {
		return id, nil
	}
	if id, err := h.ResolveClientID(p.LookupEnv); id != "" || err != nil {
		return id, err
	}
	return trimmedEnv(p, "SMARTCAR_CLIENT_ID"), nil
}

func trimmedEnv(p Process, name string) string {
	value, _ := p.LookupEnv(name)
	return strings.TrimSpace(value)
}

// execAllowed tells whether token commands may run: an inventory from a pull request must not run code in CI.
func execAllowed(p Process) bool { return trimmedEnv(p, "SCMIGRATE_ALLOW_EXEC") == "1" }

// inventoryError is what is wrong with an inventory, or with reading it: found before anything was sent.
func inventoryError(err error) error {
	return usage(fmt.Errorf("the inventory was refused, nothing was sent:\n%w", err))
}
