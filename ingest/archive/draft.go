package archive

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"mlf/schema"
)

// A draft is a file that is being written under a name that nobody reads.
type draft struct {
	*Writer
	to    Folder
	out   File
	sum   hash.Hash
	bytes int64
	first schema.Offset
}

func newDraft(to Folder, h Head) (*draft, error) {
	out, err := to.Create(tmpName)
	if err != nil {
		return nil, fmt.Errorf("begin a file: %w", err)
	}
	d := &draft{to: to, out: out, sum: sha256.New(), first: h.First}
	if d.Writer, err = NewWriter(packed{d}, h); err != nil {
		return nil, errors.Join(fmt.Errorf("begin a file: %w", err), out.Close())
	}
	return d, nil
}

// packed takes what d's Writer makes.
type packed struct{ d *draft }

// Write is io.Writer's.
func (p packed) Write(b []byte) (int, error) {
	p.d.sum.Write(b)
	p.d.bytes += int64(len(b))
	return p.d.out.Write(b)
}

// abandon leaves the file to the next run.
func (d *draft) abandon(err error) error { return errors.Join(err, d.out.Close()) }

// finish makes the file durable, under the name that is made of the hash of its bytes;
// "": it is not wanted.
func (d *draft) finish(name func(sum hexadecimal) string) (FileInfo, error) {
	if err := d.Close(); err != nil {
		return FileInfo{}, d.abandon(fmt.Errorf("write a file: %w", err))
	}
	f := FileInfo{First: d.first, Next: d.Tail().Next, Raw: d.Raw(), Bytes: d.bytes, SHA256: hexadecimal(d.sum.Sum(nil))}
	if f.Name = name(f.SHA256); f.Name == "" {
		return f, d.abandon(d.to.Remove(tmpName))
	}
	if err := errors.Join(d.out.Sync(), d.out.Close()); err != nil {
		return FileInfo{}, fmt.Errorf("write file %s: %w", f.Name, err)
	}
	if err := d.to.Rename(tmpName, f.Name); err != nil {
		return f, fmt.Errorf("write file %s: %w", f.Name, err)
	}
	return f, nil
}

// readFile calls do for each record of a file that begins as want says, and returns
// what it ends with and begins with. Any error names the file; where the file is not
// what f says it wraps ErrDamaged, and do has had records by then.
func readFile(from Folder, want Head, f *FileInfo, do func(rec *schema.Record) error) (head Head, tail Tail, err error) {
	in, err := from.Open(f.Name)
	if err != nil {
		return head, tail, fmt.Errorf("%w: %w", ErrDamaged, err) // It names the file.
	}
	sum := &summed{in: in, sum: sha256.New()}
	head, tail, err = readRecords(sum, want, do)
	if err == nil && (sum.bytes != f.Bytes || hexadecimal(sum.sum.Sum(nil)) != f.SHA256) {
		err = damaged("%d bytes with another hash than the %d bytes that were written", sum.bytes, f.Bytes)
	}
	if err == nil && tail.Next != f.Next {
		err = damaged("it ends at %d, not at %d", tail.Next, f.Next)
	}
	if err = errors.Join(err, in.Close()); err != nil {
		return head, tail, fmt.Errorf("file %s: %w", f.Name, err)
	}
	return head, tail, nil
}

func readRecords(in *summed, want Head, do func(rec *schema.Record) error) (Head, Tail, error) {
	r, err := NewReader(in)
	if err != nil {
		return Head{}, Tail{}, err
	}
	defer r.Close()
	if want.Before = r.Head.Before; r.Head != want {
		return r.Head, Tail{}, damaged("it is of log %v, partition %d, kind %d, from %d on: want log %v, partition %d, kind %d, from %d on",
			r.Head.Log, r.Head.Partition, r.Head.Kind, r.Head.First, want.Log, want.Partition, want.Kind, want.First)
	}
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = do(rec)
		}
		if err != nil {
			return r.Head, Tail{}, err
		}
	}
	_, err = io.Copy(io.Discard, in) // What decoders leave.
	return r.Head, r.Tail(), err
}

// summed hashes what is read.
type summed struct {
	in    io.Reader
	sum   hash.Hash
	bytes int64
}

// Read is io.Reader's.
func (s *summed) Read(b []byte) (int, error) {
	n, err := s.in.Read(b)
	s.sum.Write(b[:n])
	s.bytes += int64(n)
	return n, err
}
