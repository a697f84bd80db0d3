package image

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestALicenceIsKnownByItsWords(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		if got := Identify([]byte(text)); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%q is %v: want %v", text, got, want)
		}
	}
	const bsd = "Redistribution and use in source and binary forms, with or\n// without modification, are permitted"
	const mit = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files"
	f("")
	f("All rights reserved.")
	f(bsd, "BSD-2-Clause")
	f(bsd+" … to endorse or promote products", "BSD-3-Clause")
	f(mit, "MIT")
	f("Apache License\n   Version 2.0, January 2004\n"+mit, "Apache-2.0", "MIT")
}

// TestWhatHasNoKnownLicenceIsRefused: nobody could say what may be passed on.
func TestWhatHasNoKnownLicenceIsRefused(t *testing.T) {
	f := func(file, text, want string) {
		t.Helper()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := (module{"example.org/a", "v1.0.0"}).read(map[string]bool{dir: true}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s %q: got %v, want %s", file, text, err, want)
		}
	}
	const mit = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files"
	f("README", mit, "no text in it that is known")
	f("LICENSE", "Do what you want.", "no text in it that is known")
	f("license.go", mit, "no text in it that is known")
	f("LICENSE", mit+" or the GNU Lesser General Public License", "one of GNU's")
	if _, err := (module{"example.org/a", "v1.0.0"}).read(nil); err == nil || !strings.Contains(err.Error(), "another source") {
		t.Errorf("a module that the source has not: %v", err)
	}
}
