-- name: IsFollowing :one
SELECT EXISTS (SELECT 1 FROM follows WHERE who = $1 AND whom = $2) AS there;

-- name: CountFollowing :one
SELECT count(*) FROM follows WHERE who = $1;

-- name: Follow :exec
INSERT INTO follows (who, whom, since) VALUES ($1, $2, $3);

-- name: Unfollow :exec
DELETE FROM follows WHERE who = $1 AND whom = $2;

-- name: Following :many
SELECT p.id, p.name, p.created,
    EXISTS (SELECT 1 FROM follows b WHERE b.who = f.whom AND b.whom = f.who) AS back
FROM follows f JOIN people p ON p.id = f.whom
WHERE f.who = $1 ORDER BY f.since DESC, p.id LIMIT $2;

-- name: Followers :many
SELECT p.id, p.name, p.created,
    EXISTS (SELECT 1 FROM follows b WHERE b.who = f.whom AND b.whom = f.who) AS back
FROM follows f JOIN people p ON p.id = f.who
WHERE f.whom = $1 ORDER BY f.since DESC, p.id LIMIT $2;

-- name: FollowedBy :many
SELECT whom FROM follows WHERE who = $1;
