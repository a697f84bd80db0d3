package password_test

import (
	"os"
	"path/filepath"
	"testing"

	"mlf/command/password"
)

func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAPasswordOfAFileLosesItsLineEnd(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		got, err := password.File(file(t, text)).Read()
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
	f("geheim", "geheim")
	f("geheim\n", "geheim")
	f("geheim\r\n", "geheim")
	f("geheim\n\n", "geheim\n")
	f(" geheim ", " geheim ")
	f("", "")
	f("\n", "")
}

// TestFilesAreThoseOfTheirDatabases: one is of all, several are in order.
func TestFilesAreThoseOfTheirDatabases(t *testing.T) {
	f := func(want string, place int, files ...string) {
		t.Helper()
		var all password.Files
		for _, one := range files {
			all = append(all, password.File(one))
		}
		if got := all.Of(place); string(got) != want {
			t.Errorf("%v of %d: got %q, want %q", files, place, got, want)
		}
	}
	f("", 0)
	f("", 1)
	f("a", 0, "a")
	f("a", 2, "a")
	f("a", 0, "a", "b")
	f("b", 1, "a", "b")
}
