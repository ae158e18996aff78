package cli

import (
	"cmp"
	"fmt"

	ucli "github.com/urfave/cli/v2"

	"scmigrate/migrate"
)

const legacyAPIName = "legacy-api"

func legacyAPIFlag() ucli.Flag {
	return text(legacyAPIName, migrate.LegacyV2, "the `API` of the legacy leg: v2 (batch), v3 (the app leg's own endpoint, with the opaque token; compares --fields all unless told otherwise), none (after the cut-over: against --baseline)")
}

// checkLegacyAPI takes the API of the legacy leg. Where both legs are v3 each answers with everything at the price of one
// read, so everything is compared unless --fields says otherwise.
func (o *options) checkLegacyAPI() error {
	o.legacyAPI = cmp.Or(o.legacyAPI, migrate.LegacyV2)
	switch o.legacyAPI {
	case migrate.LegacyV2:
	case migrate.LegacyV3:
		if !o.fieldsGiven {
			o.fieldSpec = "all"
		}
	case migrate.LegacyNone:
	default:
		return fmt.Errorf("--legacy-api %q: choose v2, v3 or none", o.legacyAPI)
	}
	return o.checkBaseline()
}

// others tells whether the signals that no field of the catalogue reads are compared too: a list of fields means just those.
func (o *options) others() bool { return o.legacyAPI == migrate.LegacyV3 && o.fieldSpec == "all" }

// sameLegacyAPI refuses a ledger whose legacy leg was measured on another API: its vehicles would be of two kinds.
func (o *options) sameLegacyAPI(begun string) error {
	if begun := cmp.Or(begun, migrate.LegacyV2); begun != o.legacyAPI {
		return usagef("%s was begun with --legacy-api %s: use the same, or a new -o DIR", o.out, begun)
	}
	return nil
}
