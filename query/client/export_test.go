package client

// BatchAnswers is what Query reads, for the test that holds types to the document.
type BatchAnswers = batchAnswers
