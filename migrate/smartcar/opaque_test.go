package smartcar

import "testing"

// TestAnOpaqueTokenOnV3 counts as the legacy leg, and its refusal renews no application token.
func TestAnOpaqueTokenOnV3(t *testing.T) {
	var log calls
	w := serving(always(401, unauthorized))
	c := newTestClient(t, w, func(o *Options) { o.OnCall = log.add })
	a, err := c.LegacySignalsFrom(t.Context(), "v-1", "u-1", constant(legacyToken()))
	if err != nil || a.Status != 401 || a.Failure == nil {
		t.Fatalf("%v %+v", err, a)
	}
	if iam := w.seen(true); len(iam) != 0 {
		t.Errorf("the token endpoint was asked: %+v", iam)
	}
	if len(log.all) != 1 || log.all[0].Host != HostLegacy || log.all[0].Path != "/v3/vehicles/v-1/signals" {
		t.Errorf("the audit trail says %+v", log.all)
	}
}
