package store

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

var errTrailing = errors.New("more than one JSON document")

// Status is how far a run is.
type Status string

const (
	Running     Status = "running" // or killed: a live one drives its folder, see Driven
	Interrupted Status = "interrupted"
	Done        Status = "done"
	Failed      Status = "failed"
)

// Manifest is what it takes to know a run and to do it again. It never names the host or the user.
type Manifest struct {
	Format       int               `json:"format"`
	Run          string            `json:"run"` // name of the folder
	Title        string            `json:"title,omitempty"`
	Paper        string            `json:"paper,omitempty"` // whose claims are judged
	Status       Status            `json:"status"`
	Error        string            `json:"error,omitempty"` // why it failed
	Quick        bool              `json:"quick,omitempty"` // fewer replicas and points than the spec asks
	Spec         Digest            `json:"spec"`            // of the resolved spec
	Plan         Digest            `json:"plan"`            // of spec, program, seeds, grid and shards
	Program      string            `json:"program"`         // version of the code
	Machine      Machine           `json:"machine"`
	Data         map[string]Digest `json:"data,omitempty"` // by name
	Seeds        Seeds             `json:"seeds"`
	Command      []string          `json:"command"`
	Workers      int               `json:"workers"`
	Started      time.Time         `json:"started"`
	Ended        time.Time         `json:"ended,omitzero"`
	WallSeconds  float64           `json:"wall_seconds"` // over all sessions, of a resumed run
	CPUSeconds   float64           `json:"cpu_seconds"`
	ReplicaSteps int64             `json:"replica_steps"`
	Shards       Progress          `json:"shards"`
	Rows         map[string]int64  `json:"rows,omitempty"` // of each table, by name
	Result       Digest            `json:"result"`         // hash over the values of all tables; "" until done
	Warnings     []string          `json:"warnings,omitempty"`
	Failed       []FailedCell      `json:"failed,omitempty"`  // cells that have no result; resume tries them again
	Extends      *Origin           `json:"extends,omitempty"` // the run that this one extended
}

// FailedCell is a cell that could not be computed.
type FailedCell struct {
	Cell int    `json:"cell"`
	Name string `json:"name"` // its dynamics and settings
	Why  string `json:"why"`
}

// Origin is the run that another goes on from.
type Origin struct {
	Run          string `json:"run"` // name of its folder, then
	Plan         Digest `json:"plan"`
	Result       Digest `json:"result"`        // "" where it was not done
	ReplicaSteps int64  `json:"replica_steps"` // that were not taken again
}

// Machine is what a run was computed on.
type Machine struct {
	Go    string `json:"go"`
	OS    string `json:"os"`
	Arch  string `json:"arch"`
	CPU   string `json:"cpu,omitempty"` // the model, where the system tells
	Cores int    `json:"cores"`
}

// Seeds are those of the spec; a sweep may override them.
type Seeds struct {
	Data  uint64 `json:"data"`
	Init  uint64 `json:"init"`
	Noise uint64 `json:"noise"`
}

// Progress is how many of a run's shards are in the store.
type Progress struct {
	Done  int `json:"done"`
	Total int `json:"total"`
}

const manifestFormat = 1

// ThisMachine describes the machine it is called on.
func ThisMachine() Machine {
	return Machine{Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, CPU: cpuModel(), Cores: runtime.NumCPU()}
}

func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	return scanModel(f)
}

// scanModel finds the model in the form of Linux: "model name : …" on x86, "Model : …" on some ARM boards.
func scanModel(r io.Reader) string {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		key, value, ok := strings.Cut(lines.Text(), ":")
		if key = strings.TrimSpace(key); ok && (key == "model name" || key == "Model") {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return ""
}

// WriteManifest replaces the manifest of a run folder, atomically.
func WriteManifest(dir string, m *Manifest) error {
	path := filepath.Join(dir, ManifestFile)
	out := *m
	out.Format = manifestFormat
	if err := out.check(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return writeJSON(path, &out)
}

// ReadManifest reads the manifest of a run folder, strictly. The error is a *MissingError (this is no run folder), a
// *DamagedError or a *DiskError.
func ReadManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, ManifestFile)
	remedy := fmt.Sprintf("take it from a copy, or `sgdlab resume %s` makes it anew", dir)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, readError(path, err, "want a run folder; `sgdlab ls` lists those that there are")
	}
	m := &Manifest{}
	if err := decodeStrict(data, m); err != nil {
		return nil, &DamagedError{Path: path, Finding: jsonFinding(data, err), Remedy: remedy}
	}
	if err := m.check(); err != nil {
		return nil, &DamagedError{Path: path, Finding: err.Error(), Remedy: remedy}
	}
	return m, nil
}

func (m *Manifest) check() error {
	finite := func(x float64) bool { return x >= 0 && !math.IsInf(x, 0) }
	switch {
	case m.Format != manifestFormat:
		return fmt.Errorf("format: got %d; this program reads %d", m.Format, manifestFormat)
	case m.Run == "":
		return errors.New("run: got nothing; want the name of the folder")
	case !slices.Contains([]Status{Running, Interrupted, Done, Failed}, m.Status):
		return fmt.Errorf("status: got %q; want running, interrupted, done or failed", m.Status)
	case m.Shards.Done < 0 || m.Shards.Done > m.Shards.Total:
		return fmt.Errorf("shards: got %d done of %d", m.Shards.Done, m.Shards.Total)
	case !finite(m.WallSeconds) || !finite(m.CPUSeconds):
		return fmt.Errorf("wall_seconds, cpu_seconds: got %g, %g; want times ≥ 0", m.WallSeconds, m.CPUSeconds)
	case m.Status == Done && m.Result.IsZero():
		return errors.New("result: got none; a run that is done has a hash")
	}
	return nil
}

// jsonFinding says what is wrong with a document that does not decode.
func jsonFinding(data []byte, err error) string {
	switch {
	case len(data) == 0:
		return "empty"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Sprintf("cut short after %d bytes", len(data))
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}
