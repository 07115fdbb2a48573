-- name: AddRoom :exec
INSERT INTO rooms (name, term, seq) VALUES ($1, $2, $3);

-- name: Room :one
SELECT term, seq, compacted, house, kept FROM rooms WHERE name = $1;

-- name: ExtendRoom :exec
UPDATE rooms SET term = $1, seq = $2 WHERE name = $3;

-- name: AddEvent :exec
INSERT INTO room_events (room, seq, event) VALUES ($1, $2, $3);

-- name: DeleteRoom :exec
DELETE FROM rooms WHERE name = $1;

-- name: SetSnapshot :exec
UPDATE rooms SET term = $1, compacted = $2, snapshot = $3 WHERE name = $4;

-- name: DeleteEvents :exec
DELETE FROM room_events WHERE room = $1 AND seq <= $2;

-- name: RaiseTerms :exec
UPDATE rooms SET term = term + 1 WHERE kept = FALSE;

-- name: Rooms :many
SELECT name, term, snapshot, house FROM rooms WHERE kept = FALSE ORDER BY name;

-- name: Events :many
SELECT event FROM room_events WHERE room = $1 ORDER BY seq;
