-- name: AddPerson :exec
INSERT INTO people (id, created, recovery) VALUES ($1, $2, $3);

-- name: IsPerson :one
SELECT EXISTS (SELECT 1 FROM people WHERE id = $1) AS there;

-- name: TakePerson :execrows
-- What a taken person has, nobody else counts until the transaction ends.
UPDATE people SET created = created WHERE id = $1;

-- name: IsEmpty :one
SELECT NOT EXISTS (SELECT 1 FROM people) AS empty;

-- name: Account :one
SELECT p.id, p.created, w.sealed, COALESCE(w.version, 0) AS version,
    CAST(CASE WHEN p.recovery IS NULL THEN 0 ELSE 1 END AS BIGINT) AS recovery,
    (SELECT count(*) FROM passkeys k WHERE k.person = p.id) AS passkeys
FROM people p LEFT JOIN profiles w ON w.person = p.id WHERE p.id = $1;

-- name: Profile :one
SELECT p.id, p.created, w.sealed, COALESCE(w.version, 0) AS version,
    CAST(COALESCE((SELECT f.notify FROM follows f WHERE f.who = $1 AND f.whom = p.id), '') AS TEXT) AS notify,
    EXISTS (SELECT 1 FROM follows f WHERE f.who = p.id AND f.whom = $1
        AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.who = f.whom AND b.whom = f.who AND b.level = 'block')) AS follows_me
FROM people p LEFT JOIN profiles w ON w.person = p.id WHERE p.id = $2;

-- name: SetRecovery :execrows
UPDATE people SET recovery = $1 WHERE id = $2;

-- name: Recover :one
UPDATE people SET recovery = @next WHERE recovery = @old RETURNING id;

-- name: AddPasskey :execrows
INSERT INTO passkeys (id, person, public_key, flags, uses, created)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING;

-- name: Passkeys :many
SELECT id, person, public_key, flags, uses, created
FROM passkeys WHERE person = $1 ORDER BY created, id;

-- name: UsePasskey :execrows
UPDATE passkeys SET flags = $1, uses = $2 WHERE id = $3;

-- name: KeepBackup :execrows
UPDATE passkeys SET key_backup = $1 WHERE id = $2 AND person = $3;

-- name: Backups :many
SELECT id, key_backup FROM passkeys
WHERE person = $1 AND key_backup IS NOT NULL ORDER BY created, id;

-- name: ForgetBackups :exec
UPDATE passkeys SET key_backup = NULL WHERE person = $1;

-- name: HasRecovery :one
SELECT EXISTS (SELECT 1 FROM people WHERE id = $1 AND recovery = $2) AS has;

-- name: Erase :execrows
DELETE FROM people WHERE id = $1;

-- name: PeopleAfter :many
SELECT id FROM people WHERE id > $1 ORDER BY id LIMIT $2;
