package compare

// kindTable decides what a failure means by Smartcar's type and code, never by status alone: CONNECTED_SERVICES_ACCOUNT
// is a 400 like VALIDATION (smartcar-v2.md §5, smartcar-v3.md §7.2). The row with an empty code is the type's rest.
var kindTable = map[string]map[string]Kind{
	"AUTHENTICATION": {"": KindUnauthorized, "ACCESS_DENIED": KindForbidden},
	"PERMISSION":     {"": KindNotPermitted},
	"VALIDATION":     {"": KindInvalid},
	"RESOURCE_NOT_FOUND": {
		"": KindNotFound,
	},
	"CONNECTED_SERVICES_ACCOUNT": {
		"":                KindReauth, // ACCOUNT_ISSUE, AUTHENTICATION_FAILED, PERMISSION, SUBSCRIPTION, VIRTUAL_KEY_REQUIRED: the owner must act
		"NO_VEHICLES":     KindGone,
		"VEHICLE_MISSING": KindGone,
	},
	"VEHICLE_STATE": {
		"":                            KindVehicleState,
		"NOT_CHARGING":                KindNotApplicable,
		"CHARGING_PLUG_NOT_CONNECTED": KindNotApplicable,
		"FULLY_CHARGED":               KindNotApplicable,
	},
	"RATE_LIMIT": {"": KindAppLimit, "VEHICLE": KindVehicleLimit},
	"BILLING":    {"": KindPlan, "VEHICLE_REQUEST_LIMIT": KindQuota},
	"SERVER": {
		"":                       KindUpstream,
		"RECORD_NOT_FOUND":       KindNotCapable, // "not retryable": Smartcar does not know this car's battery
		"MULTIPLE_RECORDS_FOUND": KindNotCapable,
	},
	"COMPATIBILITY": {"": KindNotCapable},
	"UPSTREAM":      {"": KindUpstream},
}

// codeTable serves bodies without a type: the oldest v3 texts and OAuth (smartcar-v3.md §2, §7.1).
var codeTable = map[string]Kind{
	"UNAUTHORIZED": KindUnauthorized, "INVALID_CLIENT": KindUnauthorized, "INVALID_TOKEN": KindUnauthorized,
	"FORBIDDEN": KindForbidden, "ACCESS_DENIED": KindForbidden, "PERMISSION_DENIED": KindNotPermitted,
	"NOT_FOUND": KindNotFound, "VEHICLE_NOT_FOUND": KindNotFound, "SIGNAL_NOT_FOUND": KindNotFound, "INVALID_PATH": KindNotFound,
	"BAD_REQUEST": KindInvalid, "INVALID_REQUEST": KindInvalid, "MISSING_PARAMETER": KindInvalid,
	"AUTHENTICATION_FAILED": KindReauth, "ACCOUNT_ISSUE": KindReauth, "VIRTUAL_KEY_REQUIRED": KindReauth, "SUBSCRIPTION": KindReauth,
	"VEHICLE_MISSING": KindGone, "NO_VEHICLES": KindGone,
	"INTERNAL_ERROR": KindUpstream, "INTERNAL_SERVER_ERROR": KindUpstream,
}

// statusTable is the last resort, for bodies that say nothing.
var statusTable = map[int]Kind{
	400: KindInvalid, 401: KindUnauthorized, 403: KindForbidden, 404: KindNotFound, 409: KindVehicleState, 410: KindNotFound,
	422: KindInvalid, 429: KindAppLimit, 430: KindPlan, 501: KindNotCapable,
}

// kindOf classifies by type and code, then by code alone, then by status.
func kindOf(f Failure) Kind {
	if codes, ok := kindTable[f.Type]; ok {
		if k, ok := codes[f.Code]; ok {
			return k
		}
		return codes[""]
	}
	if k, ok := codeTable[f.Code]; ok {
		return k
	}
	if k, ok := statusTable[f.Status]; ok {
		return k
	}
	if f.Status >= 500 {
		return KindUpstream
	}
	return KindMalformed
}
