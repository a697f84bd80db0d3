package client

// BatchAnswers is what Query reads, for the test that holds types to the document.
type BatchAnswers = batchAnswers

// TakesPosition tells whether Download demands a position of a path.
func TakesPosition(path string) bool { return takesPosition(path) }
