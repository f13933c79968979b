//go:build linux && (amd64 || arm64 || riscv64 || loong64)

package store

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// renameNoReplace is renameat2 with RENAME_NOREPLACE: fs.ErrExist where the new name is taken.
func renameNoReplace(from, to string) error {
	number := uintptr(276) // of the system call in the table that newer architectures share
	if runtime.GOARCH == "amd64" {
		number = 316
	}
	const atCwd, noReplace = -100, 1
	old, err := syscall.BytePtrFromString(from)
	if err != nil {
		return err
	}
	new, err := syscall.BytePtrFromString(to)
	if err != nil {
		return err
	}
	cwd := atCwd
	_, _, errno := syscall.Syscall6(number, uintptr(cwd), uintptr(unsafe.Pointer(old)), uintptr(cwd), uintptr(unsafe.Pointer(new)), noReplace, 0)
	if errno != 0 {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: errno}
	}
	return nil
}
