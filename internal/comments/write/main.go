// Command write writes reference/comments.json anew: `go generate ./reference` calls it, in that folder.
package main

import (
	"fmt"
	"os"

	"sgdlab/internal/comments"
)

func main() {
	if err := write(".."); err != nil {
		fmt.Fprintln(os.Stderr, "comments:", err)
		os.Exit(1)
	}
}

func write(root string) error {
	c, err := comments.Read(root)
	if err != nil {
		return err
	}
	text, err := c.JSON()
	if err != nil {
		return err
	}
	return os.WriteFile("comments.json", []byte(text), 0o666)
}
