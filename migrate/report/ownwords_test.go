package report

import "testing"

func TestOwnNamesAreMembers(t *testing.T) {
	for of, names := range ownNames {
		for _, name := range names {
			if _, ok := of.FieldByName(name); !ok {
				t.Errorf("%s has no member %s", of.Name(), name)
			}
		}
	}
}
