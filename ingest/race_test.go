//go:build race

package ingest_test

// allocationsMax is far above what a request allocates, because under the race
// detector pools forget at random; below one for each of 100 votes all the same.
const allocationsMax = 20
