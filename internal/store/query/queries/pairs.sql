-- name: AddKeptRoom :exec
INSERT INTO rooms (name, term, seq, compacted, snapshot, house, kept) VALUES ($1, $2, $3, $4, $5, $6, TRUE);

-- name: OwnRooms :many
SELECT name, term, seq, snapshot FROM rooms WHERE house IS NULL ORDER BY name;

-- name: RoomsOfHouse :many
SELECT name, term, seq, snapshot FROM rooms WHERE house = $1 AND kept = $2 ORDER BY name;

-- name: DoubtRooms :exec
UPDATE rooms SET house = $1, kept = TRUE WHERE house IS NULL;

-- name: AdoptRooms :exec
UPDATE rooms SET kept = FALSE, term = term + 1 WHERE house = $1;

-- name: OwnRoomsAgain :exec
UPDATE rooms SET house = NULL WHERE house = $1 AND kept = FALSE;

-- name: HandBackRooms :exec
UPDATE rooms SET kept = TRUE WHERE house = $1;

-- name: SetPair :exec
INSERT INTO pairs (house, deputy, term, key, url) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (house) DO UPDATE SET deputy = excluded.deputy, term = excluded.term, key = excluded.key, url = excluded.url;

-- name: Pairs :many
SELECT house, deputy, term, key, url FROM pairs ORDER BY house;

-- name: DeletePair :exec
DELETE FROM pairs WHERE house = $1;
