//go:build !(linux && (amd64 || arm64 || riscv64 || loong64))

package store

import (
	"os"
	"syscall"
)

// renameNoReplace is not offered by this system; file systems with links do not need it.
func renameNoReplace(from, to string) error {
	return &os.LinkError{Op: "rename", Old: from, New: to, Err: syscall.ENOTSUP}
}
