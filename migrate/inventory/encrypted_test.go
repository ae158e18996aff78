package inventory

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// sealed is an inventory of n vehicles, encrypted, and the path of its key.
func sealed(t *testing.T, dir string, n int, armored bool) (path, key string) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	key, path = filepath.Join(dir, "key"), filepath.Join(dir, "inventory.age")
	var text, out bytes.Buffer
	text.WriteString("version: 1\nvehicles:\n")
	for i := range n {
		fmt.Fprintf(&text, "  - vehicleId: 36ab27d0-0000-4455-823a-%012d\n    accessToken: %s\n", i, tokenA)
	}
	var dst io.Writer = &out
	closeArmor := func() error { return nil }
	if armored {
		w := armor.NewWriter(&out)
		dst, closeArmor = w, w.Close
	}
	w, err := Encrypt(dst, []string{id.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write(text.Bytes())
	if err := errorsOf(err, w.Close(), closeArmor(), os.WriteFile(path, out.Bytes(), 0o600), os.WriteFile(key, []byte("# key\n"+id.String()+"\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	return path, key
}

func TestEncryptedInventoriesAreRead(t *testing.T) {
	for _, armored := range []bool{false, true} {
		dir := t.TempDir()
		path, key := sealed(t, dir, 3000, armored)
		f, err := Open(path, Options{AgeIdentityFile: key})
		if err != nil || f.Len() != 3000 || !f.Encrypted() {
			t.Fatalf("armoured %t: %v", armored, err)
		}
		seen := 0
		err = f.Each(t.Context(), func(e Entry) error {
			if seen++; seen%500 == 0 {
				if ref, err := f.TokenAt(e.Offset, e.Length); err != nil || ref.Kind() != KindLiteral {
					t.Errorf("%v %v", ref, err)
				}
			}
			return nil
		})
		if err != nil || seen != 3000 {
			t.Errorf("%d %v", seen, err)
		}
		_ = f.Close()
		text, _ := os.ReadFile(path)
		if f, err := Open("-", Options{Stdin: bytes.NewReader(text), AgeIdentityFile: key}); err != nil || f.Len() != 3000 {
			t.Errorf("from stdin: %v", err)
		}
		left, _ := filepath.Glob(filepath.Join(dir, "*"))
		if len(left) != 2 {
			t.Errorf("something was written: %v", left)
		}
	}
}

// TestATamperedFileIsRefused: age hands out what it has authenticated piece by piece, so the last byte matters.
func TestATamperedFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	path, key := sealed(t, dir, 3000, false)
	whole, _ := os.ReadFile(path)
	other, _ := age.GenerateX25519Identity()
	write := func(name string, text []byte) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	flipped := func(at int) []byte {
		text := bytes.Clone(whole)
		text[at] ^= 1
		return text
	}
	for _, c := range []struct{ reason, path, key, want string }{
		{"no key", path, "", ":1: the file is encrypted with age (set SCMIGRATE_AGE_IDENTITY_FILE"},
		{"the key's file is not there", path, filepath.Join(dir, "none"), "SCMIGRATE_AGE_IDENTITY_FILE: cannot read the file"},
		{"the key's file is something else", path, write("else", []byte("AGE-SECRET-KEY-1CANARY\n")), "holds no age identity"},
		{"another's key", path, write("other", []byte(other.String())), "no key of SCMIGRATE_AGE_IDENTITY_FILE opens the file"},
		{"the last byte", write("last", flipped(len(whole)-1)), key, "the encrypted file is damaged"},
		{"a byte in the middle", write("middle", flipped(len(whole)/2)), key, "cannot read the inventory"},
		{"cut off", write("cut", whole[:len(whole)-70_000]), key, "damaged"},
		{"damaged armour", write("armour", []byte(armorStart+"\ncanary!\n")), key, "the armour around the encrypted file is damaged"},
	} {
		f, err := Open(c.path, Options{AgeIdentityFile: c.key})
		if err == nil {
			_ = f.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(strings.ToLower(err.Error()), "canary") {
			t.Errorf("%s: %v", c.reason, err)
		}
	}
}

func TestCheckRecipients(t *testing.T) {
	id, _ := age.GenerateX25519Identity()
	if err := CheckRecipients([]string{id.Recipient().String()}); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "me@example.com", id.String()} {
		if err := CheckRecipients([]string{bad}); err == nil || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestAnEncryptedFileMayLieInARepository: that is what it is encrypted for.
func TestAnEncryptedFileMayLieInARepository(t *testing.T) {
	dir := t.TempDir()
	path, key := sealed(t, dir, 3, true)
	if err := errorsOf(os.Mkdir(filepath.Join(dir, ".git"), 0o700), os.Chmod(key, 0o644)); err != nil {
		t.Fatal(err)
	}
	c, err := Check(path, Options{AgeIdentityFile: key}, time.Now())
	if err != nil || c.GitTree != "" || c.Literals != 3 || !strings.Contains(said(c.Warnings), "its key may be read by others") {
		t.Errorf("%v %+v", err, c)
	}
}
