package embedded

import (
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// The engine's configuration files in its data directory.
const (
	settingsFile = "engine.xml"
	usersFile    = "users.xml"
	filesDir     = "user_files" // The only folder that a statement might read files of; empty.
)

// user is who may log in, with a password that is made at each start.
const user = "mlf"

// writeSettings makes the data directory, and in it the engine's configuration.
func writeSettings(cfg Config, own string) error {
	if err := os.MkdirAll(filepath.Join(cfg.Dir, filesDir), 0o750); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	files := map[string]string{settingsFile: settings(cfg, cluster(cfg, own)), usersFile: users(cfg)}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(cfg.Dir, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("write engine settings: %w", err)
		}
	}
	return nil
}

// settings are the engine's own. Its defaults are made for a large machine of
// its own; these are for one that it shares.
func settings(cfg Config, servers string) string {
	const mib = 1 << 20
	return fmt.Sprintf(`<clickhouse>
  <users_config>%[1]s</users_config>
  <user_files_path>%[2]s/</user_files_path>
  <listen_reuse_port>1</listen_reuse_port> <!-- The parent holds the port: see reserve. -->
  <max_server_memory_usage>%[3]d</max_server_memory_usage>
  <mark_cache_size>%[4]d</mark_cache_size>
  <primary_index_cache_size>%[4]d</primary_index_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <merge_tree>
    <!-- Their defaults exceed the size of the pool above: nothing would merge. -->
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>%[5]s
</clickhouse>
`, inXML(filepath.Join(cfg.Dir, usersFile)), inXML(filepath.Join(cfg.Dir, filesDir)), cfg.MemoryMax, 64*mib, servers)
}

// cluster has each of the servers as a shard of its own: none is a copy of another.
func cluster(cfg Config, own string) string {
	if len(cfg.Cluster) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n  <remote_servers>\n    <mlf>\n")
	for _, addr := range append([]string{own}, cfg.Cluster...) {
		host, port, _ := net.SplitHostPort(addr) // Validated.
		fmt.Fprintf(&b, "      <shard><replica><host>%s</host><port>%s</port><user>%s</user><password>%s</password></replica></shard>\n", host, port, user, cfg.Password)
	}
	b.WriteString("    </mlf>\n  </remote_servers>")
	return b.String()
}

// users says who may do what. The engine's own session, which runs the child's
// statements, must be user default without a password: it may have one session,
// which it holds as long as the engine lives, and may do nothing but listen. The
// other user is ours: its databases, and no table function, file or host beside.
// Of the password there is only the hash, and a new one at each start; but for a
// cluster, whose servers this one has to log in to.
func users(cfg Config) string {
	together := ""
	if len(cfg.Cluster) > 0 { // The second is for GLOBAL JOIN.
		together = `
        <query>GRANT TABLE ENGINE ON Distributed</query>
        <query>GRANT CREATE TEMPORARY TABLE ON *.*</query>`
	}
	return fmt.Sprintf(`<clickhouse>
  <profiles><default><calculate_text_stack_trace>0</calculate_text_stack_trace></default><own><calculate_text_stack_trace>0</calculate_text_stack_trace><max_sessions_for_user>1</max_sessions_for_user></own></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password/>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>own</profile>
      <quota>default</quota>
      <grants><query>GRANT SYSTEM LISTEN ON *.*</query></grants>
    </default>
    <%[1]s>
      <password_sha256_hex>%[2]x</password_sha256_hex>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP DATABASE, DROP TABLE, DROP VIEW, OPTIMIZE ON %[1]s*.*</query>
        <query>GRANT TABLE ENGINE ON Atomic</query>
        <query>GRANT TABLE ENGINE ON MergeTree</query>
        <query>GRANT TABLE ENGINE ON AggregatingMergeTree</query>
        <query>GRANT TABLE ENGINE ON ReplacingMergeTree</query>
        <query>GRANT TABLE ENGINE ON SummingMergeTree</query>
        <query>GRANT SELECT ON system.parts</query>
        <query>GRANT SELECT ON system.merges</query>%[3]s
      </grants>
    </%[1]s>
  </users>
</clickhouse>
`, user, sha256.Sum256([]byte(cfg.Password)), together)
}

// inXML returns text as XML has it.
func inXML(text string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		panic(fmt.Sprintf("BUG: escape %q: %v", text, err)) // A Builder takes all.
	}
	return b.String()
}
