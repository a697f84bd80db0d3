package kafka

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"strings"
)

// Config says which brokers to run. Its zero value is one broker on free ports
// in a folder of its own.
type Config struct {
	Brokers  int    // 1 or 3; 0 is 1. Three replicate, with two in sync required.
	Dir      string // Data, certificates and logs; kept, and used again. Empty: a temporary one.
	BasePort int    // Broker n, from 0, listens on BasePort + 100*n, and uses the two ports above. 0: free ports.
	SASL     bool   // Clients authenticate with SCRAM as User and Password.
	TLS      bool   // Clients connect over TLS; the certificate is Cluster.CA.
	Lib      string // The folder with the jars; empty: Fetch.

	CertificateDays int // How long the certificate holds; 0: longer than any test.

	// Advertised are the addresses that brokers tell clients to use, in order:
	// those of proxies, for instance, that pass on to Cluster.Addrs. Empty: their own.
	Advertised []string

	// Users are, with SASL, those beside User, with their passwords. They may do
	// nothing but what Permit says, and then User neither.
	Users map[string]string
}

// authorizes tells whether clients may do only what they have a right to.
func (c *Config) authorizes() bool { return len(c.Users) > 0 }

// anonymous is what brokers call each other: they connect without TLS and SASL.
const anonymous = "ANONYMOUS"

// The one user of a cluster with SASL. Both SCRAM-SHA-256 and SCRAM-SHA-512 know
// it. It protects nothing: the brokers listen on loopback.
const (
	User     = "mlf"
	Password = "for-tests-only"
)

// Validate tells what is wrong with c.
func (c *Config) Validate() error {
	if c.Brokers != 0 && c.Brokers != 1 && c.Brokers != 3 {
		return fmt.Errorf("%d brokers: want 1 or 3", c.Brokers)
	}
	if c.BasePort < 0 || c.BasePort > 65535-100*2-2 {
		return fmt.Errorf("base port %d: want 0 to %d", c.BasePort, 65535-100*2-2)
	}
	if n := len(c.Advertised); n != 0 && n != max(1, c.Brokers) {
		return fmt.Errorf("%d advertised addresses: want one for each of %d brokers", n, max(1, c.Brokers))
	}
	if c.authorizes() && !c.SASL {
		return errors.New("users of their own: want SASL")
	}
	return nil
}

// protocol is Kafka's word for how clients connect.
func (c *Config) protocol() string {
	switch {
	case c.SASL && c.TLS:
		return "SASL_SSL"
	case c.SASL:
		return "SASL_PLAINTEXT"
	case c.TLS:
		return "SSL"
	}
	return "PLAINTEXT"
}

// scram returns the arguments by which a broker is formatted with users.
func (c *Config) scram() (args []string) {
	if !c.SASL {
		return nil
	}
	passwords := map[string]string{User: Password}
	maps.Copy(passwords, c.Users)
	for name, password := range passwords {
		for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
			args = append(args, "--add-scram", mechanism+"=[name="+name+",password="+password+"]")
		}
	}
	return args
}

// ports are those of one broker.
type ports struct{ client, controller, internal int }

// pickPorts returns the ports of n brokers and checks that nobody listens there:
// a broker that cannot bind would otherwise look ready, by the other's ports.
func pickPorts(base, n int) ([]ports, error) {
	all := make([]ports, n)
	for i := range all {
		for k, port := range []*int{&all[i].client, &all[i].controller, &all[i].internal} {
			want := 0
			if base != 0 {
				want = base + 100*i + k
			}
			// Held until all are picked, so that no port is picked twice.
			l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: want})
			if err != nil {
				return nil, fmt.Errorf("find a port for broker %d: %w", i, err)
			}
			defer func() { _ = l.Close() }()
			*port = l.Addr().(*net.TCPAddr).Port
		}
	}
	return all, nil
}

// logging sends what a broker has to say to its output, where child keeps it.
const logging = `Configuration:
  name: mlf
  Appenders:
    Console:
      name: out
      PatternLayout:
        pattern: "%d %p %c %m%n"
  Loggers:
    Root:
      level: WARN
      AppenderRef:
        ref: out
    Logger:
      - name: kafka.server.BrokerServer
        level: INFO
      - name: kafka.server.KafkaRaftServer
        level: INFO
`

// deciding adds what the authorizer decides, without what brokers look up to tell
// somebody of his rights or to leave out of an answer: that is at level TRACE.
const deciding = `      - name: kafka.authorizer.logger
        level: DEBUG
`

// logging returns the file of the broker's log.
func (c *Config) logging() string {
	if c.authorizes() {
		return logging + deciding
	}
	return logging
}

// properties returns the server.properties of broker i: controller and broker in
// one process. Brokers speak to each other without TLS and SASL on a port of
// their own.
//
// The sessions are short. With Kafka's defaults (9 s) a killed leader is missed
// for 11 to 12 s, and a killed broker needs 13 s to come back; so it is 3 to 5 s.
func (c *Config) properties(i int, all []ports, dir string) string {
	voters := make([]string, len(all))
	for n, p := range all {
		voters[n] = fmt.Sprintf("%d@127.0.0.1:%d", n+1, p.controller)
	}
	replicas, inSync := len(all), min(2, len(all))
	client := fmt.Sprintf("CLIENT://127.0.0.1:%d,INTERNAL://127.0.0.1:%d", all[i].client, all[i].internal)
	advertised := client
	if len(c.Advertised) > 0 {
		advertised = fmt.Sprintf("CLIENT://%s,INTERNAL://127.0.0.1:%d", c.Advertised[i], all[i].internal)
	}
	lines := []string{
		"process.roles=broker,controller",
		fmt.Sprintf("node.id=%d", i+1),
		"controller.quorum.voters=" + strings.Join(voters, ","),
		"controller.listener.names=CONTROLLER",
		fmt.Sprintf("listeners=%s,CONTROLLER://127.0.0.1:%d", client, all[i].controller),
		"advertised.listeners=" + advertised,
		"listener.security.protocol.map=CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT,CLIENT:" + c.protocol(),
		"inter.broker.listener.name=INTERNAL",
		"log.dirs=" + filepath.Join(dir, "data"),
		fmt.Sprintf("default.replication.factor=%d", replicas),
		fmt.Sprintf("min.insync.replicas=%d", inSync),
		fmt.Sprintf("offsets.topic.replication.factor=%d", replicas),
		fmt.Sprintf("transaction.state.log.replication.factor=%d", replicas),
		fmt.Sprintf("transaction.state.log.min.isr=%d", inSync),
		fmt.Sprintf("share.coordinator.state.topic.replication.factor=%d", replicas),
		fmt.Sprintf("share.coordinator.state.topic.min.isr=%d", inSync),
		"offsets.topic.num.partitions=4",
		"transaction.state.log.num.partitions=4",
		"auto.create.topics.enable=false",
		"group.initial.rebalance.delay.ms=0",
		"num.network.threads=2",
		"num.io.threads=4",
		"broker.session.timeout.ms=2000",
		"broker.heartbeat.interval.ms=300",
		"replica.lag.time.max.ms=5000",
		"controller.quorum.fetch.timeout.ms=1000",
		"controller.quorum.election.timeout.ms=500",
		"controller.quorum.election.backoff.max.ms=500",
		"leader.imbalance.check.interval.seconds=5",
	}
	if c.SASL {
		const login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
		lines = append(lines,
			"sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512",
			"listener.name.client.scram-sha-256.sasl.jaas.config="+login,
			"listener.name.client.scram-sha-512.sasl.jaas.config="+login)
	}
	if c.authorizes() {
		lines = append(lines,
			"authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
			"super.users=User:"+anonymous)
	}
	if c.TLS {
		lines = append(lines,
			"ssl.keystore.type=PEM",
			"ssl.keystore.location="+filepath.Join(dir, keystoreFile))
	}
	return strings.Join(lines, "\n") + "\n"
}
