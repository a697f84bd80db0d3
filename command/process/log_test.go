package process_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"mlf/command/process"
)

// TestLogSaysSeconds: whatever way a duration comes to the log.
func TestLogSaysSeconds(t *testing.T) {
	var out bytes.Buffer
	log, _ := process.NewLog(&out, slog.LevelInfo)
	log.With(slog.Duration("pause", time.Minute)).Info("part stopped",
		slog.Duration("took", 103564*time.Nanosecond), slog.Any("length", 1500*time.Millisecond),
		slog.Group("detail", slog.Duration("took", -time.Second)), slog.Int64("offset", 7))
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	delete(line, "time")
	got, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"detail":{"took_seconds":-1},"length_seconds":1.5,"level":"INFO","msg":"part stopped","offset":7,"pause_seconds":60,"took_seconds":0.000103564}`; string(got) != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// TestLogCountsItsMessages: what is written, whoever wrote it, from the start.
func TestLogCountsItsMessages(t *testing.T) {
	log, messages := process.NewLog(new(bytes.Buffer), slog.LevelInfo)
	f := func(debug, info, warn, err string) {
		t.Helper()
		want := "# HELP mlf_log_messages_total Messages on the log, by level. Errors are for people: read them; a jump of warnings is a neighbour in trouble.\n# TYPE mlf_log_messages_total counter\n"
		for level, n := range map[string]string{"debug": debug, "info": info, "warn": warn, "error": err} {
			want += `mlf_log_messages_total{level="` + level + `"} ` + n + "\n"
		}
		if err := testutil.CollectAndCompare(messages, strings.NewReader(want)); err != nil {
			t.Error(err)
		}
	}
	f("0", "0", "0", "0")
	log.Debug("not written")
	log.Info("once")
	log.With(slog.String("part", "x")).WithGroup("g").Warn("twice")
	log.Log(context.Background(), slog.LevelWarn+1, "twice") //nolint:forbidigo // No test of contexts.
	log.Error("once")
	f("0", "1", "2", "1")
}
