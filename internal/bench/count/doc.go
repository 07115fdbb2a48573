// Package count is what the crowds of all benchmarks say and how it is counted,
// whatever the server and the protocol: frames with a number (Frame), which of
// them have come to whom (Window), and how late (Delays).
//
// A frame has come if it could be opened and is one of those that were sent;
// twice is counted apart. Not here: sound, and how frames travel.
package count
