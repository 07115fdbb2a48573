-- name: Piece :one
SELECT id, person, kind, who, room, club, plan, made, seen, held, push, talk FROM news WHERE id = $1;

-- name: PutPiece :exec
INSERT INTO news (id, person, kind, who, room, club, plan, talk, made, seen, held, push)
VALUES (@id, @person, @kind, @who, @room, @club, @plan, @talk, @made, FALSE, @held, @push)
ON CONFLICT (id) DO UPDATE SET
    who = excluded.who, made = excluded.made, seen = FALSE, held = excluded.held, push = excluded.push;

-- name: TrimPieces :exec
DELETE FROM news WHERE id IN (
    SELECT n.id FROM news n WHERE n.person = $1 ORDER BY n.made DESC, n.id DESC LIMIT 1000 OFFSET $2
);

-- name: Pieces :many
SELECT id, person, kind, who, room, club, plan, made, seen, held, push, talk FROM news
WHERE person = @person AND talk IS NULL AND (made < @made OR made = @made AND id < @id) ORDER BY made DESC, id DESC LIMIT @most;

-- name: PiecesUnseen :many
SELECT id, person, kind, who, room, club, plan, made, seen, held, push, talk FROM news
WHERE person = $1 AND talk IS NULL AND seen = FALSE ORDER BY made DESC, id DESC LIMIT $2;

-- name: PiecesToMail :many
SELECT id, person, kind, who, room, club, plan, made, seen, held, push, talk FROM news
WHERE person = @person AND seen = FALSE AND made > @told ORDER BY made DESC, id DESC LIMIT @most;

-- name: SeePieces :exec
UPDATE news SET seen = TRUE, held = FALSE, push = 0
WHERE person = @person AND talk IS NULL AND seen = FALSE AND (made < @made OR made = @made AND id <= @id);

-- name: SeeTalk :exec
UPDATE news SET seen = TRUE, held = FALSE, push = 0 WHERE person = @person AND talk = @talk AND seen = FALSE;

-- name: PiecesToPush :many
SELECT id, person, kind, who, room, club, plan, made, seen, held, push, talk FROM news
WHERE push > 0 AND push <= @by_time ORDER BY push, id LIMIT @most;

-- name: ClaimPiece :execrows
UPDATE news SET push = 0 WHERE id = @id AND push = @push;

-- name: SetPiecePush :execrows
UPDATE news SET push = @push, held = @held WHERE id = @id AND made = @made AND seen = FALSE;

-- name: PiecesHeld :many
SELECT id, person, kind, who, room, club, plan, made, seen, held, push, talk FROM news
WHERE person = $1 AND held = TRUE AND seen = FALSE ORDER BY made DESC, id DESC LIMIT $2;

-- name: ReleasePieces :exec
UPDATE news SET held = FALSE WHERE person = $1 AND held = TRUE;

-- name: PiecesOf :many
SELECT id, person, kind, who, room, club, plan, made, seen, held, push, talk FROM news
WHERE person = $1 ORDER BY made DESC, id;

-- name: NewsPerson :one
SELECT settings, version, day, pushed, pinged, reminded, digest FROM news_people WHERE person = $1;

-- name: SetNewsPerson :exec
INSERT INTO news_people (person, settings, version, day, pushed, pinged, reminded, digest)
VALUES (@person, @settings, @version, @day, @pushed, @pinged, @reminded, @digest)
ON CONFLICT (person) DO UPDATE SET
    settings = excluded.settings, version = excluded.version, day = excluded.day, pushed = excluded.pushed,
    pinged = excluded.pinged, reminded = excluded.reminded, digest = excluded.digest;

-- name: DigestsDue :many
SELECT person FROM news_people WHERE digest > 0 AND digest <= @by_time ORDER BY digest, person LIMIT @most;

-- name: ClaimDigest :execrows
UPDATE news_people SET digest = 0 WHERE person = @person AND digest > 0 AND digest <= @by_time;

-- name: SetDevice :exec
INSERT INTO devices (session, person, sealed, since, busy, failed) VALUES (@session, @person, @sealed, @since, 0, 0)
ON CONFLICT (session) DO UPDATE SET sealed = excluded.sealed, since = excluded.since, busy = 0, failed = 0;

-- name: IsSession :one
SELECT EXISTS (SELECT 1 FROM sessions WHERE id = $1 AND person = $2) AS there;

-- name: DropDevice :exec
DELETE FROM devices WHERE session = $1;

-- name: TrimDevices :exec
DELETE FROM devices WHERE session IN (
    SELECT d.session FROM devices d WHERE d.person = $1 ORDER BY d.since DESC, d.session LIMIT 1000 OFFSET $2
);

-- name: Devices :many
SELECT session, person, sealed, since, busy, failed FROM devices WHERE person = $1 ORDER BY since, session;

-- name: HasDevice :one
SELECT EXISTS (SELECT 1 FROM devices WHERE person = $1) AS there;

-- name: NoteDevice :exec
UPDATE devices SET busy = @busy, failed = @failed WHERE session = @session;

-- name: ForgetNews :exec
DELETE FROM news WHERE made <= $1;

-- name: FollowersToTell :many
SELECT who FROM follows WHERE whom = @whom AND notify = @notify AND who > @after ORDER BY who LIMIT @most;

-- name: IsClub :one
SELECT EXISTS (SELECT 1 FROM clubs WHERE id = $1) AS there;

-- name: IsPlan :one
SELECT EXISTS (SELECT 1 FROM plans WHERE id = $1) AS there;

-- name: IsConversation :one
SELECT EXISTS (SELECT 1 FROM conversations WHERE id = $1) AS there;
