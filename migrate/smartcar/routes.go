package smartcar

// route is one request that may leave the process. A path segment in braces stands for one id, which must be a single,
// plainly written segment (segment.go). A query parameter that is not named here is refused: no server may be talked
// into another method by one.
type route struct {
	host   Host
	method string
	path   string
	query  []string
	body   func(contentType string, body []byte) error // nil: no body allowed
}

// routes is the whole allow-list: every read of smartcar-v3.md §4, smartcar-v2.md §2, the token endpoint of §2
// there, and the batch of reads. The endpoint paths below a v2 vehicle are added from legacyReads.
var routes = append([]route{
	{HostIAM, "POST", "/oauth2/token", nil, clientCredentialsOnly},

	{HostApp, "GET", "/v3/connections", []string{"filter[userId]", "filter[vehicleId]", "filter[vehicle.mode]", "page[number]", "page[size]"}, nil},
	{HostApp, "GET", "/v3/connections/{connection}", nil, nil},
	{HostApp, "GET", "/v3/vehicles", nil, nil},
	{HostApp, "GET", "/v3/vehicles/{vehicle}", nil, nil},
	{HostApp, "GET", "/v3/vehicles/{vehicle}/signals", nil, nil},
	{HostApp, "GET", "/v3/vehicles/{vehicle}/signals/{signal}", nil, nil},

	{HostLegacy, "GET", "/v2.0/user", nil, nil},
	{HostLegacy, "GET", "/v2.0/vehicles", []string{"limit", "offset"}, nil},
	{HostLegacy, "GET", "/v2.0/vehicles/{vehicle}", nil, nil},
	{HostLegacy, "POST", "/v2.0/vehicles/{vehicle}/batch", nil, readsOnly},
}, legacyRoutes()...)

// refreshRoute is added only with Options.AllowRefresh: it spends the owner's refresh token (smartcar-v2.md §1.2).
var refreshRoute = route{HostAuth, "POST", "/oauth/token", nil, refreshOnly}

// managementRoute is added only with Options.ManagementToken (smartcar-v2.md §7). The same path under DELETE disconnects users.
var managementRoute = route{HostManagement, "GET", "/v2.0/management/connections", []string{"limit", "cursor", "mode"}, nil}

// legacyReads are the GET endpoints below /v2.0/vehicles/{id} (smartcar-v2.md §2.2, §2.4), with their query parameters.
// The same path with another method is often a command (§2.6). "/" is the vehicle itself.
var legacyReads = map[string][]string{
	"/":                          nil,
	"/permissions":               {"limit", "offset"},
	"/vin":                       nil,
	"/odometer":                  nil,
	"/location":                  nil,
	"/battery":                   nil,
	"/battery/capacity":          nil,
	"/battery/nominal_capacity":  nil,
	"/charge":                    nil,
	"/charge/limit":              nil,
	"/fuel":                      nil,
	"/engine/oil":                nil,
	"/tires/pressure":            nil,
	"/security":                  nil,
	"/diagnostics/system_status": nil,
	"/diagnostics/dtcs":          nil,
	"/service/history":           {"start_date", "end_date"},

	"/audi/charge":                      nil,
	"/bmw/charge/records":               {"startDate", "endDate"},
	"/mini/charge/records":              {"startDate", "endDate"},
	"/ford/charge/schedule_by_location": nil, "/lincoln/charge/schedule_by_location": nil,
	"/cadillac/charge/completion": nil, "/chevrolet/charge/completion": nil, "/tesla/charge/completion": nil,
	"/cadillac/charge/voltmeter": nil, "/chevrolet/charge/voltmeter": nil, "/tesla/charge/voltmeter": nil,
	"/nissan/charge/schedule":       nil,
	"/tesla/charge":                 nil,
	"/tesla/battery":                nil,
	"/tesla/attributes":             nil,
	"/tesla/charge/ammeter":         nil,
	"/tesla/charge/wattmeter":       nil,
	"/tesla/charge/schedule":        nil,
	"/tesla/charge/records":         {"page", "startDate", "endDate"},
	"/tesla/charge/records/billing": {"page", "startDate", "endDate"},
	"/tesla/climate/cabin":          nil,
	"/tesla/climate/defroster":      nil,
	"/tesla/climate/steering_wheel": nil,
	"/tesla/compass":                nil,
	"/tesla/speedometer":            nil,
	"/tesla/thermometer/exterior":   nil,
	"/tesla/thermometer/interior":   nil,
	"/tesla/alerts":                 nil,
	"/tesla/status":                 nil,
	"/tesla/virtual_key":            nil,
	"/tesla/migration":              nil,
	"/tesla/user/access":            nil,
	"/tesla/user/info":              nil,
}

func legacyRoutes() []route {
	var rows []route
	for path, query := range legacyReads {
		if path != "/" {
			rows = append(rows, route{HostLegacy, "GET", "/v2.0/vehicles/{vehicle}" + path, query, nil})
		}
	}
	return rows
}
