package archive_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"mlf/ingest/archive"
	"mlf/schema"
)

var errPower = errors.New("power cut")

// A disk is a folder whose power may be cut: what was not made durable by then is gone.
type disk struct {
	files map[string]*content
	left  int // Operations until the cut; below 0: never.
	off   bool
}

type content struct {
	bytes  []byte
	synced int
}

func newDisk() *disk { return &disk{files: make(map[string]*content), left: -1} }

// copy returns a disk with the same files, whose power is cut after so many operations.
func (d *disk) copy(left int) *disk {
	c := newDisk()
	c.left = left
	for name, f := range d.files {
		c.files[name] = &content{slices.Clone(f.bytes), f.synced}
	}
	return c
}

// restart turns the power on again.
func (d *disk) restart() {
	for _, f := range d.files {
		f.bytes = f.bytes[:f.synced]
	}
	d.off, d.left = false, -1
}

// operate counts an operation.
func (d *disk) operate() error {
	if d.left == 0 {
		d.off = true
	}
	d.left--
	if d.off {
		return errPower
	}
	return nil
}

func (d *disk) Create(name string) (archive.File, error) {
	if err := d.operate(); err != nil {
		return nil, err
	}
	d.files[name] = new(content)
	return &writing{d, d.files[name]}, nil
}

func (d *disk) Open(name string) (io.ReadCloser, error) {
	f, ok := d.files[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(f.bytes)), nil
}

func (d *disk) Rename(from, to string) error {
	if err := d.operate(); err != nil {
		return err
	}
	d.files[to] = d.files[from]
	delete(d.files, from)
	return nil
}

func (d *disk) Remove(name string) error {
	if err := d.operate(); err != nil {
		return err
	}
	delete(d.files, name)
	return nil
}

func (d *disk) Names() ([]string, error) { return slices.Sorted(maps.Keys(d.files)), nil }

type writing struct {
	d *disk
	f *content
}

func (w *writing) Write(b []byte) (int, error) {
	err := w.d.operate()
	if err != nil {
		b = b[:len(b)/2]
	}
	w.f.bytes = append(w.f.bytes, b...)
	return len(b), err
}

func (w *writing) Sync() error {
	if err := w.d.operate(); err != nil {
		return err
	}
	w.f.synced = len(w.f.bytes)
	return nil
}

func (w *writing) Close() error { return w.d.operate() }

// take archives what from has, in files of so many bytes; 0: as many as they may have.
func take(t *testing.T, from archive.Source, to archive.Folder, bytesMax int64) error {
	t.Helper()
	_, err := archive.Take(t.Context(), archive.TakeConfig{From: from, To: to, FileBytesMax: bytesMax})
	return err
}

// TestAPowerCutAtAnyMoment: of the archive that there was nothing is lost, what is left
// is sound, and the next run completes it; with files that are full, and with short ones
// that are replaced.
func TestAPowerCutAtAnyMoment(t *testing.T) {
	for _, bytesMax := range []int64{3000, 0} {
		t.Run(fmt.Sprint(bytesMax), func(t *testing.T) { cutPower(t, bytesMax) })
	}
}

func cutPower(t *testing.T, bytesMax int64) {
	b := startBroker(t)
	all, _ := log(2)
	all[0] = append(all[0][:6], all[0][7:]...) // All but the longest.
	for i := range all[0] {
		all[0][i].Offset = schema.Offset(i)
	}
	base := newDisk()
	var had, has uint64
	const more = 110
	for at := 0; at < len(all[0]); at += more { // The log grows, the archive with it.
		grown := all[0][at:min(at+more, len(all[0]))]
		has += uint64(len(grown))
		if at == 0 {
			fill(t, b, [][]schema.Record{grown, all[1]})
			has += uint64(len(all[1]))
		} else if err := b.Append(t.Context(), 0, grown); err != nil {
			t.Fatal(err)
		}
		base = cutAnywhere(t, b, base, bytesMax, [2]uint64{had, has})
		had = has
	}
}

// cutAnywhere takes an archive, of a log that had the first number of records and has the
// second, until it is cut no more, and returns the disk that has all of them.
func cutAnywhere(t *testing.T, b target, base *disk, bytesMax int64, records [2]uint64) *disk {
	t.Helper()
	had, has := records[0], records[1]
	for cut := 0; ; cut++ {
		d := base.copy(cut)
		err := take(t, b, d, bytesMax)
		if err == nil {
			d.restart()
			sound(t, d, b, has)
			t.Logf("%d operations, %d files", cut, len(d.files))
			return d
		}
		if !errors.Is(err, errPower) {
			t.Fatalf("cut at %d: got %v", cut, err)
		}
		d.restart()
		v, err := archive.Verify(t.Context(), archive.VerifyConfig{From: d, Against: b})
		whole := !slices.ContainsFunc(v.Faults, func(f string) bool { return !strings.Contains(f, "was broken off") })
		if nothing := errors.Is(err, archive.ErrNone) && had == 0; !nothing && (err != nil || !whole || v.Records < had) {
			t.Fatalf("cut at %d: got %+v, %v: want no fault, and at least %d records", cut, v, err, had)
		}
		if err := take(t, b, d, bytesMax); err != nil {
			t.Fatalf("cut at %d, then again: %v", cut, err)
		}
		d.restart() // Whatever the last run says that it has is durable.
		sound(t, d, b, has)
		if names, _ := d.Names(); slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, "tmp") }) {
			t.Errorf("cut at %d, then again: got %v", cut, names)
		}
	}
}

// small is an archive of some hundred bytes.
func small(t *testing.T) *disk {
	t.Helper()
	b := startBroker(t)
	all, _ := log(2)
	fill(t, b, [][]schema.Record{all[0][:5], all[1]})
	put(t, b, "stream-key/1", "secret")
	d := newDisk()
	if err := take(t, b, d, 0); err != nil {
		t.Fatal(err)
	}
	if err := b.Append(t.Context(), 0, all[0][5:6]); err != nil {
		t.Fatal(err)
	}
	if err := take(t, b, d, 0); err != nil {
		t.Fatal(err)
	}
	sound(t, d, b, 7)
	return d
}

// TestEveryDamageIsFound: a bit anywhere, a cut anywhere, bytes too many, files that are
// missing, exchanged or of another archive.
func TestEveryDamageIsFound(t *testing.T) {
	good := small(t)
	other := small(t)
	f := func(name string, d *disk) {
		t.Helper()
		v, err := archive.Verify(t.Context(), archive.VerifyConfig{From: d})
		if err == nil && (len(v.Faults) == 0 || v.Restorable) {
			t.Errorf("%s: got %+v: want a fault", name, v)
		}
	}
	for name, file := range good.files {
		t.Logf("%s of %d bytes", name, len(file.bytes))
		for i := range file.bytes {
			d := good.copy(-1)
			d.files[name].bytes[i] ^= 1 << (i % 8)
			f(fmt.Sprintf("%s: bit of byte %d", name, i), d)
			d = good.copy(-1)
			d.files[name].bytes = d.files[name].bytes[:i]
			f(fmt.Sprintf("%s: cut at %d", name, i), d)
		}
		d := good.copy(-1)
		d.files[name].bytes = append(d.files[name].bytes, 0)
		f(name+": a byte too many", d)
		d = good.copy(-1)
		delete(d.files, name)
		f(name+": missing", d)
		for second := range good.files {
			if second > name {
				d := good.copy(-1)
				d.files[name], d.files[second] = d.files[second], d.files[name]
				f(name+" and "+second+" exchanged", d)
			}
		}
		if mine, theirs := file.bytes, other.files[name]; theirs != nil && !bytes.Equal(mine, theirs.bytes) {
			d := good.copy(-1)
			d.files[name] = theirs
			f(name+" of another archive", d)
		}
	}
}

// TestAFolderWithoutItsManifest: nobody begins anew beside files of an archive, which
// would be removed as those of a run that was broken off.
func TestAFolderWithoutItsManifest(t *testing.T) {
	b := startBroker(t)
	all, _ := log(2)
	fill(t, b, all)
	d := newDisk()
	if err := take(t, b, d, 0); err != nil {
		t.Fatal(err)
	}
	delete(d.files, archive.ManifestName)
	had := len(d.files)
	if err := take(t, b, d, 0); !errors.Is(err, archive.ErrRefused) || len(d.files) != had {
		t.Errorf("got %v and %d files, want a refusal and %d", err, len(d.files), had)
	}
}

// TestFilesStayFew: an archive that is added to a record at a time has as many files as
// the number of its records has digits in base two, about, and long ones stay as they are.
func TestFilesStayFew(t *testing.T) {
	b := startBroker(t)
	all, _ := log(2)
	fill(t, b, [][]schema.Record{all[0][:1], all[1]})
	d := newDisk()
	for i := 1; i < 100; i++ {
		rec := schema.Record{Offset: schema.Offset(i), Value: []byte("vote")}
		if err := b.Append(t.Context(), 0, []schema.Record{rec}); err != nil {
			t.Fatal(err)
		}
		if err := take(t, b, d, 0); err != nil {
			t.Fatal(err)
		}
		if n := len(d.files); n > 4+8 {
			t.Fatalf("got %d files for %d records", n, i)
		}
	}
	sound(t, d, b, 101)
}

func TestOneWriterAtATime(t *testing.T) {
	path := t.TempDir()
	d := writeDir(t, path)
	if _, err := archive.WriteDir(path); !errors.Is(err, archive.ErrInUse) {
		t.Errorf("got %v, want %v", err, archive.ErrInUse)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	writeDir(t, path)
}
