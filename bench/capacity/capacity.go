package capacity

import (
	"math"
	"time"
)

// A Connection is how a terminal's requests come.
type Connection string

// The connections: over TLS kept open, resumed for each request, with a full
// handshake (ECDSA P-256, or RSA 2048) for each request; plain HTTP kept open.
const (
	Kept    Connection = "tls-kept"
	Resumed Connection = "tls-resumed"
	New     Connection = "tls-new"
	RSA     Connection = "tls-new-rsa"
	Plain   Connection = "plain"
)

// A Country is who votes, how often and how.
type Country struct {
	Name          string     `json:"name,omitempty"`
	Terminals     int        `json:"terminals"`       // Those that keep a connection open, if any do.
	VotesADay     float64    `json:"votes_a_day"`     // Mean of all days.
	Peak          float64    `json:"peak"`            // Votes a second, of the busiest minute.
	VotesARequest float64    `json:"votes_a_request"` // At the peak. At least 1.
	Connection    Connection `json:"connection"`
	Counters      float64    `json:"counters"`  // Places, services and channels that are voted at.
	Hours         float64    `json:"hours"`     // Of a year in which they are.
	Workers       int        `json:"workers"`   // Processes that count.
	Pages         float64    `json:"pages"`     // Pages of figures a second that were not asked before.
	Years         float64    `json:"years"`     // For which the log and counts are kept.
	Replicas      int        `json:"replicas"`  // Copies of a record on the log.
	Databases     int        `json:"databases"` // That count the log.
}

// Needs are what a country needs at its peak. Cores are of processor time, 1 is one
// core that does nothing else; bytes are bytes.
type Needs struct {
	Requests    float64 `json:"requests_a_second"`
	Connections float64 `json:"connection_bytes"` // Of ingest, all processes together.
	Ingest      float64 `json:"ingest_cores"`
	Handshakes  float64 `json:"handshake_cores"` // Of Ingest, what connections cost that are not kept.
	LogPeak     float64 `json:"log_bytes_a_second"`
	Log         float64 `json:"log_bytes"` // Of all brokers together.
	Aggregate   float64 `json:"aggregate_cores"`
	Store       float64 `json:"store_cores"`
	Disk        float64 `json:"store_bytes"`
	Query       float64 `json:"query_cores"`
	Memory      float64 `json:"query_bytes"` // Of each process that answers.
}

// What was measured: bench/results.md, the figures of a busy host where there are two.
// Where there are figures for two sizes, these are the line through both.
const (
	micro = float64(time.Microsecond) / float64(time.Second)
	nano  = float64(time.Nanosecond) / float64(time.Second)

	// Ingest, JSON: 22 µs a request of one vote, 54 µs of a hundred.
	voteCPU    = (54 - 22) * micro / 99
	requestCPU = 22*micro - voteCPU

	// What a request of one vote costs beyond that by its connection: 30, 449, 677
	// and 1,976 µs in all.
	keptCPU, resumedCPU = (30 - 22) * micro, (449 - 22) * micro
	newCPU, rsaCPU      = (677 - 22) * micro, (1976 - 22) * micro

	// Memory of an idle connection.
	tlsConnection, plainConnection = 23 * 1024, 16.6 * 1024

	// Bytes on the log: 75 a record of one vote, 6.9 a vote of a hundred.
	voteLog   = (100*6.9 - 75) / 99
	recordLog = 75 - voteLog

	// Aggregate: 1,094 ns a record of one vote, 69 ns a vote of a hundred.
	voteCount   = (100*69 - 1094) * nano / 99
	recordCount = 1094*nano - voteCount

	// ClickHouse, where each vote is a row: 5.4 µs a row at 5,000 rows a flush, 2.7 µs at 12,500, merges
	// included, and four flushes a second of each worker.
	rowStore     = (12500*2.7 - 5000*5.4) * micro / 7500
	flushStore   = 5000*5.4*micro - 5000*rowStore
	flushes      = 4.0
	year         = 365.25 // Days.
	cellDisk     = 1.9
	cellMemory   = 5.3
	pagesPerCore = 3051.0
)

// Compute returns what a country needs.
func (c Country) Compute() Needs {
	requests := c.Peak / c.VotesARequest
	n := Needs{Requests: requests}
	n.Connections = float64(c.Terminals) * tlsConnection
	switch c.Connection {
	case Kept:
		n.Handshakes = requests * keptCPU
	case Resumed:
		n.Handshakes = requests * resumedCPU
	case New:
		n.Handshakes = requests * newCPU
	case RSA:
		n.Handshakes = requests * rsaCPU
	default:
		n.Connections = float64(c.Terminals) * plainConnection
	}
	if c.Connection != Kept && c.Connection != Plain {
		n.Connections = math.Min(requests, float64(c.Terminals)) * tlsConnection // Open for a second at most.
	}
	n.Ingest = n.Handshakes + requests*requestCPU + c.Peak*voteCPU
	n.LogPeak = requests*recordLog + c.Peak*voteLog
	n.Log = c.VotesADay * year * c.Years * (recordLog + voteLog) * float64(c.Replicas) // One by one, which is the most.
	n.Aggregate = (requests*recordCount + c.Peak*voteCount) * float64(c.Databases)
	n.Store = float64(c.Databases) * (c.Peak*rowStore + float64(c.Workers)*flushes*flushStore)
	cells := c.cells()
	n.Disk = cells * cellDisk * float64(c.Databases)
	n.Query = c.Pages / pagesPerCore
	n.Memory = cells * cellMemory
	return n
}

// cells returns how many cells of counter and hour have votes, if these are spread
// evenly and by chance, which is the most.
func (c Country) cells() float64 {
	if c.Counters*c.Hours == 0 {
		return 0
	}
	votes := c.VotesADay * year
	return c.Years * c.Counters * c.Hours * -math.Expm1(-votes/(c.Counters*c.Hours))
}
