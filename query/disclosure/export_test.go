package disclosure

// Publish makes one release.
var Publish = publish //nolint:gochecknoglobals // For tests.

// ErrUnderWay is what Publish says after another.
var ErrUnderWay = errUnderWay
