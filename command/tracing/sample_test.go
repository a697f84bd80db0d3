package tracing

import (
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// TestTraceparentIsReadAsOthersDo compares with OpenTelemetry's own reader.
func TestTraceparentIsReadAsOthersDo(t *testing.T) {
	f := func(text string, want bool) {
		t.Helper()
		ctx := propagation.TraceContext{}.Extract(t.Context(), propagation.MapCarrier{"traceparent": text})
		theirs := trace.SpanContextFromContext(ctx)
		got, ok := parse(text)
		bytes, okBytes := parse([]byte(text))
		if ok != want || ok != okBytes || !got.Equal(bytes) || ok != theirs.IsValid() ||
			ok && (got.TraceID() != theirs.TraceID() || got.SpanID() != theirs.SpanID() || got.IsSampled() != theirs.IsSampled()) {
			t.Errorf("%q: got %v %v; they read %v", text, got, ok, theirs)
		}
	}
	f(sampled, true)
	f(strings.TrimSuffix(sampled, "1")+"0", true)
	f(strings.TrimSuffix(sampled, "01")+"03", true)
	f("cc"+sampled[2:]+"-what-the-future-will-be-like", true)
	f("cc"+sampled[2:]+".what-the-future-will-be-like", false)
	f(sampled+"x", false)
	f("ff"+sampled[2:], false)
	f(strings.ToUpper(sampled), false)
	f("", false)
	f(sampled[:54], false)
	f("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false)
	f("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false)
	f("00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false)
	f(strings.Repeat("x", 1000), false)
	if c, _ := parse(sampled); format(c) != sampled {
		t.Errorf("written %s, want %s", format(c), sampled)
	}
}

func FuzzTraceparent(f *testing.F) {
	f.Add(sampled)
	f.Add("cc" + sampled[2:] + "-x")
	f.Fuzz(func(t *testing.T, text string) {
		if c, ok := parse(text); ok && !strings.Contains(text, strings.TrimSuffix(format(c)[2:], format(c)[53:])) {
			t.Errorf("%q is read as %s", text, format(c))
		}
	})
}

// TestWhoIsFollowed: whose sender is, to a limit; of those whose sender does not say, or
// says nothing that can be read, a share; whose sender is not, never.
func TestWhoIsFollowed(t *testing.T) {
	now := time.Unix(1_795_000_000, 0)
	f := func(ratio float64, said string, n, least, most int) {
		t.Helper()
		s := sampler{ratio: ratio}
		got := 0
		for range n {
			if parent, follow := sample(&s, said, now); follow {
				got++
				if parent.IsValid() != (said == sampled) {
					t.Errorf("%q: parent %v", said, parent)
				}
			}
		}
		if got < least || got > most {
			t.Errorf("ratio %v, %q: %d of %d are followed, want %d to %d", ratio, said, got, n, least, most)
		}
		if _, follow := sample(&s, said, now.Add(time.Second)); said == sampled && !follow {
			t.Error("in the next second nobody is followed")
		}
	}
	f(0, "", 1000, 0, 0)
	f(1, "", 1000, 1000, 1000)
	f(0.1, "", 10_000, 700, 1300)
	f(0.1, "nonsense", 10_000, 700, 1300)
	f(1, sampled[:53]+"00", 1000, 0, 0)
	f(0, sampled, askedMax, askedMax, askedMax)
	f(0, sampled, 1000, askedMax, askedMax)
}
