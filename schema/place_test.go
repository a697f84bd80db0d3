package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"mlf/schema"
)

func TestParseComune(t *testing.T) {
	f := func(code string, want schema.ComuneID) {
		t.Helper()
		got, err := schema.ParseComune(code)
		if (err != nil) != (want == 0) || got != want {
			t.Errorf("%q: got %d, error %v, want %d", code, got, err, want)
		}
		if err == nil && got.String() != code {
			t.Errorf("%q: written as %q", code, got)
		}
	}
	f("058091", 58091)
	f("001001", 1001)
	f("999999", 999999)

	f("58091", 0)
	f("0058091", 0)
	f("000000", 0)
	f("+58091", 0)
	f("-58091", 0)
	f("05809a", 0)
	f(" 58091", 0)
	f("", 0)
	f("٠٥٨٠٩١", 0) // Other digits.
}

func TestComuneInJSON(t *testing.T) {
	b, err := json.Marshal(schema.ComuneID(1001))
	if err != nil || string(b) != `"001001"` {
		t.Errorf("got %s, error %v, want \"001001\"", b, err)
	}
	var c schema.ComuneID
	if err := json.Unmarshal(b, &c); err != nil || c != 1001 {
		t.Errorf("got %v, error %v, want 001001", c, err)
	}
	if err := json.Unmarshal([]byte(`1001`), &c); err == nil {
		t.Error("a number without its zeros was taken")
	}
}

func TestParseProvinceAndRegion(t *testing.T) {
	if got := schema.ComuneID(58091).Province(); got != 58 || got.String() != "058" {
		t.Errorf("province of 058091: got %v, want 058", got)
	}
	province := func(code string, want schema.ProvinceID) {
		t.Helper()
		if got, err := schema.ParseProvince(code); (err != nil) != (want == 0) || got != want {
			t.Errorf("%q: got %v, error %v, want %v", code, got, err, want)
		}
	}
	province("058", 58)
	province("111", 111)
	province("58", 0)
	province("000", 0)
	province("+58", 0)
	province("0058", 0)

	region := func(code string, want schema.RegionID) {
		t.Helper()
		got, err := schema.ParseRegion(code)
		if (err != nil) != (want == 0) || got != want {
			t.Errorf("%q: got %v, error %v, want %v", code, got, err, want)
		}
		if err == nil && got.String() != code {
			t.Errorf("%q: written as %q", code, got)
		}
	}
	region("12", 12)
	region("01", 1)
	region("1", 0)
	region("00", 0)
	region("012", 0)
}

func TestParseOffice(t *testing.T) {
	f := func(code string, ok bool) {
		t.Helper()
		got, err := schema.ParseOffice(code)
		if (err == nil) != ok || ok && string(got) != code || !ok && got != "" {
			t.Errorf("%q: got %q, error %v", code, got, err)
		}
	}
	f("", true)
	f("municipio-1", true)
	f("Sede_Nord.2", true)
	f(strings.Repeat("a", schema.OfficeCodeMax), true)

	f(strings.Repeat("a", schema.OfficeCodeMax+1), false)
	f("sede nord", false)
	f("città", false)
	f("a/b", false)
	f("a\x00", false)
}
