-- name: SetAddress :exec
INSERT INTO addresses (person, sealed, verified, mail, due, told) VALUES (@person, @sealed, @verified, 'off', 0, 0)
ON CONFLICT (person) DO UPDATE SET sealed = excluded.sealed, verified = excluded.verified;

-- name: Address :one
SELECT person, sealed, verified, mail, due, told FROM addresses WHERE person = $1;

-- name: DropAddress :exec
DELETE FROM addresses WHERE person = $1;

-- name: SetMail :execrows
UPDATE addresses SET mail = @mail, due = @due, told = CASE WHEN mail = 'off' THEN @told ELSE told END WHERE person = @person;

-- name: MailDue :many
SELECT person FROM addresses WHERE due > 0 AND due <= @by_time ORDER BY due, person LIMIT @most;

-- name: ClaimMail :execrows
UPDATE addresses SET due = @due WHERE person = @person AND due > 0 AND due <= @by_time;

-- name: SetMailDue :exec
UPDATE addresses SET due = @due WHERE person = @person AND mail <> 'off';

-- name: Mailed :exec
UPDATE addresses SET told = @told WHERE person = @person AND told < @told;
