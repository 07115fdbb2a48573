-- name: SetBlock :exec
INSERT INTO blocks (who, whom, level, since) VALUES ($1, $2, $3, $4)
ON CONFLICT (who, whom) DO UPDATE SET
    since = CASE WHEN blocks.level = excluded.level THEN blocks.since ELSE excluded.since END, level = excluded.level;

-- name: CountBlocks :one
SELECT count(*) FROM blocks WHERE who = $1 AND whom <> $2;

-- name: DropBlock :exec
DELETE FROM blocks WHERE who = $1 AND whom = $2;

-- name: HasBlocked :one
SELECT EXISTS (SELECT 1 FROM blocks WHERE who = $1 AND whom = $2 AND level = 'block') AS there;

-- name: Blocks :many
SELECT b.level, b.since, p.id, p.created, w.sealed, COALESCE(w.version, 0) AS version,
    CAST(COALESCE((SELECT f.notify FROM follows f WHERE f.who = b.who AND f.whom = b.whom), '') AS TEXT) AS notify,
    EXISTS (SELECT 1 FROM follows f WHERE f.who = b.whom AND f.whom = b.who AND b.level <> 'block') AS back
FROM blocks b JOIN people p ON p.id = b.whom LEFT JOIN profiles w ON w.person = p.id
WHERE b.who = $1 ORDER BY b.since DESC, p.id;

-- name: BlockedBy :many
SELECT whom, level, since FROM blocks WHERE who = $1 ORDER BY since DESC, whom;

-- name: BlockersOf :many
SELECT who FROM blocks WHERE whom = $1 AND level = 'block' LIMIT $2;
