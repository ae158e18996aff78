package migrate

import (
	"strings"
	"sync"
)

// vins remembers the VINs that searches learned: a user whose cars all moved has as many orphans as lost cars. It holds
// one line per look of this process.
type vins struct {
	mu   sync.Mutex
	byID map[string]string
}

func (v *vins) get(vehicleID string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.byID[strings.ToLower(vehicleID)]
}

func (v *vins) put(vehicleID, vin string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.byID == nil {
		v.byID = map[string]string{}
	}
	v.byID[strings.ToLower(vehicleID)] = vin
}
