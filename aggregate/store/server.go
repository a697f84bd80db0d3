package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"mlf/schema/sql"
)

// A server is the one that a store is on, once it is known.
type server struct {
	share bool // One whose database has a share of a log will do.
	round atomic.Uint64

	mu           sync.Mutex
	first, other serverName
}

// A serverName is whom a connection leads to.
type serverName struct {
	host, uuid, database string

	kind   string // What database it is: one of the kinds.
	shares string // Which shares answered, of a front.
	log    string // Which log all of them are of, as logName writes it.
}

// The kinds of databases. What may be in one, one table tells.
const (
	kindWhole = ""
	kindShare = "share"
	kindFront = "shares"
)

func newServer(share bool) *server {
	s := &server{share: share}
	s.round.Store(1)
	return s
}

// knows tells whether used was seen to lead to the one server in this round.
func (s *server) knows(used *socket) bool { return used.known == s.round.Load() }

// again begins another round: what was known of the database may have changed, since
// it is still being set up.
func (s *server) again() { s.round.Add(1) }

// met returns whom the process has met, as it is known; zero: nobody yet.
func (s *server) met() serverName {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first
}

// errShare is wrapped by the errors of a database that has some of a log's partitions,
// or is put together of such, for who wants another kind.
var errShare = errors.New("see mlf schema apply --help on shares")

// An asking reads the texts of the one row that a statement has, over one connection.
type asking func(statement string, texts ...*string) error

// meet asks who is there. Of several servers all must answer, each with its share.
func (s *server) meet(ask asking) error {
	var n serverName
	if err := ask(sql.Query("server"), &n.host, &n.uuid, &n.database, &n.kind); err != nil {
		return fmt.Errorf("ask the server who it is: %w", err)
	}
	switch n.kind {
	case kindWhole, kindShare:
		return s.recognise(n)
	case kindFront:
		return s.meetShares(n, ask)
	default:
		return fmt.Errorf("database %s has tables %s, of which there should be one: %w", n.database, n.kind, errShare)
	}
}

// meetAgain asks only for the shares, over a connection that leads to the front.
func (s *server) meetAgain(ask asking) error { return s.meetShares(s.met(), ask) }

func (s *server) meetShares(n serverName, ask asking) error {
	if err := ask(sql.Query("shares")+"\nSETTINGS "+readSettings, &n.shares, &n.log); err != nil {
		return fmt.Errorf("ask all servers for their shares: %w", err)
	}
	if n.log == "" {
		return fmt.Errorf("the servers of the cluster have %q: want each share of one log once", n.shares)
	}
	return s.recognise(n)
}

// recognise says who was met. The first is the server as long as this process
// runs; that there is another is never forgotten.
func (s *server) recognise(n serverName) error {
	if n.kind == kindShare && !s.share {
		return fmt.Errorf("%v has a share of a log, and answers are of all of it: name the database that is put together of the shares: %w", n, errShare)
	}
	s.mu.Lock()
	if s.first == (serverName{}) || n.uuid == s.first.uuid && n.database == s.first.database && s.first.kind == kindWhole {
		s.first = n // Or it has been set up meanwhile.
	}
	if n.uuid != s.first.uuid || n.database != s.first.database || n.kind != s.first.kind || n.shares != s.first.shares { // A machine may be given another name.
		s.other = n
	}
	s.mu.Unlock()
	return s.problem()
}

// problem is the error of a store whose address leads to two servers, or whose shares
// are others than they were.
func (s *server) problem() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.other == (serverName{}) {
		return nil
	}
	if s.other.uuid == s.first.uuid && s.other.database == s.first.database {
		return fmt.Errorf("the database is put together otherwise than it was: first %v, now %v: what was counted is not there: start again when it is", s.first, s.other)
	}
	return fmt.Errorf("the store's address leads to two servers: first to %v, then to %v: what is counted into both is in neither: name one in --clickhouse and start again", s.first, s.other)
}

// isFront tells whether the database is put together of several.
func (n serverName) isFront() bool { return n.kind == kindFront }

// String returns the name as it stands in an error.
func (n serverName) String() string {
	text := fmt.Sprintf("%s (server %s, database %s)", n.host, n.uuid, n.database)
	if n.shares != "" {
		text += " of " + n.shares
	}
	return text
}
