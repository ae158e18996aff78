//go:build linux

// Package bench measures whole runs: their rate against a bare loop, and what fleets of a million cost in time and memory.
package bench

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// asChild makes the test binary a process of its own: the name of its part. Its arguments are JSON, on the command line.
const asChild = "SCMIGRATE_BENCH_CHILD"

// TestMain plays a part where a benchmark started this binary as a child.
func TestMain(m *testing.M) {
	part := os.Getenv(asChild)
	if part == "" {
		os.Exit(m.Run())
	}
	if err := play(part, []byte(os.Args[1])); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func play(part string, arguments []byte) error {
	switch part {
	case "simulator":
		return playSimulator(arguments)
	case "canned":
		return playCanned(arguments)
	case "stage":
		return playStage(arguments)
	}
	return errors.New("unknown part " + part)
}

func child(b *testing.B, part string, arguments any) *exec.Cmd {
	b.Helper()
	text, err := json.Marshal(arguments)
	if err != nil {
		b.Fatal(err)
	}
	binary, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(binary, string(text))
	cmd.Env = append(os.Environ(), asChild+"="+part)
	cmd.Stderr = os.Stderr
	return cmd
}

// startServer starts a child that serves until its standard input ends, and reads what it says first.
func startServer(b *testing.B, part string, arguments, says any) {
	b.Helper()
	cmd := child(b, part, arguments)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = stdin.Close(); _ = cmd.Wait() })
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, says)
	}
	if err != nil {
		b.Fatalf("%s: %v", part, err)
	}
}

// serve is the child's side of startServer.
func serve(handler http.Handler, say func(url string) any) error {
	server := httptest.NewServer(handler)
	defer server.Close()
	line, err := json.Marshal(say(server.URL))
	if err != nil {
		return err
	}
	if _, err := fmt.Println(string(line)); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// origins is the environment that sends every request to one address.
func origins(url string, more ...string) func(string) (string, bool) {
	env := map[string]string{}
	for _, host := range []string{"IAM", "VEHICLE_API", "API", "AUTH", "MANAGEMENT_API"} {
		env["SMARTCAR_"+host+"_ORIGIN"] = url
	}
	for _, pair := range more {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	return func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}
