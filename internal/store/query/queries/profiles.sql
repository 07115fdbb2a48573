-- name: AddProfile :execrows
INSERT INTO profiles (person, sealed, handle, version, changed) VALUES ($1, $2, $3, 1, $4)
ON CONFLICT (person) DO NOTHING;

-- name: SetProfile :execrows
UPDATE profiles SET sealed = @sealed, handle = @handle, version = version + 1, changed = @changed
WHERE person = @person AND version = @version;

-- name: HandleOf :one
SELECT handle, changed FROM profiles WHERE person = $1;

-- name: WhoHasHandle :one
SELECT person FROM profiles WHERE handle = $1;

-- name: SetPicture :exec
INSERT INTO pictures (person, large, small, changed) VALUES ($1, $2, $3, $4)
ON CONFLICT (person) DO UPDATE SET large = excluded.large, small = excluded.small, changed = excluded.changed;

-- name: DropPicture :exec
DELETE FROM pictures WHERE person = $1;

-- name: LargePicture :one
SELECT large FROM pictures WHERE person = $1;

-- name: SmallPicture :one
SELECT small FROM pictures WHERE person = $1;

-- name: PictureOf :one
SELECT changed, CAST(length(large) + length(small) AS BIGINT) AS bytes FROM pictures WHERE person = $1;

-- name: House :one
SELECT keyring, swept FROM house;

-- name: SetHouse :exec
INSERT INTO house (keyring) VALUES ($1);

-- name: SetSwept :exec
UPDATE house SET swept = TRUE;

-- name: ClearNames :many
SELECT person, name FROM clear_names ORDER BY person LIMIT $1;

-- name: DropClearName :exec
DELETE FROM clear_names WHERE person = $1;

-- That the second is behind it as well PostgreSQL does not conclude: it would begin at
-- the first of all profiles.
-- name: ProfilesAfter :many
SELECT p.id, p.created, w.sealed, COALESCE(w.version, 0) AS version
FROM people p LEFT JOIN profiles w ON w.person = p.id AND w.person > @after WHERE p.id > @after ORDER BY p.id LIMIT @most;
