-- name: AddClub :exec
INSERT INTO clubs (id, name, folded, about, rules, rules_version, joining, rooms, listed, language, version, created, members, followers)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 0);

-- name: TakeClub :one
-- A club that is taken is nobody else's to change until the transaction ends, nor
-- is who is in it.
UPDATE clubs SET version = version WHERE id = $1 RETURNING *;

-- name: SetClub :exec
UPDATE clubs SET name = $1, folded = $2, about = $3, rules = $4, rules_version = $5, joining = $6, rooms = $7, listed = $8, language = $9,
    version = $10
WHERE id = $11;

-- name: DeleteClub :exec
DELETE FROM clubs WHERE id = $1;

-- name: CountClub :exec
UPDATE clubs SET members = (SELECT count(*) FROM club_people p WHERE p.club = clubs.id AND p.standing >= 5) WHERE id = $1;

-- name: AddFollowers :exec
UPDATE clubs SET followers = followers + @more WHERE id = @id;

-- name: Club :one
-- An invitation by somebody whom one has blocked is none, here and below.
SELECT sqlc.embed(c), COALESCE(p.standing, 0) AS standing, COALESCE(p.shown, FALSE) AS shown,
    EXISTS (SELECT 1 FROM club_follows f WHERE f.club = c.id AND f.person = @viewer) AS followed
FROM clubs c LEFT JOIN club_people p ON p.club = c.id AND p.person = @viewer AND NOT (p.standing = 4 AND EXISTS (SELECT 1 FROM blocks b
    WHERE b.who = p.person AND b.whom = p.by_whom AND b.level = 'block'))
WHERE c.id = @club;

-- name: ClubsOf :many
SELECT sqlc.embed(c), COALESCE(p.standing, 0) AS standing, COALESCE(p.shown, FALSE) AS shown,
    EXISTS (SELECT 1 FROM club_follows f WHERE f.club = c.id AND f.person = @person) AS followed
FROM clubs c LEFT JOIN club_people p ON p.club = c.id AND p.person = @person AND NOT (p.standing = 4 AND EXISTS (SELECT 1 FROM blocks b
    WHERE b.who = p.person AND b.whom = p.by_whom AND b.level = 'block'))
WHERE c.id IN (SELECT s.club FROM club_people s WHERE s.person = @person AND s.standing >= 3
        AND NOT (s.standing = 4 AND EXISTS (SELECT 1 FROM blocks b WHERE b.who = s.person AND b.whom = s.by_whom AND b.level = 'block')))
    OR c.id IN (SELECT f.club FROM club_follows f WHERE f.person = @person)
ORDER BY c.id LIMIT @most;

-- name: ListedClubs :many
SELECT sqlc.embed(c), COALESCE(p.standing, 0) AS standing, COALESCE(p.shown, FALSE) AS shown,
    EXISTS (SELECT 1 FROM club_follows f WHERE f.club = c.id AND f.person = @viewer) AS followed
FROM clubs c LEFT JOIN club_people p ON p.club = c.id AND p.person = @viewer AND NOT (p.standing = 4 AND EXISTS (SELECT 1 FROM blocks b
    WHERE b.who = p.person AND b.whom = p.by_whom AND b.level = 'block'))
WHERE c.listed = TRUE AND (c.members < @members OR (c.members = @members AND c.id > @after))
ORDER BY c.members DESC, c.id LIMIT @most;

-- name: FindClubs :many
-- Those that exist for the viewer, the larger first. Each word stands in its
-- pattern; those that are not wanted are %.
SELECT sqlc.embed(c), COALESCE(p.standing, 0) AS standing, COALESCE(p.shown, FALSE) AS shown,
    EXISTS (SELECT 1 FROM club_follows f WHERE f.club = c.id AND f.person = @viewer) AS followed
FROM clubs c LEFT JOIN club_people p ON p.club = c.id AND p.person = @viewer AND NOT (p.standing = 4 AND EXISTS (SELECT 1 FROM blocks b
    WHERE b.who = p.person AND b.whom = p.by_whom AND b.level = 'block'))
WHERE (c.listed = TRUE OR p.standing >= 3)
    AND c.folded LIKE @a AND c.folded LIKE @b AND c.folded LIKE @c AND c.folded LIKE @d AND c.folded LIKE @e AND c.folded LIKE @f
ORDER BY c.members DESC, c.id LIMIT @most;

-- name: ClubName :one
SELECT name, listed FROM clubs WHERE id = $1;

-- name: ClubPlace :one
SELECT standing, since, by_whom, shown FROM club_people WHERE club = $1 AND person = $2;

-- name: SetClubPlace :exec
INSERT INTO club_people (club, person, standing, since, by_whom, shown) VALUES ($1, $2, $3, $4, $5, FALSE)
ON CONFLICT (club, person) DO UPDATE SET standing = excluded.standing, since = excluded.since, by_whom = excluded.by_whom,
    shown = CASE WHEN excluded.standing >= 5 THEN club_people.shown ELSE FALSE END;

-- name: ShowClub :exec
UPDATE club_people SET shown = $1 WHERE club = $2 AND person = $3;

-- name: DropClubPlace :exec
DELETE FROM club_people WHERE club = $1 AND person = $2;

-- name: DropAskers :exec
DELETE FROM club_people WHERE club = $1 AND standing = 3;

-- name: CountClubPlaces :one
SELECT CAST(COALESCE(SUM(CASE WHEN standing = 1 THEN 1 ELSE 0 END), 0) AS BIGINT) AS barred,
    CAST(COALESCE(SUM(CASE WHEN standing >= 2 AND standing <= 4 THEN 1 ELSE 0 END), 0) AS BIGINT) AS waiting,
    CAST(COALESCE(SUM(CASE WHEN standing = 6 THEN 1 ELSE 0 END), 0) AS BIGINT) AS admins
FROM club_people WHERE club = $1 AND (standing <= 4 OR standing = 6);

-- name: CountClubsOf :one
SELECT CAST(COALESCE(SUM(CASE WHEN standing >= 5 OR standing = 3 THEN 1 ELSE 0 END), 0) AS BIGINT) AS joined,
    CAST(COALESCE(SUM(CASE WHEN standing = 2 OR standing = 4 THEN 1 ELSE 0 END), 0) AS BIGINT) AS wanted,
    CAST(COALESCE(SUM(CASE WHEN standing = 7 THEN 1 ELSE 0 END), 0) AS BIGINT) AS founded
FROM club_people WHERE person = $1 AND standing >= 2;

-- name: CountNominations :one
SELECT count(*) FROM club_people WHERE by_whom = $1 AND club = $2 AND standing = 2;

-- name: ClubPlaces :many
SELECT person, standing, since, by_whom, shown FROM club_people
WHERE club = @club AND standing >= @lowest AND standing <= @highest
    AND (since > @since OR (since = @since AND person > @after))
ORDER BY since, person LIMIT @most;

-- name: ClubMembers :many
SELECT person FROM club_people WHERE club = $1 AND standing >= 5 LIMIT $2;

-- name: PlacesOf :many
SELECT p.club, p.standing, p.shown FROM club_people p WHERE p.person = $1
    AND NOT (p.standing = 4 AND EXISTS (SELECT 1 FROM blocks b WHERE b.who = p.person AND b.whom = p.by_whom AND b.level = 'block'))
ORDER BY p.standing DESC, p.since, p.club LIMIT $2;

-- name: NextFounder :one
SELECT person FROM club_people WHERE club = $1 AND person <> $2 AND standing IN (5, 6)
ORDER BY standing DESC, since, person LIMIT 1;

-- name: SetStanding :exec
UPDATE club_people SET standing = $1 WHERE club = $2 AND person = $3;

-- name: FollowClub :execrows
INSERT INTO club_follows (club, person, since) VALUES ($1, $2, $3) ON CONFLICT (club, person) DO NOTHING;

-- name: UnfollowClub :execrows
DELETE FROM club_follows WHERE club = $1 AND person = $2;

-- name: DropClubFollows :execrows
DELETE FROM club_follows WHERE club = $1;

-- name: CountClubFollows :one
SELECT count(*) FROM club_follows WHERE person = $1;

-- name: ClubFollowsOf :many
SELECT club, person, since FROM club_follows WHERE person = $1 ORDER BY since DESC, club;

-- name: ClubRowsOf :many
SELECT club, person, standing, since, by_whom, shown FROM club_people
WHERE person = $1 OR by_whom = $1 ORDER BY since DESC, club, person;

-- name: CountUnanswered :one
SELECT count(*) FROM club_people WHERE club = $1 AND standing >= 2 AND standing <= 3;
