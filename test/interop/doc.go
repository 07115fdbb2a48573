// Package interop holds clients that were written from docs/protocol alone
// against a whole node: sign-up, rooms, the WebSocket and media. One is Go with
// pion/webrtc and runs with all tests; the other is Python with aiortc, whose
// WebRTC shares no code with ours, and runs with the build tag interop.
//
// The clients decode what they get by themselves, so that a word which changes
// on one side alone is found. What a room's rules are is tested elsewhere.
package interop
