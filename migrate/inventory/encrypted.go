package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// AgeIdentityVariable names the environment variable that names the file with the age identity (CONTRACT §2).
const AgeIdentityVariable = "SCMIGRATE_AGE_IDENTITY_FILE"

const armorStart = "-----BEGIN AGE ENCRYPTED FILE-----"

// encryptedKind tells age's two forms by how a file begins.
func encryptedKind(s source) (encrypted, armored bool) {
	head := make([]byte, len(armorStart))
	n, _ := s.ReadAt(head, 0)
	armored = string(head[:n]) == armorStart
	return armored || bytes.HasPrefix(head[:n], []byte("age-encryption.org/")), armored
}

// opened is the source as it is, or as it reads when decrypted: piece by piece, in memory alone, at the moment of reading.
// Each piece is authenticated before any of it is given out, and the first reading of an inventory goes to its end, so that
// a tampered file is refused before anything is sent.
func (s source) opened(identityFile string) (source, error) {
	encrypted, armored := encryptedKind(s)
	if !encrypted {
		return s, nil
	}
	if identityFile == "" {
		return s, s.refused("the file is encrypted with age", "set "+AgeIdentityVariable+" to the file that holds the key")
	}
	identities, err := readIdentities(identityFile)
	if err != nil {
		return s, fmt.Errorf("%s: %w", AgeIdentityVariable, err)
	}
	coded, size := s.ReaderAt, s.size
	if armored {
		raw, err := io.ReadAll(io.LimitReader(armor.NewReader(s.all()), maxWhole+1))
		if err != nil || len(raw) > maxWhole {
			return s, s.refused("the armour around the encrypted file is damaged, or the file is larger than 64 MiB", "a large inventory is encrypted without --armor")
		}
		coded, size = bytes.NewReader(raw), int64(len(raw))
	}
	plain, length, err := age.DecryptReaderAt(coded, size, identities...)
	if err != nil {
		return s, s.undecrypted(err)
	}
	s.ReaderAt, s.size, s.encrypted = plain, length, true
	return s, nil
}

func (s source) refused(message, hint string) error {
	return &Problems{List: []Problem{{File: s.name, Line: 1, Message: message, Hint: hint}}}
}

// undecrypted says why, in our own words.
func (s source) undecrypted(err error) error {
	if errors.As(err, new(*age.NoIdentityMatchError)) {
		return s.refused("no key of "+AgeIdentityVariable+" opens the file", "it was encrypted to others, or with a passphrase; encrypt it to this key's recipient, too")
	}
	return s.refused("the encrypted file is damaged", "decrypt it by hand to see: age -d -i KEY FILE")
}

func readIdentities(path string) ([]age.Identity, error) {
	text, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	list, err := age.ParseIdentities(strings.NewReader(text))
	if err != nil || len(list) == 0 { // age's error may quote the line
		return nil, errors.New("the file holds no age identity (a line AGE-SECRET-KEY-1…, as age-keygen writes it)")
	}
	return list, nil
}

// Encrypted tells whether the file is encrypted, so that nothing that is made of it may be written in plain text.
func (f *File) Encrypted() bool { return f.src.encrypted }

// CheckRecipients refuses what is not an age recipient.
func CheckRecipients(recipients []string) error {
	_, err := parseRecipients(recipients)
	return err
}

func parseRecipients(recipients []string) (list []age.Recipient, err error) {
	for _, text := range recipients {
		one, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil || len(one) != 1 { // a secret key may have been given in its place
			return nil, errors.New("not an age recipient (write age1…, which age-keygen -y shows for a key)")
		}
		list = append(list, one...)
	}
	return list, nil
}

// Encrypt gives a writer whose plain text goes to out encrypted to the recipients. Close ends the file.
func Encrypt(out io.Writer, recipients []string) (io.WriteCloser, error) {
	list, err := parseRecipients(recipients)
	if err != nil {
		return nil, err
	}
	return age.Encrypt(out, list...)
}

// identityReadable warns of a key that others may read.
func (w *watch) identityReadable(path string) {
	if mode, open := readable(path); open {
		w.note(0, complaint{"is encrypted, and its key may be read by others than its owner (mode " + mode + ")", "chmod 600 the file of " + AgeIdentityVariable})
	}
}
