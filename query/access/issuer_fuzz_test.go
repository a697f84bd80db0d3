package access_test

import (
	"testing"

	"mlf/query/access"
)

// FuzzTokensOfNobody: whatever is sent without a key of the issuer is nobody's token.
func FuzzTokensOfNobody(f *testing.F) {
	path := f.TempDir() + "/keys.json"
	writeKeys(f, path, edKey(f, "a"))
	a, err := access.New(access.Config{Issuer: issuerURL, Audience: audience, KeysFile: path})
	if err != nil {
		f.Fatal(err)
	}
	stranger := edKey(f, "a")
	f.Add("Bearer " + stranger.token(f, claims(nil), nil))
	f.Add("Bearer eyJhbGciOiJub25lIn0.e30.")
	f.Add("bearer a.b.c")
	f.Add("Bearer \x00")
	f.Fuzz(func(t *testing.T, field string) {
		r := request(t, field)
		if id, err := a.Identify(r.WithContext(canceled(t))); id.Role != access.Public || id.Subject != "" {
			t.Errorf("%q: got %+v, %v", field, id, err)
		}
	})
}
