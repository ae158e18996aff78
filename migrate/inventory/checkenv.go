package inventory

import (
	"strings"
)

// envRow is a variable of CONTRACT §2 and what may be told from its value alone.
type envRow struct {
	name  string
	judge func(string) complaint
}

var envRows = []envRow{
	{"SMARTCAR_CLIENT_ID", clientIDComplaint}, {"SMARTCAR_V3_CLIENT_ID", clientIDComplaint},
	{"SMARTCAR_CLIENT_SECRET", clientSecretComplaint}, {"SMARTCAR_CLIENT_SECRET_2", clientSecretComplaint}, {"SMARTCAR_CLIENT_SECRET_3", clientSecretComplaint},
	{"SMARTCAR_V3_CLIENT_SECRET", clientSecretComplaint}, {"SMARTCAR_V3_CLIENT_SECRET_2", clientSecretComplaint}, {"SMARTCAR_V3_CLIENT_SECRET_3", clientSecretComplaint},
	{"SMARTCAR_LEGACY_CLIENT_ID", legacyClientComplaint}, {"SMARTCAR_LEGACY_CLIENT_SECRET", clientSecretComplaint},
	{"SMARTCAR_MANAGEMENT_TOKEN", managementComplaint},
}

// CheckEnv judges the credentials in the environment by their form: what is wrong, and what is worth a look. A variable
// that is not set is neither, for another command may need none of them.
func CheckEnv(getenv func(string) (string, bool)) (problems, warnings Problems) {
	for _, row := range envRows {
		path, _ := getenv(row.name + "_FILE")
		if mode, open := readable(strings.TrimSpace(path)); open && !strings.HasSuffix(row.name, "_ID") {
			warnings.Add(Problem{File: row.name + "_FILE", Message: "the file may be read by others than its owner (mode " + mode + ")", Hint: "chmod 600 it"})
		}
		text, from, err := envText(getenv, row.name)
		if err != nil {
			problems.Add(Problem{File: from, Message: err.Error()})
			continue
		}
		if text == "" {
			continue
		}
		if c := row.judge(text); !c.none() {
			problems.Add(Problem{File: from, Message: c.message, Hint: c.hint})
		}
	}
	return problems, warnings
}

func envText(getenv func(string) (string, bool), name string) (text, from string, err error) {
	if value, _ := getenv(name); strings.TrimSpace(value) != "" {
		return strings.TrimSpace(value), name, nil
	}
	path, _ := getenv(name + "_FILE")
	if path = strings.TrimSpace(path); path == "" {
		return "", name, nil
	}
	text, err = readSmall(path)
	return strings.TrimSpace(strings.TrimPrefix(text, "\uFEFF")), name + "_FILE", err
}

func isJWT(s string) bool { return strings.HasPrefix(s, "eyJ") && strings.Count(s, ".") >= 2 }

func clientIDComplaint(s string) complaint {
	switch {
	case uuidShape.MatchString(s):
		return complaint{"holds a UUID: that is the Application ID, which the old SDKs keep under the same name", "take the v3 client id (client_…) from the dashboard, API Credentials, and set SMARTCAR_V3_CLIENT_ID"}
	case isJWT(s):
		return complaint{"holds a JWT, as application tokens are", "it takes the client id (client_…); the application token is fetched by the run itself"}
	case !strings.HasPrefix(s, "client_"):
		return complaint{"does not start with client_", "take the client id from the dashboard, API Credentials"}
	}
	return plain(s, maxID)
}

func clientSecretComplaint(s string) complaint {
	switch {
	case isJWT(s):
		return complaint{"holds a JWT, as application tokens are", "it takes the client secret, which the dashboard shows once when it is made"}
	case strings.HasPrefix(s, "client_"):
		return complaint{"holds the client id", "it takes the client secret, which the dashboard shows once when it is made"}
	}
	return plain(s, maxToken)
}

func legacyClientComplaint(s string) complaint {
	if strings.HasPrefix(s, "client_") {
		return complaint{"holds the v3 client id", "it takes the Application ID, a UUID"}
	}
	return plain(s, maxID)
}

func managementComplaint(s string) complaint {
	if c := misplaced(s); !c.none() {
		return complaint{c.message, "it takes the application management token of the dashboard"}
	}
	return plain(s, maxToken)
}
