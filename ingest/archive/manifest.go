package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"mlf/schema"
)

// ManifestName is the file that says which others are the archive.
const ManifestName = "manifest.json"

// manifestFormat is the one format of a manifest.
const manifestFormat = 1

// manifestBytesMax is more than a manifest can be: that of a hundred thousand files.
const manifestBytesMax = 64 << 20

// A Manifest is what an archive has.
type Manifest struct {
	Format int    `json:"format"`
	Log    string `json:"log"`

	// Taken is when the archive was added to. It is for people.
	Taken time.Time `json:"taken"`

	Votes    []Part    `json:"votes"` // By partition.
	Registry *FileInfo `json:"registry,omitempty"`
	Served   *FileInfo `json:"served,omitempty"`
	Alerts   *FileInfo `json:"alerts,omitempty"` // Archives of before have none.
}

// A Part is the archive of one partition.
type Part struct {
	First schema.Offset `json:"first"` // Above 0: retention had removed what was before.
	Next  schema.Offset `json:"next"`
	Chain hexadecimal   `json:"chain"` // Of all records.

	// Tail are the hashes of the last records, so that a log can be recognised without
	// reading the files.
	Tail  []hexadecimal `json:"tail"`
	Files []FileInfo    `json:"files"`
}

// A FileInfo is what is known of a file.
type FileInfo struct {
	Name   string        `json:"name"`
	First  schema.Offset `json:"first"`
	Next   schema.Offset `json:"next"`
	Raw    int64         `json:"raw"` // Bytes before compression.
	Bytes  int64         `json:"bytes"`
	SHA256 hexadecimal   `json:"sha256"` // Of its bytes.
}

// tailRecords is how many records at the end of an archive are compared with the log:
// as many as the count compares.
const tailRecords = 16

// A hexadecimal is 32 bytes in text.
type hexadecimal [32]byte

// MarshalText writes h.
func (h hexadecimal) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads h.
func (h *hexadecimal) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(h)) {
		return fmt.Errorf("%d digits: want %d", len(text), hex.EncodedLen(len(h)))
	}
	_, err := hex.Decode(h[:], text)
	return err
}

// A sealed is a manifest with its checksum, as it is written.
type sealed struct {
	Archive json.RawMessage `json:"archive"`
	SHA256  hexadecimal     `json:"sha256"` // Of the bytes of archive.
}

func (m *Manifest) encode() ([]byte, error) {
	body, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(sealed{body, sha256.Sum256(body)})
	return append(b, '\n'), err
}

// decodeManifest reads what encode wrote, to the byte.
func decodeManifest(b []byte) (*Manifest, error) {
	var s sealed
	m := new(Manifest)
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, damaged("%s: %w", ManifestName, err)
	}
	if err := json.Unmarshal(s.Archive, m); err != nil {
		return nil, damaged("%s: %w", ManifestName, err)
	}
	if m.Format != manifestFormat {
		return nil, fmt.Errorf("%s is of format %d: run the version that wrote it, or a later one", ManifestName, m.Format)
	}
	again, err := m.encode()
	if err != nil || !bytes.Equal(again, b) {
		return nil, damaged("%s does not match its checksum", ManifestName)
	}
	return m, m.check()
}

// check refuses what no manifest says.
func (m *Manifest) check() error {
	if _, err := m.logID(); err != nil {
		return err
	}
	if len(m.Votes) < 1 || len(m.Votes) > schema.Slots {
		return damaged("%s: %d partitions", ManifestName, len(m.Votes))
	}
	for p, part := range m.Votes {
		at := part.First
		for _, f := range part.Files {
			if f.First != at || f.Next <= f.First {
				return damaged("%s: partition %d: file %s has records %d to %d where %d is due", ManifestName, p, f.Name, f.First, f.Next-1, at)
			}
			at = f.Next
		}
		if at != part.Next || part.First < 0 {
			return damaged("%s: partition %d: files end at %d, and records at %d", ManifestName, p, at, part.Next)
		}
		if want := min(tailRecords, part.Next-part.First); schema.Offset(len(part.Tail)) != want {
			return damaged("%s: partition %d: %d hashes of the last records: want %d", ManifestName, p, len(part.Tail), want)
		}
	}
	for _, f := range m.files() {
		if path.Base(f.Name) != f.Name || !isArchive(f.Name) {
			return damaged("%s: file %q", ManifestName, f.Name)
		}
	}
	return nil
}

func (m *Manifest) logID() (id schema.LogID, err error) {
	b, err := hex.DecodeString(m.Log)
	if err != nil || copy(id[:], b) != len(id) || len(b) != len(id) {
		return id, damaged("%s: log %q", ManifestName, m.Log)
	}
	return id, nil
}

// files returns all files of m.
func (m *Manifest) files() (all []FileInfo) {
	for _, p := range m.Votes {
		all = append(all, p.Files...)
	}
	for _, f := range []*FileInfo{m.Registry, m.Served, m.Alerts} {
		if f != nil {
			all = append(all, *f)
		}
	}
	return all
}

// head returns what file f of partition p begins with; the chain before is not known.
func (m *Manifest) head(k Kind, p schema.Partition, f *FileInfo) (Head, error) {
	id, err := m.logID()
	return Head{Kind: k, Log: id, Partition: p, First: f.First}, err
}

// The names of files.
const (
	suffix  = ".zst"
	tmpName = "mlf.tmp"
)

func votesName(p schema.Partition, first, next schema.Offset) string {
	return fmt.Sprintf("votes-%04d-%012d-%012d%s", p, first, next, suffix)
}

// otherName is that of the registry, of served users or of alerts: by contents, as it has no
// offsets.
func otherName(k Kind, sum hexadecimal) string {
	word := map[Kind]string{Registry: "registry", Served: "served", Alerts: "alerts"}[k]
	return word + "-" + hex.EncodeToString(sum[:8]) + suffix
}

// isArchive tells whether a file is one of ours by its name.
func isArchive(name string) bool {
	return strings.HasSuffix(name, suffix) && slices.ContainsFunc([]string{"votes-", "registry-", "served-", "alerts-"}, func(of string) bool { return strings.HasPrefix(name, of) })
}

// ErrNone says that a folder has no archive.
var ErrNone = errors.New("folder has no archive")

// Load reads the manifest of a folder. ErrNone: there is none. An error that wraps
// ErrDamaged says what is wrong with it.
func Load(from Folder) (*Manifest, error) {
	in, err := from.Open(ManifestName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", ManifestName, err)
	}
	b, err := io.ReadAll(io.LimitReader(in, manifestBytesMax))
	if err = errors.Join(err, in.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", ManifestName, err)
	}
	return decodeManifest(b)
}

// save makes m the archive that to has.
func (m *Manifest) save(to Folder) error {
	b, err := m.encode()
	if err != nil {
		return fmt.Errorf("write %s: %w", ManifestName, err)
	}
	out, err := to.Create(ManifestName + ".tmp")
	if err != nil {
		return fmt.Errorf("write %s: %w", ManifestName, err)
	}
	_, err = out.Write(b)
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err == nil {
		err = to.Rename(ManifestName+".tmp", ManifestName)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", ManifestName, err)
	}
	return nil
}
