package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// Kind says what a blob holds, so that one is never read as another.
type Kind uint32

const (
	Shard      Kind = 1 // the result of one shard
	Checkpoint Kind = 2 // states and clocks of a shard in progress
	Kept       Kind = 3 // a cell of a finished run, as it takes to extend it
)

func (k Kind) String() string {
	switch k {
	case Shard:
		return "shard"
	case Checkpoint:
		return "checkpoint"
	case Kept:
		return "kept cell"
	}
	return fmt.Sprintf("blob of kind %d", uint32(k))
}

// Blob is a payload with what is needed to trust it. Its file, little-endian:
//
//	offset  size  content
//	     0     8  "sgdlab\r\n"
//	     8     4  version of this layout
//	    12     4  kind
//	    16    32  SHA-256 of the plan
//	    48     8  length n of the payload
//	    56     n  payload
//	  56+n    32  SHA-256 of all before
type Blob struct {
	Kind    Kind
	Plan    Digest
	Payload []byte
}

const (
	blobMagic   = "sgdlab\r\n" // as PNG does: a transfer that rewrites line ends is seen at once
	blobVersion = 1
	blobHeader  = 56
	blobTrailer = sha256.Size
)

// Encode is the blob's file.
func (b Blob) Encode() []byte {
	data := make([]byte, 0, blobHeader+len(b.Payload)+blobTrailer)
	data = append(data, blobMagic...)
	data = binary.LittleEndian.AppendUint32(data, blobVersion)
	data = binary.LittleEndian.AppendUint32(data, uint32(b.Kind))
	data = append(data, b.Plan[:]...)
	data = binary.LittleEndian.AppendUint64(data, uint64(len(b.Payload)))
	data = append(data, b.Payload...)
	sum := sha256.Sum256(data)
	return append(data, sum[:]...)
}

// errDamaged: the bytes are not what some version of this program wrote.
var errDamaged = errors.New("damaged")

// Decode is the inverse of Encode; the payload aliases data. An error says what is wrong with the bytes, not where
// they are from.
func Decode(data []byte) (Blob, error) {
	// The trailer is checked before a single field is believed. It is the last 32 bytes in every version, so that a
	// file of a newer program is told from a damaged one.
	if len(data) < blobTrailer || sha256.Sum256(data[:len(data)-blobTrailer]) != [blobTrailer]byte(data[len(data)-blobTrailer:]) {
		return Blob{}, fmt.Errorf("%w: %s", errDamaged, damage(data))
	}
	head := data[:len(data)-blobTrailer]
	if !bytes.HasPrefix(head, []byte(blobMagic)) {
		return Blob{}, fmt.Errorf("%w: not a file of sgdlab", errDamaged)
	}
	if len(head) < 12 {
		return Blob{}, fmt.Errorf("%w: no header", errDamaged)
	}
	if v := binary.LittleEndian.Uint32(head[8:]); v != blobVersion {
		return Blob{}, fmt.Errorf("format version %d; this program reads version %d", v, blobVersion)
	}
	if len(head) < blobHeader || binary.LittleEndian.Uint64(head[48:]) != uint64(len(head)-blobHeader) {
		return Blob{}, fmt.Errorf("%w: the length in its header is wrong", errDamaged)
	}
	return Blob{
		Kind:    Kind(binary.LittleEndian.Uint32(head[12:])),
		Plan:    Digest(head[16:48]),
		Payload: head[blobHeader:],
	}, nil
}

// damage says what is wrong with bytes whose hash is: for a reader, since nothing depends on it.
func damage(data []byte) string {
	if len(data) == 0 {
		return "empty"
	}
	if n := min(len(data), len(blobMagic)); string(data[:n]) != blobMagic[:n] {
		return "not a file of sgdlab, or altered at its start"
	}
	if len(data) < blobHeader {
		return fmt.Sprintf("cut short: %d bytes, less than a header", len(data))
	}
	n := binary.LittleEndian.Uint64(data[48:])
	if have := uint64(len(data)); n <= 1<<62 {
		if want := n + blobHeader + blobTrailer; have < want {
			return fmt.Sprintf("cut short: %d of %d bytes", have, want)
		} else if have > want {
			return fmt.Sprintf("%d bytes too many", have-want)
		}
	}
	return "altered: its SHA-256 does not match its content"
}

// ReadBlob reads the payload of a blob that must be of this kind and plan. The error is
//
//   - *MissingError (errors.Is fs.ErrNotExist) where there is no file,
//   - *DamagedError where it is cut short, altered, of another kind or of another version,
//   - *PlanError where it is sound but belongs to another plan,
//   - *DiskError where the disk cannot be read.
func ReadBlob(path string, kind Kind, plan Digest) ([]byte, error) {
	remedy := kind.remedy(path)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, readError(path, err, remedy)
	}
	b, err := Decode(data)
	if err != nil {
		if !errors.Is(err, errDamaged) {
			remedy = "use the program that wrote it, or start afresh with another --out"
		}
		return nil, &DamagedError{Path: path, Finding: err.Error(), Remedy: remedy}
	}
	if b.Kind != kind {
		return nil, &DamagedError{Path: path, Finding: fmt.Sprintf("holds a %v; want a %v", b.Kind, kind), Remedy: remedy}
	}
	if b.Plan != plan {
		return nil, &PlanError{Path: path, Found: b.Plan, Want: plan}
	}
	return b.Payload, nil
}

func (k Kind) remedy(path string) string {
	switch k {
	case Shard:
		return fmt.Sprintf("`sgdlab resume %s` computes this shard anew", runOf(path))
	case Checkpoint:
		return fmt.Sprintf("remove it, and `sgdlab resume %s` computes its shard from the start", runOf(path))
	}
	return fmt.Sprintf("remove it, then `sgdlab resume %s`", runOf(path))
}
