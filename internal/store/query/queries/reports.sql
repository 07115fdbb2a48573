-- name: AddReport :exec
INSERT INTO reports (id, room, about, made_by, made, hashes, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: CountReports :one
SELECT count(*) FROM reports WHERE made_by = $1;

-- name: Reports :many
SELECT id, room, about, made_by, made FROM reports ORDER BY made DESC, id;

-- name: Report :one
SELECT id, room, about, made_by, made, hashes, sealed FROM reports WHERE id = $1;

-- name: ForgetReports :exec
DELETE FROM reports WHERE made < $1;

-- name: ReportsBy :many
SELECT id, room, about, made, CAST(length(hashes) + length(sealed) AS BIGINT) AS bytes
FROM reports WHERE made_by = $1 ORDER BY made DESC, id;
