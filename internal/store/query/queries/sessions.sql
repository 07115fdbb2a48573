-- name: AddSession :exec
INSERT INTO sessions (id, token, person, created, seen) VALUES ($1, $2, $3, $4, $5);

-- name: SessionByToken :one
SELECT id, person, created, seen FROM sessions WHERE token = $1;

-- name: RenewSession :exec
UPDATE sessions SET seen = $1 WHERE id = $2;

-- name: Sessions :many
SELECT id, person, created, seen
FROM sessions WHERE person = $1 AND seen > $2 ORDER BY seen DESC, id;

-- name: EndSession :execrows
DELETE FROM sessions WHERE id = $1 AND person = $2;

-- name: ForgetSessionsOver :exec
DELETE FROM sessions WHERE seen <= $1;

-- name: ForgetSessionsBeyond :exec
DELETE FROM sessions WHERE id IN (
    SELECT s.id FROM sessions s WHERE s.person = $1
    ORDER BY s.seen DESC, s.created DESC LIMIT 1000 OFFSET $2
);
