// Package collector is who takes spans in tests: a receiver of OTLP over HTTP in the test's
// own process, and the real collector of OpenTelemetry.
//
// It knows OTLP and how to get and run the collector. It must not know what spans mlf
// makes. Only tests import it, and who builds what they need.
package collector
