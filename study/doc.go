// Package study gives a spec its meaning: from a tree of nodes to cells, groups and shards, and from the results of
// shards to estimates, answers, analyses and verdicts.
//
//	Load     spec file → Study, or all its mistakes
//	Group    the cells that may share packs, and the tools to run them
//	Gather   results of shards → tables, in the order of the plan
//	Judge    claims → verdicts
//
// What belongs here: what the keys of a spec mean, and how questions are answered. What does not: names of models and
// the like (package catalog), stepping (package ensemble), files (package store), where shards run (package engine).
package study
