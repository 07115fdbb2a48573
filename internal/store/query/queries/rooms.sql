-- name: AddRoom :exec
INSERT INTO rooms (name, term, seq, opened) VALUES ($1, $2, $3, $4);

-- name: RoomNames :many
SELECT name FROM rooms;

-- name: TakeRoom :one
-- A room that is taken is nobody else's to change until the transaction ends.
UPDATE rooms SET seq = seq WHERE name = $1 RETURNING term, seq, compacted, house, kept;

-- name: ExtendRoom :execrows
UPDATE rooms SET term = @term, seq = @seq
WHERE name = @name AND seq = @known AND term <= @term AND kept = FALSE;

-- name: SetSeq :exec
UPDATE rooms SET term = $1, seq = $2 WHERE name = $3;

-- name: AddEvent :exec
INSERT INTO room_events (room, seq, event) VALUES ($1, $2, $3);

-- name: DeleteRoom :exec
DELETE FROM rooms WHERE name = $1;

-- name: SetSnapshot :exec
UPDATE rooms SET term = $1, compacted = $2, snapshot = $3 WHERE name = $4;

-- name: DeleteEvents :exec
DELETE FROM room_events WHERE room = $1 AND seq <= $2;

-- name: RaiseTerms :many
UPDATE rooms SET term = term + 1 WHERE kept = FALSE RETURNING name, term, snapshot, house;

-- name: Events :many
SELECT seq, event FROM room_events WHERE room = $1 ORDER BY seq;

-- name: IsRoom :one
SELECT EXISTS (SELECT 1 FROM rooms WHERE name = $1);
