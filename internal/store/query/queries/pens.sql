-- name: AddPen :exec
INSERT INTO pens (id, written, used) VALUES ($1, 0, $2);

-- name: UsePen :execrows
UPDATE pens SET written = $1, used = $2 WHERE id = $3;

-- name: Written :one
UPDATE pens SET used = $1 WHERE id = $2 RETURNING written;

-- name: DropPen :exec
DELETE FROM pens WHERE id = $1;

-- name: DropPensBefore :exec
DELETE FROM pens WHERE used < $1;
