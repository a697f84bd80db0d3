package store

import "testing"

// TestInsertsAreNeitherBufferedNorDropped: an acknowledged insert is in the table,
// whatever the server's default and whatever was inserted before.
func TestInsertsAreNeitherBufferedNorDropped(t *testing.T) {
	for _, dsn := range []string{"clickhouse://a:9000", "clickhouse://a:9000/mlf?async_insert=1&insert_deduplicate=1"} {
		opt, _, err := options(dsn)
		if err != nil {
			t.Fatal(err)
		}
		for _, setting := range []string{"async_insert", "insert_deduplicate"} {
			if got := opt.Settings[setting]; got != 0 {
				t.Errorf("%s: got %s=%v, want 0", dsn, setting, got)
			}
		}
	}
}
