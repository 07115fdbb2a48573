-- name: AddKeptRoom :exec
INSERT INTO rooms (name, term, seq, compacted, snapshot, house, opened, kept) VALUES ($1, $2, $3, $4, $5, $6, $7, TRUE);

-- name: TakeOwnRooms :many
UPDATE rooms SET seq = seq WHERE house IS NULL RETURNING name, term, seq, snapshot;

-- name: TakeKeptRooms :many
UPDATE rooms SET seq = seq WHERE house = $1 AND kept = TRUE RETURNING name;

-- name: RoomsRunFor :many
SELECT name FROM rooms WHERE house = $1 AND kept = FALSE ORDER BY name;

-- name: DoubtRooms :exec
UPDATE rooms SET house = $1, kept = TRUE WHERE house IS NULL;

-- name: AdoptRooms :many
UPDATE rooms SET kept = FALSE, term = term + 1 WHERE house = $1 RETURNING name, term, seq, snapshot;

-- name: OwnRoomsAgain :exec
UPDATE rooms SET house = NULL WHERE house = $1 AND kept = FALSE;

-- name: HandBackRooms :many
UPDATE rooms SET kept = TRUE WHERE house = $1 RETURNING name, term, seq, snapshot;

-- name: SetPair :exec
INSERT INTO pairs (house, deputy, term, key, url, kept_out) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (house) DO UPDATE SET deputy = excluded.deputy, term = excluded.term, key = excluded.key, url = excluded.url, kept_out = excluded.kept_out;

-- name: Pairs :many
SELECT house, deputy, term, key, url, kept_out FROM pairs ORDER BY house;

-- name: DeletePair :exec
DELETE FROM pairs WHERE house = $1;
