package browser

import (
	"fmt"
	"os"
	"testing"
)

// axeFinding is one rule of axe-core that the page breaks.
type axeFinding struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Where  string `json:"where"`
}

// TestAccessible: axe-core finds nothing serious or critical, with and without an open vehicle, in both colour schemes, wide
// and narrow.
func TestAccessible(t *testing.T) {
	path := os.Getenv("AXE_CORE")
	if path == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("AXE_CORE is not set: it is the path of axe.min.js of npm's axe-core, which .ci/run fetches")
		}
		t.Log("not looked at: AXE_CORE is not set")
		return
	}
	axe, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file := written(t, fleet(60, ""))
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1200, 430} {
			for _, fragment := range []string{"", "#vehicle=" + vehicleID(20)} {
				t.Run(fmt.Sprint(scheme, width, fragment), func(t *testing.T) {
					b := newTab(t, width, scheme)
					b.open(file, fragment)
					b.run(`document.querySelectorAll("details").forEach(d => { d.open = true; })`)
					b.run(string(axe))
					for _, f := range value[[]axeFinding](b, `axe.run().then(r => { if (!r.passes.length) throw new Error("axe looked at nothing");
						return r.violations.map(v => ({id: v.id, impact: v.impact, help: v.help, where: v.nodes.slice(0, 3).map(n => n.html.slice(0, 120)).join(" ")})); })`) {
						say := t.Errorf
						if f.Impact != "serious" && f.Impact != "critical" {
							say = t.Logf
						}
						say("%s %s: %s: %s", f.Impact, f.ID, f.Help, f.Where)
					}
				})
			}
		}
	}
}
