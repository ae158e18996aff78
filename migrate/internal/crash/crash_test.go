package crash

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestAPanicBecomesAnErrorWithoutItsValue(t *testing.T) {
	const canary = "c4n4ry-in-a-panic"
	for name, do := range map[string]func() error{
		"text":     func() error { panic(canary) },
		"an error": func() error { panic(errors.New(canary)) },
		"wrapped":  func() error { panic(fmt.Errorf("parse %s", canary)) },
		"a struct": func() error { panic(struct{ token string }{canary}) },
	} {
		err := Do(do)
		if trouble := (*Error)(nil); !errors.As(err, &trouble) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.Contains(err.Error(), canary) || !strings.Contains(err.Error(), "crash_test.go") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatTheRuntimeSaysIsTold(t *testing.T) {
	var list []int
	err := Do(func() error { return fmt.Errorf("%d", list[3]) })
	if err == nil || !strings.Contains(err.Error(), "index out of range [3] with length 0") {
		t.Errorf("%v", err)
	}
}

func TestWithoutAPanicNothingChanges(t *testing.T) {
	want := errors.New("as it was")
	if err := Do(func() error { return want }); !errors.Is(err, want) {
		t.Error(err)
	}
	if err := Do(func() error { return nil }); err != nil {
		t.Error(err)
	}
}
