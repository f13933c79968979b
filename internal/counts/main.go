//go:build linux && amd64

// Command counts guards the engine's speed without a clock: it counts the instructions that the laboratory's own functions execute
// in fixed small pieces of the workloads W1 … W5, and compares them with those kept in counts.txt. A piece is executed instruction by
// instruction under a tracer, so the figures are exact and the same on every machine that has the vector instructions; what the Go
// runtime does in between is not counted.
//
//	go run ./internal/counts            compare, exit status 1 where a count is more than 2 % above the one kept
//	go run ./internal/counts -update    keep what was counted
//	go run ./internal/counts -v         with the functions that take most of it
package main

import (
	"bufio"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/cpu"

	"sgdlab/workload"
)

const (
	kept      = "internal/counts/counts.txt"
	tolerance = 0.02
)

// flavours are the kernels that a machine may have, and what leaves the faster ones out.
var flavours = []struct {
	name, debug string
	there       bool
}{
	{"avx2", "cpu.avx512f=off", cpu.X86.HasAVX2 && cpu.X86.HasFMA},
	{"avx512", "", cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL},
}

func main() {
	update := flag.Bool("update", false, "keep what was counted")
	only := flag.String("only", "", "the workloads to count, separated by spaces (default: all)")
	verbose := flag.Bool("v", false, "print the functions that take most of it")
	piece := flag.String("piece", "", "run the piece of one workload between two stops: what is traced")
	flag.Parse()
	if *piece != "" {
		if err := run(*piece); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		return
	}
	bad, err := compare(*update, *verbose, *only)
	switch {
	case errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS):
		fmt.Printf("counts: not counted, since this machine does not let a process be traced: %v\n", err)
	case err != nil:
		fmt.Fprintln(os.Stderr, "counts:", err)
		os.Exit(2)
	}
	if bad {
		os.Exit(1)
	}
}

// run is the traced side.
func run(name string) error {
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	piece, err := workload.Piece(name)
	if err != nil {
		return err
	}
	piece() // what is allocated once
	stop := func() error { return syscall.Tgkill(syscall.Getpid(), syscall.Gettid(), syscall.SIGSTOP) }
	if err := stop(); err != nil {
		return err
	}
	piece()
	return stop()
}

func compare(update, verbose bool, only string) (bad bool, err error) {
	old := map[string]int{}
	if f, err := os.Open(kept); err == nil {
		for s := bufio.NewScanner(f); s.Scan(); {
			var name, flavour string
			var n int
			if _, err := fmt.Sscan(s.Text(), &name, &flavour, &n); err == nil {
				old[name+" "+flavour] = n
			}
		}
		f.Close()
	} else if !update {
		return false, err
	}
	counted := maps.Clone(old)
	for _, f := range flavours {
		if !f.there {
			fmt.Printf("%-8s not on this machine\n", f.name)
			continue
		}
		for _, name := range strings.Fields(cmp.Or(only, strings.Join(workload.Pieces(), " "))) {
			by, err := count(name, f.debug)
			if err != nil {
				return false, fmt.Errorf("%s: %w", name, err)
			}
			n := 0
			for _, k := range by {
				n += k
			}
			key := name + " " + f.name
			counted[key] = n
			was, known := old[key]
			verdict := ""
			switch {
			case !known:
				verdict, bad = "not kept yet", bad || !update
			case float64(n) > float64(was)*(1+tolerance):
				verdict, bad = fmt.Sprintf("more than the %d kept by %.1f %%", was, 100*(float64(n)/float64(was)-1)), bad || !update
			case float64(n) < float64(was)*(1-tolerance):
				verdict = fmt.Sprintf("less than the %d kept by %.1f %%: -update keeps the gain", was, 100*(1-float64(n)/float64(was)))
			}
			fmt.Printf("%-8s %-8s %9d instructions %s\n", name, f.name, n, verdict)
			if verbose {
				top(by, n)
			}
		}
	}
	if !update {
		return bad, nil
	}
	var b strings.Builder
	fmt.Fprintln(&b, "# workload, vector instructions, instructions executed by the laboratory's functions in a piece of it")
	for _, key := range slices.Sorted(maps.Keys(counted)) {
		fmt.Fprintln(&b, key, counted[key])
	}
	return false, os.WriteFile(filepath.FromSlash(kept), []byte(b.String()), 0o666)
}

func top(by map[string]int, all int) {
	names := slices.SortedFunc(maps.Keys(by), func(a, b string) int { return by[b] - by[a] })
	for _, name := range names[:min(len(names), 12)] {
		fmt.Printf("    %5.1f %%  %s\n", 100*float64(by[name])/float64(all), name)
	}
}

// count steps through a piece and returns the instructions executed in each of the laboratory's functions.
func count(name, godebug string) (map[string]int, error) {
	runtime.LockOSThread() // a tracer is a thread
	defer runtime.UnlockOSThread()
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-piece", name)
	cmd.Env = append(os.Environ(), "GODEBUG="+strings.Trim(godebug+",asyncpreemptoff=1", ","), "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("trace a process: %w", err)
	}
	pid := cmd.Process.Pid
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	var status syscall.WaitStatus
	// until waits for the stop of a signal, and passes the others on.
	until := func(want syscall.Signal) error {
		for {
			if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
				return err
			}
			if !status.Stopped() {
				return fmt.Errorf("the traced process has ended with %v", status)
			}
			got := status.StopSignal()
			if got == want {
				return nil
			}
			pass := int(got)
			if got == syscall.SIGTRAP {
				pass = 0 // that of its start
			}
			if err := syscall.PtraceCont(pid, pass); err != nil {
				return err
			}
		}
	}
	if err := until(syscall.SIGSTOP); err != nil {
		return nil, err
	}
	// The traced program is this one, at the same addresses.
	var regs syscall.PtraceRegs
	by := map[string]int{}
	var low, high uint64 // the function that was met last
	var into string
	// A function that finds its goroutine preempted (the runtime asks for it every ten milliseconds, which are few instructions of a
	// traced program) calls morestack before its body and then begins anew: its first try is not counted.
	var begun int
	preempted := false
	for pass := 0; ; {
		if err := syscall.PtraceGetRegs(pid, &regs); err != nil {
			return nil, err
		}
		if regs.Rip < low || regs.Rip >= high {
			into, low, high = "", regs.Rip, regs.Rip+1
			f := runtime.FuncForPC(uintptr(regs.Rip))
			switch {
			case f == nil:
			case strings.HasPrefix(f.Name(), "runtime.morestack"):
				preempted = true
			case strings.HasPrefix(f.Name(), "sgdlab/"):
				into = f.Name()
				low = uint64(f.Entry())
				for high = low + 1; ; high += 16 { // to the end of the function, in steps
					if g := runtime.FuncForPC(uintptr(high)); g == nil || g.Entry() != f.Entry() {
						high = max(low+1, high-16, regs.Rip+1)
						break
					}
				}
			}
		}
		if into != "" {
			if regs.Rip == low {
				if preempted {
					by[into] = begun
					preempted = false
				}
				begun = by[into]
			}
			by[into]++
		}
		if err := ptraceStep(pid, pass); err != nil {
			return nil, err
		}
		pass = 0
		if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
			return nil, err
		}
		if !status.Stopped() {
			return nil, fmt.Errorf("the traced process has ended with %v", status)
		}
		switch got := status.StopSignal(); got {
		case syscall.SIGTRAP:
		case syscall.SIGSTOP:
			return by, nil
		default:
			pass = int(got)
		}
	}
}

// ptraceStep executes one instruction, delivering a signal where there is one.
func ptraceStep(pid, signal int) error {
	const singleStep = 9
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PTRACE, singleStep, uintptr(pid), 0, uintptr(signal), 0, 0); errno != 0 {
		return errno
	}
	return nil
}
