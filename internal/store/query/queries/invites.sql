-- name: SetFounderInvite :exec
INSERT INTO invites (id, code, created, expires) VALUES ($1, $2, $3, 0)
ON CONFLICT (id) DO UPDATE SET code = excluded.code, used = 0, used_by = NULL;

-- name: CountInvites :one
SELECT count(*) FROM invites
WHERE given_by = $1 AND (used > 0 OR (revoked = 0 AND expires > $2));

-- name: AddInvite :exec
INSERT INTO invites (id, code, given_by, created, expires) VALUES ($1, $2, $3, $4, $5);

-- name: ForgetInvitesBeyond :exec
DELETE FROM invites WHERE id IN (
    SELECT i.id FROM invites i
    WHERE i.given_by = $1 AND i.used = 0 AND (i.revoked > 0 OR i.expires <= $2)
    ORDER BY i.created DESC, i.id LIMIT 1000 OFFSET $3
);

-- name: InvitesFrom :many
SELECT i.id, i.created, i.expires, i.revoked, i.used,
    i.used_by, COALESCE(p.created, 0) AS used_by_created, w.sealed, COALESCE(w.version, 0) AS version,
    CAST(COALESCE((SELECT f.notify FROM follows f WHERE f.who = i.given_by AND f.whom = i.used_by), '') AS TEXT) AS notify,
    EXISTS (SELECT 1 FROM follows f WHERE f.who = i.used_by AND f.whom = i.given_by) AS follows_me
FROM invites i LEFT JOIN people p ON p.id = i.used_by LEFT JOIN profiles w ON w.person = p.id
WHERE i.given_by = $1 ORDER BY i.created DESC, i.id;

-- name: InviteByCode :one
SELECT i.id, i.created, i.expires, i.revoked, i.used,
    i.given_by, COALESCE(p.created, 0) AS given_by_created, w.sealed, COALESCE(w.version, 0) AS version
FROM invites i LEFT JOIN people p ON p.id = i.given_by LEFT JOIN profiles w ON w.person = p.id
WHERE i.code = $1;

-- name: UseInvite :execrows
UPDATE invites SET used = $1, used_by = $2
WHERE code = $3 AND used = 0 AND revoked = 0 AND (expires = 0 OR expires > $1);

-- name: RevokeInvite :execrows
UPDATE invites SET revoked = CASE WHEN revoked = 0 THEN $1 ELSE revoked END
WHERE id = $2 AND given_by = $3 AND used = 0;

-- name: InviterOf :one
SELECT p.id, p.created, w.sealed, COALESCE(w.version, 0) AS version
FROM invites i JOIN people p ON p.id = i.given_by LEFT JOIN profiles w ON w.person = p.id
WHERE i.used_by = $1 LIMIT 1;

-- name: InvitesOf :many
SELECT id, code, given_by, created, expires, revoked, used, used_by
FROM invites WHERE given_by = $1 OR used_by = $1 ORDER BY created DESC, id;
