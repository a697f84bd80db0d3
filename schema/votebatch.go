package schema

import "errors"

// A BatchHeader is what the votes of one VoteBatch share.
type BatchHeader struct {
	Terminal TerminalID
	Stream   StreamID
	Slot     Slot
	Comune   ComuneID
	Office   OfficeCode
	Channel  Channel
	Scale    Scale
	Test     bool
	Ingested Instant // Server time of the request.
}

// ErrUndecodable is the error of a record that is no VoteBatch.
var ErrUndecodable = errors.New("record is no vote batch")

// ErrFormat is the error of a VoteBatch of a newer format.
var ErrFormat = errors.New("vote batch has an unknown format")
