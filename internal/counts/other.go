//go:build !(linux && amd64)

package main

import "fmt"

func main() { fmt.Println("counts: instructions are counted on linux/amd64") }
