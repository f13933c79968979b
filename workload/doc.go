// Package workload holds five workloads on which the engine is measured beside PyTorch, NumPy and C, the program that runs them, and
// measurements of the machine. bench/README.md defines the workloads; the baselines
// are beside it.
//
// The steppers and models are those of every study, packs of replicas stepped in blocks: what is measured is the engine without
// what happens between steps (readings, files), which `sgdlab run` adds.
//
// What belongs here: workloads, how they are timed, and the statistic by which programs are compared before their rates are. What
// does not: any arithmetic of the laboratory itself.
package workload
