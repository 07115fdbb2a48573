-- name: IsFollowing :one
SELECT EXISTS (SELECT 1 FROM follows WHERE who = $1 AND whom = $2) AS there;

-- name: CountFollowing :one
SELECT count(*) FROM follows WHERE who = $1;

-- name: Follow :exec
INSERT INTO follows (who, whom, since, notify) VALUES ($1, $2, $3, $4);

-- name: SetNotify :execrows
UPDATE follows SET notify = $1 WHERE who = $2 AND whom = $3;

-- name: Unfollow :exec
DELETE FROM follows WHERE who = $1 AND whom = $2;

-- name: Following :many
SELECT p.id, p.created, w.sealed, COALESCE(w.version, 0) AS version,
    f.notify,
    EXISTS (SELECT 1 FROM follows g WHERE g.who = f.whom AND g.whom = f.who
        AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.who = g.whom AND b.whom = g.who AND b.level = 'block')) AS back
FROM follows f JOIN people p ON p.id = f.whom LEFT JOIN profiles w ON w.person = p.id
WHERE f.who = $1 ORDER BY f.since DESC, p.id LIMIT $2;

-- name: Followers :many
-- Whom one has blocked goes on following, and one does not see it.
SELECT p.id, p.created, w.sealed, COALESCE(w.version, 0) AS version,
    COALESCE(g.notify, '') AS notify
FROM follows f JOIN people p ON p.id = f.who LEFT JOIN follows g ON g.who = f.whom AND g.whom = f.who LEFT JOIN profiles w ON w.person = p.id
WHERE f.whom = $1 AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.who = f.whom AND b.whom = f.who AND b.level = 'block')
ORDER BY f.since DESC, p.id LIMIT $2;

-- name: FollowedBy :many
SELECT whom FROM follows WHERE who = $1;

-- name: Levels :many
SELECT whom, notify FROM follows WHERE who = $1;

-- name: FollowerIDs :many
SELECT who FROM follows WHERE whom = $1 LIMIT $2;

-- name: CountFollowers :one
-- As a viewer sees it: of one's own those do not count whom one has blocked. No more
-- rows are read than are counted.
SELECT count(*) FROM (
    SELECT f.who FROM follows f WHERE f.whom = @whom AND NOT (
        f.whom = @viewer AND EXISTS (SELECT 1 FROM blocks b WHERE b.who = f.whom AND b.whom = f.who AND b.level = 'block'))
    LIMIT @most
) AS counted;

-- name: FollowsOf :many
SELECT who, whom, since, notify FROM follows WHERE who = $1 OR whom = $1 ORDER BY since DESC, who, whom LIMIT $2;

-- name: Hide :exec
INSERT INTO hidden (who, whom, since) VALUES ($1, $2, $3) ON CONFLICT (who, whom) DO NOTHING;

-- name: CountHidden :one
SELECT count(*) FROM hidden WHERE who = $1;

-- name: Hidden :many
SELECT who, whom, since FROM hidden WHERE who = $1 ORDER BY since DESC, whom;

-- name: Related :many
SELECT f.whom AS person FROM follows f WHERE f.who = $1
UNION ALL SELECT g.who FROM follows g WHERE g.whom = $1
    AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.who = g.whom AND b.whom = g.who AND b.level = 'block') LIMIT $2;
