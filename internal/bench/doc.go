// Package bench measures what a node costs: it starts a node and a crowd
// (package crowd), each as a process of its own on this machine, brings the
// crowd into a room, lets it speak, and reports what the node used up
// meanwhile.
//
// Accounts and sessions are written into the node's records before it starts,
// so that its limits on signing up stay as they are; from there on the crowd
// uses the public protocol. What the node costs is read from /proc, as anybody
// could, and its own numbers from /metrics.
//
// Loss is another measurement: what is left of a voice on a line that loses
// packets (package lossy).
//
// Coordination is a third one: what a region's coordination costs (package
// coordinate), in the process that measures.
//
// It runs on Linux. Not here: other machines.
package bench
