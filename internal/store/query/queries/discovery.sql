-- name: Finder :one
SELECT findable, since, seen, listed, generation, budget, counted FROM discovery_people WHERE person = $1;

-- name: PutFinder :exec
INSERT INTO discovery_people (person, findable, since, seen, listed, generation, budget, counted)
VALUES (@person, @findable, @since, @seen, @listed, @generation, @budget, @counted)
ON CONFLICT (person) DO UPDATE SET
    findable = excluded.findable, since = excluded.since, seen = excluded.seen, listed = excluded.listed,
    generation = excluded.generation, budget = excluded.budget, counted = excluded.counted;

-- name: CalledOtherwise :exec
UPDATE discovery_people SET generation = generation + 1 WHERE person = $1;

-- name: DiscoveryValues :many
SELECT value, kind, of_key FROM discovery_values WHERE person = $1 ORDER BY value;

-- name: AddDiscoveryValue :exec
INSERT INTO discovery_values (value, person, kind, of_key) VALUES ($1, $2, $3, $4) ON CONFLICT (value) DO NOTHING;

-- name: DropDiscoveryValue :exec
DELETE FROM discovery_values WHERE value = $1 AND person = $2;

-- name: DropDiscoveryValues :exec
DELETE FROM discovery_values WHERE person = $1;

-- name: SetDiscoveryKey :exec
INSERT INTO discovery_key (number, id) VALUES (1, $1) ON CONFLICT (number) DO UPDATE SET id = excluded.id;

-- name: UnderDiscoveryKey :execrows
-- It holds the row until the transaction ends.
UPDATE discovery_key SET id = id WHERE id = $1;

-- name: KeepDiscoveryValues :exec
DELETE FROM discovery_values WHERE of_key <> $1;

-- name: DiscoveryList :many
SELECT value FROM discovery_lists WHERE who = $1 ORDER BY value;

-- name: ListDiscoveryValue :exec
-- It is kept if it is somebody else's.
INSERT INTO discovery_lists (who, value)
SELECT p.person, v.value FROM discovery_people p, discovery_values v
WHERE p.person = @who AND v.value = @value AND v.of_key = @of_key AND v.person <> p.person
ON CONFLICT (who, value) DO NOTHING;

-- name: UnlistDiscoveryValue :exec
DELETE FROM discovery_lists WHERE who = $1 AND value = $2;

-- name: UnlistAll :exec
DELETE FROM discovery_lists WHERE who = $1;

-- name: DiscoveryMutual :many
SELECT DISTINCT v.person FROM discovery_lists l JOIN discovery_values v ON v.value = l.value
WHERE l.who = @who AND EXISTS (
    SELECT 1 FROM discovery_lists b JOIN discovery_values m ON m.value = b.value
    WHERE b.who = v.person AND m.person = @who
) ORDER BY v.person;

-- name: ForgetFinders :exec
DELETE FROM discovery_people WHERE seen <= $1;
