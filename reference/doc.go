// Package reference explains every word that a spec or a command line may use, from what the code itself says: the comments
// of constructors and types, the tags of settings, the tables of package study, and what the things answer when they are
// built under the settings with which the catalog's tests run them.
//
// After a change of any of these `go generate ./reference` writes comments.json and docs/reference.md anew; tests fail until
// that is done.
//
// What belongs here: topics, and how a terminal and a page show them. What does not: the words themselves, which stand
// where the thing is (the lists of package catalog, the tables of package study), and verbs (cmd/sgdlab).
package reference

//go:generate go run sgdlab/internal/comments/write
//go:generate go run sgdlab/cmd/sgdlab explain --markdown ../docs/reference.md
