package inventory

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// readable tells whether anybody but its owner may read the file, and its mode. Windows has no such modes.
func readable(path string) (mode string, open bool) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || runtime.GOOS == "windows" {
		return "", false
	}
	return fmt.Sprintf("%04o", info.Mode().Perm()), info.Mode().Perm()&0o044 != 0
}

// workTree gives the git work tree that path lies in, "" for none. A linked work tree has a file named .git. Whether git
// ignores the file is not asked: that would take running git on somebody's repository.
func workTree(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	for dir := filepath.Dir(abs); ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}
