package broker_test

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha512"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl/scram"
	"github.com/twmb/franz-go/pkg/kfake"

	"mlf/command/certificates"
	"mlf/ingest/broker"
	"mlf/proof/authority"
	brokers "mlf/proof/kafka"
	"mlf/schema"
)

// TestKeysAreReplacedUnderAClient: a broker that asks its clients for a certificate
// and a password gets another authority and its client another password. Once the
// client's files say so, too, appending, fetching and the group go on by themselves.
func TestKeysAreReplacedUnderAClient(t *testing.T) {
	until := time.Now().AddDate(0, 1, 0)
	var broker1, client1 atomic.Pointer[tls.Config]
	var secret atomic.Pointer[string]
	trust := func(to *atomic.Pointer[tls.Config], name string, a *authority.Authority) {
		pair := a.Pair(t, name, until)
		to.Store(&tls.Config{
			Certificates: []tls.Certificate{*pair}, RootCAs: a.Pool(), ClientCAs: a.Pool(),
			ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12,
		})
	}
	first, second, old := authority.New(t, until), authority.New(t, until), "old"
	trust(&broker1, "broker", first)
	trust(&client1, "client", first)
	secret.Store(&old)

	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser(broker.MechanismScramSHA512, "mlf", old), kfake.Superuser(broker.MechanismScramSHA512, "admin", "admin"),
		kfake.TLS(&tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return broker1.Load(), nil }}),
	)
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	all := new(cables)
	client := newClient(t, broker.Config{
		Brokers: cluster.ListenAddrs(), TLS: client1.Load, SASLUser: "mlf", Dial: all.dial,
		SASLPassword: func() (string, error) { return *secret.Load(), nil }, Timeout: time.Second,
	})
	if _, err := client.CreateTopics(t.Context(), broker.TopicsConfig{Partitions: 1, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	p, stop := runProducer(t, client)
	defer stop()
	held := make(chan struct{}, 100)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		left <- client.NewGroup(schema.LogID{1}, "here/mlf", schema.RulesV2).Assign(ctx, func(ctx context.Context, _ []schema.Partition) error {
			held <- struct{}{}
			<-ctx.Done()
			return nil
		})
	}()
	works := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, fetched := client.NewConsumer().Fetch(ctx, 0, 0)
		return errors.Join(p.Append(ctx, 0, []byte("x")), fetched)
	}
	if err := works(); err != nil {
		t.Fatal(err)
	}
	<-held

	changePassword(t, cluster.ListenAddrs(), client1.Load(), login{"admin", "admin"}, login{"mlf", "new"})
	trust(&broker1, "broker", second)
	all.cut()
	if err := works(); err == nil {
		t.Fatal("the client goes on by the keys that were replaced")
	}
	trust(&client1, "client", second)
	renewed := "new"
	secret.Store(&renewed)
	deadline := time.Now().Add(30 * time.Second)
	for err = works(); err != nil && time.Now().Before(deadline); err = works() {
		t.Log(err)
	}
	if err != nil {
		t.Error(err)
	}
	select {
	case <-held:
	case <-time.After(30 * time.Second):
		t.Error("the group holds nothing any more")
	}
	leave()
	if err := <-left; err != nil {
		t.Error(err)
	}
}

// TestKafkaReplacesKeys: the same on a real broker, with the files that processes
// look at, and without a client's certificate.
func TestKafkaReplacesKeys(t *testing.T) {
	cluster := startKafka(t, brokers.Config{Brokers: 1, SASL: true, TLS: true})
	keeper := certificates.New(certificates.Telemetry{})
	authorities, err := keeper.Authorities("kafka_ca", cluster.CA())
	if err != nil {
		t.Fatal(err)
	}
	settings := func() *tls.Config {
		return &tls.Config{RootCAs: authorities.Pool(), MinVersion: tls.VersionTLS12}
	}
	var secret atomic.Pointer[string]
	set := func(text string) { secret.Store(&text) }
	set(brokers.Password)
	client := newClient(t, broker.Config{
		Brokers: cluster.Addrs(), TLS: settings, SASLUser: brokers.User,
		SASLPassword: func() (string, error) { return *secret.Load(), nil },
	})
	if _, err := client.CreateTopics(t.Context(), broker.TopicsConfig{Partitions: 1, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	p, stop := runProducer(t, client)
	defer stop()
	changePassword(t, cluster.Addrs(), settings(), login{brokers.User, brokers.Password}, login{brokers.User, "another"})
	if err := cluster.ReplaceCertificate(); err != nil {
		t.Fatal(err)
	}
	killAndStart(t, cluster, 0)
	works := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, fetched := client.NewConsumer().Fetch(ctx, 0, 0)
		return errors.Join(p.Append(ctx, 0, []byte("x")), fetched)
	}
	if err := works(); err == nil {
		t.Fatal("the client goes on by the keys that were replaced")
	}
	keeper.Look()
	if err := works(); err == nil {
		t.Fatal("the client goes on by the password that was replaced")
	}
	set("another")
	deadline := time.Now().Add(time.Minute)
	for err = works(); err != nil && time.Now().Before(deadline); err = works() {
		t.Log(err)
	}
	if err != nil {
		t.Error(err)
	}
}

type login struct{ user, password string }

// changePassword gives a user another password, over a connection of its own.
func changePassword(t *testing.T, addrs []string, settings *tls.Config, as, to login) {
	t.Helper()
	salt := []byte("0123456789abcdef")
	salted, err := pbkdf2.Key(sha512.New, to.password, salt, 4096, sha512.Size)
	if err != nil {
		t.Fatal(err)
	}
	mechanism, err := scram.Mechanism(scram.SHA512, as.user, as.password)
	if err != nil {
		t.Fatal(err)
	}
	transport := &kafka.Transport{TLS: settings, SASL: mechanism}
	defer transport.CloseIdleConnections()
	admin := &kafka.Client{Addr: kafka.TCP(addrs...), Transport: transport, Timeout: 5 * time.Second}
	res, err := admin.AlterUserScramCredentials(t.Context(), &kafka.AlterUserScramCredentialsRequest{
		Upsertions: []kafka.UserScramCredentialsUpsertion{{
			Name: to.user, Mechanism: kafka.ScramMechanismSha512, Iterations: 4096, Salt: salt, SaltedPassword: salted,
		}},
	})
	if err != nil || res.Results[0].Error != nil {
		t.Fatal(err, res)
	}
}

// cables are connections that can all be cut.
type cables struct {
	mu   sync.Mutex
	open []net.Conn
}

func (l *cables) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.open = append(l.open, conn)
	}
	return conn, err
}

func (l *cables) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.open {
		_ = conn.Close() // Whoever uses it hears of it.
	}
	l.open = nil
}
