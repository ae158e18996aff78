package migrate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate/inventory"
	"scmigrate/migrate/secret"
	"scmigrate/migrate/smartcar"
)

// fakeCaller answers the calls of one vehicle without a network. It keeps what was called and fails the test when two
// calls of one leg are in flight together.
type fakeCaller struct {
	t       *testing.T
	batch   func(token string, paths []string) smartcar.Answer
	get     func(path string) smartcar.Answer
	user    func() smartcar.Answer
	opaque  func(token string) smartcar.Answer
	signals func() smartcar.Answer
	signal  func(code string) smartcar.Answer
	look    func(id, user string) smartcar.Answer // a single signal of another vehicle; nil: that fails the test
	hold    func(ctx context.Context, leg string) // called while a call is in flight

	mu     sync.Mutex
	calls  []string // "batch TOKEN", "get /odometer", "user TOKEN", "signals USER", "signal CODE"
	flying map[string]int
}

func (f *fakeCaller) call(ctx context.Context, leg, what string, answer func() smartcar.Answer) (smartcar.Answer, error) {
	f.mu.Lock()
	f.calls = append(f.calls, what)
	f.flying[leg]++
	if f.flying[leg] > 1 {
		f.t.Errorf("two calls in flight on the %s leg at %q", leg, what)
	}
	f.mu.Unlock()
	if f.hold != nil {
		f.hold(ctx, leg)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flying[leg]--
	a := answer()
	a.Attempts = 1
	return a, ctx.Err()
}

// tokened resolves the token as the client does: when the request is about to leave.
func (f *fakeCaller) tokened(ctx context.Context, token smartcar.TokenFunc, do func(plain string) (smartcar.Answer, error)) (smartcar.Answer, error) {
	s, err := token(ctx)
	if err != nil {
		return smartcar.Answer{}, fmt.Errorf("no token: %w", err)
	}
	return do(s.Reveal())
}

func (f *fakeCaller) BatchFrom(ctx context.Context, id string, token smartcar.TokenFunc, paths []string) (smartcar.Answer, error) {
	f.wantCar(id)
	return f.tokened(ctx, token, func(plain string) (smartcar.Answer, error) {
		return f.call(ctx, "legacy", "batch "+plain, func() smartcar.Answer { return f.batch(plain, paths) })
	})
}

func (f *fakeCaller) LegacyGetFrom(ctx context.Context, id, path string, token smartcar.TokenFunc) (smartcar.Answer, error) {
	f.wantCar(id)
	return f.tokened(ctx, token, func(string) (smartcar.Answer, error) {
		return f.call(ctx, "legacy", "get "+path, func() smartcar.Answer { return f.get(path) })
	})
}

func (f *fakeCaller) LegacySignalsFrom(ctx context.Context, id, user string, token smartcar.TokenFunc) (smartcar.Answer, error) {
	f.wantCar(id)
	return f.tokened(ctx, token, func(plain string) (smartcar.Answer, error) {
		return f.call(ctx, "legacy", "opaque "+plain+" "+user, func() smartcar.Answer { return f.opaque(plain) })
	})
}

func (f *fakeCaller) LegacyUserFrom(ctx context.Context, token smartcar.TokenFunc) (smartcar.Answer, error) {
	return f.tokened(ctx, token, func(plain string) (smartcar.Answer, error) {
		return f.call(ctx, "legacy", "user "+plain, f.user)
	})
}

func (f *fakeCaller) Signals(ctx context.Context, id, user string) (smartcar.Answer, error) {
	f.wantCar(id)
	return f.call(ctx, "app", "signals "+user, f.signals)
}

func (f *fakeCaller) Signal(ctx context.Context, id, user, code string) (smartcar.Answer, error) {
	if f.look != nil && id != carID && code == vinSignal {
		return f.call(ctx, "app", "look "+id, func() smartcar.Answer { return f.look(id, user) })
	}
	f.wantCar(id)
	return f.call(ctx, "app", "signal "+code, func() smartcar.Answer { return f.signal(code) })
}

func (f *fakeCaller) wantCar(id string) {
	if id != carID {
		f.t.Errorf("a call for vehicle %q", id)
	}
}

// sent are the calls whose words begin so.
func (f *fakeCaller) sent(prefix string) []string {
	return slices.DeleteFunc(slices.Clone(f.calls), func(c string) bool { return !strings.HasPrefix(c, prefix) })
}

// fakeTokens hands out the tokens of a list: the first at first, the next one each time the current one was refused.
type fakeTokens struct {
	mu     sync.Mutex
	tokens []inventory.Token
	err    error
	asked  int
}

func (s *fakeTokens) Token(_ context.Context, r inventory.TokenRequest) (inventory.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.err != nil {
		return inventory.Token{}, s.err
	}
	if !r.After.IsZero() && len(s.tokens) > 1 && r.After.Equal(s.tokens[0].Secret) {
		s.tokens = s.tokens[1:]
	}
	return s.tokens[0], nil
}

func aToken(plain string) inventory.Token { return inventory.Token{Secret: secret.New(plain)} }

// answered is a 200 with this body.
func answered(body any) smartcar.Answer {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return smartcar.Answer{Status: http.StatusOK, Header: http.Header{}, Body: text, RequestID: "r-" + fmt.Sprint(len(text)), FetchedAt: noon}
}

// refused is an error answer as the client makes it of Smartcar's body.
func refused(status int, kind, code string) smartcar.Answer {
	body, err := json.Marshal(map[string]any{"type": kind, "code": code, "statusCode": status, "description": "prose that is never kept"})
	if err != nil {
		panic(err)
	}
	failure := compare.DecodeFailure(status, http.Header{}, body, noon)
	return smartcar.Answer{Status: status, Header: http.Header{}, Body: body, Failure: &failure, FetchedAt: noon}
}

// legacyBodies are what a healthy car's v2 endpoints say.
var legacyBodies = map[string]any{
	"/": map[string]any{"id": carID, "make": "TESLA", "model": "Model S", "year": 2014}, "/vin": map[string]any{"vin": carVIN},
	"/odometer": map[string]any{"distance": 62000}, "/fuel": map[string]any{"range": 410, "percentRemaining": 0.5}, "/tires/pressure": map[string]any{"frontLeft": 240, "frontRight": 240, "backLeft": 240, "backRight": 240},
}

// item is one entry of a batch answer; failing has the error type by path, or "" for every live path under "*".
func item(path string, failing map[string]string) map[string]any {
	kind, bad := failing[path]
	if all, ok := failing["*"]; ok && path != "/" && path != "/vin" {
		kind, bad = all, true
	}
	if bad {
		status := map[string]int{"CONNECTED_SERVICES_ACCOUNT": 400, "RATE_LIMIT": 429, "UPSTREAM": 502, "PERMISSION": 403, "COMPATIBILITY": 501}[kind]
		return map[string]any{"path": path, "code": status, "body": map[string]any{"type": kind, "code": nil, "statusCode": status}}
	}
	if body, ok := legacyBodies[path]; ok {
		return map[string]any{"path": path, "code": 200, "body": body, "headers": map[string]any{"sc-data-age": noon.Format(time.RFC3339)}}
	}
	return map[string]any{"path": path, "code": 501, "body": map[string]any{"type": "COMPATIBILITY", "code": "VEHICLE_NOT_CAPABLE", "statusCode": 501}}
}

func batchAnswer(paths []string, failing map[string]string) smartcar.Answer {
	items := []any{}
	for _, p := range paths {
		items = append(items, item(p, failing))
	}
	return answered(map[string]any{"responses": items})
}

// signalBodies are what a healthy car's v3 store holds.
var signalBodies = map[string]any{
	"vehicleidentification-vin":          map[string]any{"value": carVIN},
	"odometer-traveleddistance":          map[string]any{"value": 62000, "unit": "km"},
	"internalcombustionengine-fuellevel": map[string]any{"value": 50, "unit": "percent"},
	"internalcombustionengine-range":     map[string]any{"value": 410, "unit": "km"},
}

// aSignal is one signal; kind is the error type, "" for success.
func aSignal(code, kind string) map[string]any {
	status := map[string]any{"value": "SUCCESS"}
	if kind != "" {
		status = map[string]any{"value": "ERROR", "error": map[string]any{"type": kind}}
	}
	return map[string]any{"id": code, "type": "signal", "attributes": map[string]any{"code": code, "status": status, "body": signalBodies[code]},
		"meta": map[string]any{"oemUpdatedAt": noon.Format(time.RFC3339)}}
}

// signalsAnswer holds the store's signals but those left out, and says the store's size in total.
func signalsAnswer(car string, total int, failing map[string]string, leftOut ...string) smartcar.Answer {
	data := []any{}
	for _, code := range []string{"vehicleidentification-vin", "odometer-traveleddistance", "internalcombustionengine-fuellevel", "internalcombustionengine-range"} {
		if !slices.Contains(leftOut, code) {
			data = append(data, aSignal(code, failing[code]))
		}
	}
	return answered(map[string]any{"data": data, "meta": map[string]any{"totalCount": total},
		"included": map[string]any{"vehicle": map[string]any{"id": car, "attributes": map[string]any{"make": "TESLA", "model": "Model S", "year": 2014}}}})
}

// aMeter measures vin, odometer and fuel on a healthy car, until a test says otherwise.
func aMeter(t *testing.T) (*Meter, *fakeCaller, *fakeTokens) {
	t.Helper()
	caller := &fakeCaller{t: t, flying: map[string]int{},
		batch:   func(_ string, paths []string) smartcar.Answer { return batchAnswer(paths, nil) },
		get:     func(path string) smartcar.Answer { return answered(legacyBodies[path]) },
		user:    func() smartcar.Answer { return answered(map[string]any{"id": userID}) },
		opaque:  func(string) smartcar.Answer { return signalsAnswer(carID, 4, nil) },
		signals: func() smartcar.Answer { return signalsAnswer(carID, 4, nil) },
		signal:  func(code string) smartcar.Answer { return answered(map[string]any{"data": aSignal(code, "")}) },
	}
	tokens := &fakeTokens{tokens: []inventory.Token{aToken("first-token-0001")}}
	fields, err := compare.Select("vin,odometer.distance,fuel.range,fuel.percentRemaining")
	if err != nil {
		t.Fatal(err)
	}
	return &Meter{Caller: caller, Tokens: tokens, Fields: fields, Now: func() time.Time { return noon }, Legs: "both", Billed: 60}, caller, tokens
}

// errDisk stands for trouble of the tool itself.
var errDisk = errors.New("disk full")

// AppToken is always there.
func (f *fakeCaller) AppToken(context.Context) error { return nil }
