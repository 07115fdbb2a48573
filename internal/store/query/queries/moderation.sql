-- name: SetWarden :exec
INSERT INTO wardens (person, since) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: DropWarden :execrows
DELETE FROM wardens WHERE person = $1;

-- name: Wardens :many
SELECT person, since FROM wardens ORDER BY since, person;

-- name: WardenSince :one
SELECT since FROM wardens WHERE person = $1;

-- name: OpenEntry :exec
-- A thing that is reported is open. One that was open stays as it is: more reports
-- keep nobody from judging it.
INSERT INTO entries (id, kind, person, open, version, since) VALUES (@id, @kind, @person, TRUE, 1, @since)
ON CONFLICT (id) DO UPDATE SET open = TRUE, person = EXCLUDED.person,
    version = CASE WHEN entries.open THEN entries.version ELSE entries.version + 1 END,
    since = CASE WHEN entries.open THEN entries.since ELSE EXCLUDED.since END,
    passed = CASE WHEN entries.open THEN entries.passed END;

-- name: TakeEntry :one
UPDATE entries SET version = version WHERE id = $1 RETURNING id, kind, person, open, version, since, passed;

-- name: Entry :one
SELECT id, kind, person, open, version, since, passed FROM entries WHERE id = $1;

-- name: OpenEntries :many
SELECT id, kind, person, open, version, since, passed FROM entries e
WHERE e.open = TRUE AND (e.person IS NULL OR e.person <> @hidden) AND (e.since > @since OR e.since = @since AND e.id > @id)
ORDER BY e.since, e.id LIMIT @most;

-- name: DecidedEntries :many
SELECT id, kind, person, open, version, since, passed FROM entries e
WHERE e.open = FALSE AND (e.person IS NULL OR e.person <> @hidden) AND (e.since < @since OR e.since = @since AND e.id > @id)
ORDER BY e.since DESC, e.id LIMIT @most;

-- name: CountOpenEntries :one
SELECT count(*) FROM entries WHERE open = TRUE AND (person IS NULL OR person <> $1);

-- name: CloseEntry :exec
UPDATE entries SET open = FALSE, version = version + 1, since = @since, passed = NULL WHERE id = @id;

-- name: ReopenEntry :exec
UPDATE entries SET open = TRUE, version = version + 1, since = @since, passed = @passed WHERE id = @id;

-- name: AddWrittenReport :exec
INSERT INTO written_reports (id, entry, made_by, reason, sealed, made, decided) VALUES ($1, $2, $3, $4, $5, $6, 0);

-- name: CountWrittenOpen :one
SELECT count(*) FROM written_reports WHERE made_by = $1 AND decided = 0;

-- name: WrittenReports :many
SELECT id, entry, made_by, reason, sealed, made, decided FROM written_reports WHERE entry = $1 ORDER BY made DESC, id LIMIT 1000;

-- name: WrittenReportsBy :many
SELECT r.id, r.entry, e.kind, r.reason, r.sealed, r.made, r.decided
FROM written_reports r JOIN entries e ON e.id = r.entry WHERE r.made_by = $1 ORDER BY r.made DESC, r.id LIMIT 1000;

-- name: DecideWrittenReports :exec
UPDATE written_reports SET decided = @decided WHERE entry = @entry AND decided = 0;

-- name: BlankWrittenReports :exec
-- What who is erased has written, which nobody can read any more.
UPDATE written_reports SET sealed = NULL WHERE made_by = $1;

-- name: WrittenReportsAbout :many
-- Only those of which it is decided.
SELECT r.reason, r.decided, e.kind FROM written_reports r JOIN entries e ON e.id = r.entry
WHERE e.person = $1 AND r.decided > 0 ORDER BY r.decided DESC, r.id LIMIT 1000;

-- name: VoiceReportsAbout :many
SELECT id, room, made_by, made FROM reports WHERE about = $1 ORDER BY made DESC, id LIMIT 1000;

-- name: VoiceReportsBy :many
SELECT r.id, r.about, r.made, CAST(CASE WHEN e.open = FALSE AND e.since >= r.made THEN 1 ELSE 0 END AS BIGINT) AS decided
FROM reports r LEFT JOIN entries e ON e.id = r.about WHERE r.made_by = $1 ORDER BY r.made DESC, r.id LIMIT 1000;

-- name: VoiceReportsDecided :many
SELECT e.since FROM reports r JOIN entries e ON e.id = r.about
WHERE r.about = $1 AND e.open = FALSE AND e.since >= r.made ORDER BY r.made LIMIT 1000;

-- name: AddDecision :exec
INSERT INTO decisions (id, entry, person, made_by, what, made, ends, lifts, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: Decision :one
SELECT entry, made_by FROM decisions WHERE id = $1 AND person = $2 AND what <> 'lift';

-- name: DecisionsOfEntry :many
SELECT d.id, d.entry, d.person, d.made_by, d.what, d.made, d.ends, d.lifts, d.sealed, e.kind, a.made AS answered, a.sealed AS answer,
    CAST(COALESCE((SELECT l.made FROM decisions l WHERE l.lifts = d.id), 0) AS BIGINT) AS lifted
FROM decisions d JOIN entries e ON e.id = d.entry LEFT JOIN answers a ON a.decision = d.id
WHERE d.entry = $1 ORDER BY d.made, d.id;

-- name: DecisionsAbout :many
SELECT d.id, d.entry, d.person, d.made_by, d.what, d.made, d.ends, d.lifts, d.sealed, e.kind, a.made AS answered, a.sealed AS answer,
    CAST(COALESCE((SELECT l.made FROM decisions l WHERE l.lifts = d.id), 0) AS BIGINT) AS lifted
FROM decisions d JOIN entries e ON e.id = d.entry LEFT JOIN answers a ON a.decision = d.id
WHERE d.person = $1 ORDER BY d.made DESC, d.id LIMIT 1000;

-- name: DecisionsBefore :many
SELECT d.id, d.entry, d.person, d.made_by, d.what, d.made, d.ends, d.lifts, d.sealed, e.kind, a.made AS answered, a.sealed AS answer,
    CAST(COALESCE((SELECT l.made FROM decisions l WHERE l.lifts = d.id), 0) AS BIGINT) AS lifted
FROM decisions d JOIN entries e ON e.id = d.entry LEFT JOIN answers a ON a.decision = d.id
WHERE d.made < @made OR d.made = @made AND d.id > @id ORDER BY d.made DESC, d.id LIMIT @most;

-- name: DecisionsInForce :many
-- Who is kept out, by which decision, until when.
SELECT d.id, d.person, d.ends FROM decisions d
WHERE d.what IN ('suspend', 'ban') AND (d.ends = 0 OR d.ends > @now)
    AND NOT EXISTS (SELECT 1 FROM decisions l WHERE l.lifts = d.id);

-- name: AddAnswer :execrows
INSERT INTO answers (decision, sealed, made) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: SetGood :exec
-- Nothing speaks against somebody since the last decision that does.
UPDATE people SET good = COALESCE((
    SELECT max(d.made) FROM decisions d WHERE d.person = people.id AND d.what IN ('warning', 'suspend', 'ban')
        AND NOT EXISTS (SELECT 1 FROM decisions l WHERE l.lifts = d.id)
), people.created) WHERE people.id = $1;

-- name: EndSessionsOf :exec
DELETE FROM sessions WHERE person = $1;

-- name: ForgetWrittenReports :exec
DELETE FROM written_reports WHERE made <= @made OR decided > 0 AND decided <= @decided;

-- name: ForgetDecisions :exec
DELETE FROM decisions WHERE decisions.what <> 'lift' AND (decisions.ends > 0 AND decisions.ends <= @ended
    OR EXISTS (SELECT 1 FROM decisions l WHERE l.lifts = decisions.id AND l.made <= @ended));

-- name: ForgetLifts :exec
-- Of decisions that are gone; what lifts one that is there is never forgotten before it.
DELETE FROM decisions WHERE decisions.what = 'lift' AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.id = decisions.lifts);

-- name: ForgetEntries :exec
DELETE FROM entries WHERE NOT EXISTS (SELECT 1 FROM written_reports r WHERE r.entry = entries.id)
    AND NOT EXISTS (SELECT 1 FROM reports v WHERE v.about = entries.id)
    AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.entry = entries.id);
