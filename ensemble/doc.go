// Package ensemble runs replicas: packs over cores, lanes that refill when a replica stops, events after every step,
// observations at their schedules, everything streamed into statistics.
//
// The unit of work is a shard: a block of (cell, replica) pairs of one group, whose cells differ only in settings and
// seeds and so share packs. A shard is a pure function of the group and the block: replicas enter lanes in the order of
// the block, refill when a lane is free and the pack stands at a common observation time, and sums are taken in the
// order in which that happens. Nothing depends on threads, on the machine or on interruptions: a Runner can be stopped
// between any two steps, saved, and continued by another process to the same bits.
//
// What belongs here: the loop over steps, lanes and shards. What does not: what the objects are and where they come
// from (package catalog), which shards there are and what becomes of their results (packages study and engine).
package ensemble
