package inventory

import (
	"cmp"
	"errors"
	"os"
	"time"
)

// Checkup is everything that can be known about an inventory without sending anything.
type Checkup struct {
	Name     string   // of the file, for messages
	Problems Problems // what a run would refuse (exit 2)
	Warnings Problems // what a run would take, and is worth a look all the same; one line for each kind
	Vehicles int      // rows, faulty ones too
	NoUser   int      // rows without a userId
	Literals int      // tokens that stand in the file itself
	GitTree  string   // the git work tree that literal tokens lie in, of the file itself or of one that it names; "" for none
}

// Check reads the inventory at path as Open does, runs nothing, and keeps nothing of it. It judges times against now. The
// error is for a file that cannot be read at all; what is wrong with its content is in the Checkup. No text of it holds a
// value of the file.
func Check(path string, o Options, now time.Time) (*Checkup, error) {
	if o.Getenv == nil {
		o.Getenv = os.LookupEnv
	}
	o.AllowExec, o.KeepGoing, o.watch = true, false, newWatch(now)
	c := &Checkup{Name: path}
	src, err := openSource(path, o)
	if err == nil {
		defer func() { _ = src.close() }()
		c.Name, o.watch.dir = src.name, src.dir
		if err = c.read(src, o); src.encrypted {
			o.watch.identityReadable(o.AgeIdentityFile)
		}
	}
	if problems := (*Problems)(nil); errors.As(err, &problems) {
		c.Problems, err = *problems, nil
	}
	if err != nil {
		return nil, err
	}
	c.Vehicles, c.NoUser, c.Literals = o.watch.rows, o.watch.noUser, o.watch.literals
	c.GitTree = o.watch.tree
	if path != "-" {
		c.place(path, src.encrypted, o.watch)
	}
	c.Warnings.Add(o.watch.problems(c.Name)...)
	return c, nil
}

func (c *Checkup) read(src source, o Options) error {
	f, err := read(src, o)
	if err != nil {
		return err
	}
	o.watch.header(f)
	return nil
}

// place warns of where the file lies and of who may read it.
func (c *Checkup) place(path string, encrypted bool, w *watch) {
	if mode, open := readable(path); open {
		w.note(0, complaint{"may be read by others than its owner (mode " + mode + ")", "chmod 600 " + path})
	}
	if c.Literals == 0 || encrypted {
		return
	}
	if tree := workTree(path); tree != "" {
		c.GitTree = tree
		w.note(cmp.Or(w.literalLine, 1), complaint{"holds tokens inside a git work tree", "git check-ignore -v tells whether git leaves the file alone, git log --all -- FILE whether it was ever committed; keep it outside, or use ${NAME}, file: or a token command"})
	}
}

// RotationSteps says what to do about secrets that others may have seen, in the order of Smartcar's own advice (API
// Authentication FAQ, Security).
func RotationSteps() []string {
	return []string{
		"generate a new API credential at once, in Smartcar's dashboard under API Credentials (up to three secrets live side by side)",
		"make your application use the new secret",
		"delete the compromised secret",
		"look through the audit trail for calls that are not yours (every token request is logged)",
		"the owners' own tokens: refresh each pair, which retires its refresh token; an access token dies two hours after it was made",
		"take the file out of the repository and its history: a deletion in a later commit leaves it readable",
	}
}
