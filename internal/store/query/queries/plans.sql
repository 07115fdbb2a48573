-- name: TakePlan :one
-- A plan that is taken is nobody else's to change until the transaction ends.
UPDATE plans SET version = version WHERE id = $1
RETURNING host, starts, ends, state, room, began, version;

-- name: AddPlan :exec
INSERT INTO plans (id, host, sealed, starts, ends, club, visibility, language, fence, recorded, state, version, created, changed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'planned', 1, $11, $11);

-- name: CountComing :one
SELECT count(*) FROM plans WHERE host = $1 AND ends > $2 AND state IN ('planned', 'opening', 'open');

-- name: PlanSeen :one
-- Who may see a plan: its hosts, those asked to be, who goes, and who its
-- visibility lets in, unless it is cancelled; but nobody whom the host has blocked,
-- and of a host whom one has blocked what one hosts or goes to.
SELECT p.id, p.host, p.sealed, p.starts, p.ends, p.club, p.visibility, p.language, p.fence, p.recorded, p.state, p.room,
    p.began, p.version, p.created, p.changed,
    (SELECT count(*) FROM plan_goers g WHERE g.plan = p.id) AS going,
    (SELECT count(*) FROM plan_hosts h WHERE h.plan = p.id) AS cohosts,
    CAST(COALESCE((SELECT g.remind FROM plan_goers g WHERE g.plan = p.id AND g.person = @who), -2) AS BIGINT) AS remind,
    EXISTS (SELECT 1 FROM rooms r WHERE r.name = p.room) AS runs
FROM plans p WHERE p.id = @id AND (
    p.host = @who
    OR EXISTS (SELECT 1 FROM plan_hosts h WHERE h.plan = p.id AND h.person = @who)
    OR EXISTS (SELECT 1 FROM plan_goers g WHERE g.plan = p.id AND g.person = @who)
    OR p.state <> 'cancelled' AND (
        p.visibility = 'open'
        OR p.visibility = 'social' AND EXISTS (SELECT 1 FROM follows f WHERE f.who = p.host AND f.whom = @who)
        OR p.visibility = 'members' AND EXISTS (SELECT 1 FROM club_people m WHERE m.club = p.club AND m.person = @who AND m.standing >= 5)
        OR EXISTS (SELECT 1 FROM plan_guests i WHERE i.plan = p.id AND i.person = @who)
    )
)
    AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.who = p.host AND b.whom = @who AND b.level = 'block')
    AND NOT (
        EXISTS (SELECT 1 FROM blocks b WHERE b.who = @who AND b.whom = p.host AND b.level = 'block')
        AND NOT EXISTS (SELECT 1 FROM plan_hosts h WHERE h.plan = p.id AND h.person = @who AND h.accepted = TRUE)
        AND NOT EXISTS (SELECT 1 FROM plan_goers g WHERE g.plan = p.id AND g.person = @who)
    );

-- name: PlansSeen :many
-- Those of a choice, of which each may be seen as above.
SELECT p.id, p.host, p.sealed, p.starts, p.ends, p.club, p.visibility, p.language, p.fence, p.recorded, p.state, p.room,
    p.began, p.version, p.created, p.changed,
    (SELECT count(*) FROM plan_goers g WHERE g.plan = p.id) AS going,
    (SELECT count(*) FROM plan_hosts h WHERE h.plan = p.id) AS cohosts,
    CAST(COALESCE((SELECT g.remind FROM plan_goers g WHERE g.plan = p.id AND g.person = @who), -2) AS BIGINT) AS remind,
    EXISTS (SELECT 1 FROM rooms r WHERE r.name = p.room) AS runs
FROM plans p WHERE p.ends > @from_time AND p.starts < @to_time AND (CAST(@of_any AS BOOLEAN) = TRUE OR p.club = @club) AND (
    p.host = @who
    OR EXISTS (SELECT 1 FROM plan_hosts h WHERE h.plan = p.id AND h.person = @who)
    OR EXISTS (SELECT 1 FROM plan_goers g WHERE g.plan = p.id AND g.person = @who)
    OR p.state <> 'cancelled' AND (
        p.visibility = 'open'
        OR p.visibility = 'social' AND EXISTS (SELECT 1 FROM follows f WHERE f.who = p.host AND f.whom = @who)
        OR p.visibility = 'members' AND EXISTS (SELECT 1 FROM club_people m WHERE m.club = p.club AND m.person = @who AND m.standing >= 5)
        OR EXISTS (SELECT 1 FROM plan_guests i WHERE i.plan = p.id AND i.person = @who)
    )
)
    AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.who = p.host AND b.whom = @who AND b.level = 'block')
    AND NOT (
        EXISTS (SELECT 1 FROM blocks b WHERE b.who = @who AND b.whom = p.host AND b.level = 'block')
        AND NOT EXISTS (SELECT 1 FROM plan_hosts h WHERE h.plan = p.id AND h.person = @who AND h.accepted = TRUE)
        AND NOT EXISTS (SELECT 1 FROM plan_goers g WHERE g.plan = p.id AND g.person = @who)
    )
    AND (
    CAST(@choice AS TEXT) = 'all'
    OR EXISTS (SELECT 1 FROM club_people m WHERE m.club = p.club AND m.person = @who AND m.standing >= 5)
    OR EXISTS (SELECT 1 FROM club_follows c WHERE c.club = p.club AND c.person = @who)
    OR CAST(@choice AS TEXT) = 'for_me' AND (
        p.host = @who
        OR EXISTS (SELECT 1 FROM plan_hosts h WHERE h.plan = p.id AND h.person = @who)
        OR EXISTS (SELECT 1 FROM plan_goers g WHERE g.plan = p.id AND g.person = @who)
        OR EXISTS (SELECT 1 FROM plan_guests i WHERE i.plan = p.id AND i.person = @who)
        OR EXISTS (SELECT 1 FROM follows f WHERE f.who = @who AND f.whom = p.host)
    )
) ORDER BY p.starts, p.id LIMIT @most;

-- name: PlanHosts :many
SELECT person, accepted FROM plan_hosts WHERE plan = $1 ORDER BY accepted DESC, since, person;

-- name: PlanGuests :many
SELECT person FROM plan_guests WHERE plan = $1 ORDER BY person;

-- name: AddPlanHost :exec
INSERT INTO plan_hosts (plan, person, accepted, since) VALUES ($1, $2, FALSE, $3) ON CONFLICT DO NOTHING;

-- name: DropPlanHost :execrows
DELETE FROM plan_hosts WHERE plan = $1 AND person = $2;

-- name: AcceptHosting :execrows
UPDATE plan_hosts SET accepted = TRUE, since = @since WHERE plan = @plan AND person = @person AND accepted = FALSE;

-- name: IsPlanHost :one
SELECT EXISTS (SELECT 1 FROM plan_hosts WHERE plan = $1 AND person = $2 AND accepted = TRUE) AS there;

-- name: AddPlanGuest :exec
INSERT INTO plan_guests (plan, person) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: DropPlanGuests :exec
DELETE FROM plan_guests WHERE plan = $1;

-- name: SetPlan :exec
UPDATE plans SET sealed = @sealed, starts = @starts, ends = @ends, club = @club, visibility = @visibility, language = @language,
    fence = @fence, recorded = @recorded, version = version + 1, changed = @changed
WHERE id = @id;

-- name: TouchPlan :exec
UPDATE plans SET version = version + 1, changed = @changed WHERE id = @id;

-- name: SetPlanHost :exec
UPDATE plans SET host = @host, sealed = @sealed, version = version + 1, changed = @changed WHERE id = @id;

-- name: SetPlanState :exec
UPDATE plans SET state = @state, version = version + 1, changed = @changed WHERE id = @id;

-- name: SetPlanRoom :exec
UPDATE plans SET state = 'opening', room = @room, began = @began WHERE id = @id;

-- name: SetPlanBegan :exec
UPDATE plans SET began = @began WHERE id = @id;

-- name: PlansHosted :many
SELECT p.id, p.host, p.sealed, p.starts, p.ends, p.club, p.visibility, p.language, p.fence, p.recorded, p.state, p.room,
    p.began, p.version, p.created, p.changed,
    CAST(0 AS BIGINT) AS going,
    (SELECT count(*) FROM plan_hosts h WHERE h.plan = p.id) AS cohosts,
    CAST(-2 AS BIGINT) AS remind,
    EXISTS (SELECT 1 FROM rooms r WHERE r.name = p.room) AS runs
FROM plans p
WHERE p.host = $1 ORDER BY p.starts, p.id;

-- name: PlansTimely :many
SELECT p.id, p.host, p.sealed, p.starts, p.ends, p.club, p.visibility, p.language, p.fence, p.recorded, p.state, p.room,
    p.began, p.version, p.created, p.changed,
    CAST(0 AS BIGINT) AS going,
    (SELECT count(*) FROM plan_hosts h WHERE h.plan = p.id) AS cohosts,
    CAST(-2 AS BIGINT) AS remind,
    EXISTS (SELECT 1 FROM rooms r WHERE r.name = p.room) AS runs
FROM plans p
WHERE p.state = 'planned' AND p.starts <= $1 OR p.state = 'opening'
    OR p.state = 'open' AND NOT EXISTS (SELECT 1 FROM rooms r WHERE r.name = p.room)
ORDER BY p.starts, p.id LIMIT $2;

-- name: RoomRuns :one
SELECT EXISTS (SELECT 1 FROM rooms WHERE name = $1) AS runs;

-- name: ForgetPlans :exec
DELETE FROM plans WHERE state = 'over' AND ends <= @over OR state = 'cancelled' AND ends <= @cancelled;

-- name: CountGoing :one
SELECT count(*) FROM plan_goers g JOIN plans p ON p.id = g.plan WHERE g.person = $1 AND p.ends > $2;

-- name: CountGoers :one
SELECT count(*) FROM plan_goers WHERE plan = $1;

-- name: IsGoing :one
SELECT EXISTS (SELECT 1 FROM plan_goers WHERE plan = $1 AND person = $2) AS there;

-- name: SetGoer :exec
INSERT INTO plan_goers (plan, person, since, remind, due, news) VALUES ($1, $2, $3, $4, $5, '')
ON CONFLICT (plan, person) DO UPDATE SET remind = excluded.remind, due = excluded.due;

-- name: AddGoer :exec
INSERT INTO plan_goers (plan, person, since, remind, due, news) VALUES ($1, $2, $3, $4, $5, '') ON CONFLICT DO NOTHING;

-- name: DropGoer :exec
DELETE FROM plan_goers WHERE plan = $1 AND person = $2;

-- name: MoveGoers :exec
-- Whom to remind when, once a plan starts at another time.
UPDATE plan_goers SET news = CASE WHEN person = @by_whom THEN news ELSE 'moved' END,
    due = CASE WHEN remind >= 0 AND CAST(@starts AS BIGINT) - 60000 * remind > @now THEN CAST(@starts AS BIGINT) - 60000 * remind ELSE 0 END
WHERE plan = @plan;

-- name: TellGoers :exec
UPDATE plan_goers SET news = CASE WHEN person = @by_whom THEN '' ELSE CAST(@news AS TEXT) END, due = 0 WHERE plan = @plan;

-- name: DueReminders :many
-- Nobody is reminded of a plan of somebody who has blocked them, here and below.
SELECT g.plan, g.person, g.due FROM plan_goers g
WHERE g.due > 0 AND g.due <= @by_time
    AND (g.due > @due OR g.due = @due AND (g.person > @person OR g.person = @person AND g.plan > @plan))
    AND NOT EXISTS (SELECT 1 FROM plans p JOIN blocks b ON b.who = p.host AND b.level = 'block' WHERE p.id = g.plan AND b.whom = g.person)
ORDER BY g.due, g.person, g.plan LIMIT @most;

-- name: NewsOfPlan :many
SELECT g.plan, g.person, g.news FROM plan_goers g WHERE g.plan = $1 AND g.news <> ''
    AND NOT EXISTS (SELECT 1 FROM plans p JOIN blocks b ON b.who = p.host AND b.level = 'block' WHERE p.id = g.plan AND b.whom = g.person);

-- name: NewsOfPerson :many
SELECT g.plan, g.person, g.due, g.news FROM plan_goers g WHERE g.person = $1 AND (g.news <> '' OR g.due > 0 AND g.due <= $2)
    AND NOT EXISTS (SELECT 1 FROM plans p JOIN blocks b ON b.who = p.host AND b.level = 'block' WHERE p.id = g.plan AND b.whom = g.person);

-- name: ClaimDue :execrows
UPDATE plan_goers SET due = 0 WHERE plan = @plan AND person = @person AND due = @due;

-- name: ClaimNews :execrows
UPDATE plan_goers SET news = '' WHERE plan = @plan AND person = @person AND news = @news;

-- name: CalendarOf :one
SELECT generation, made FROM calendars WHERE person = $1;

-- name: SetCalendar :exec
INSERT INTO calendars (person, generation, secret, made) VALUES ($1, $2, $3, $4)
ON CONFLICT (person) DO UPDATE SET generation = excluded.generation, secret = excluded.secret, made = excluded.made;

-- name: WhoseCalendar :one
SELECT person FROM calendars WHERE secret = $1;

-- name: PlansOfFeed :many
SELECT p.id, p.host, p.sealed, p.starts, p.ends, p.club, p.visibility, p.language, p.fence, p.recorded, p.state, p.room,
    p.began, p.version, p.created, p.changed,
    CAST(0 AS BIGINT) AS going,
    (SELECT count(*) FROM plan_hosts h WHERE h.plan = p.id) AS cohosts,
    CAST(COALESCE((SELECT g.remind FROM plan_goers g WHERE g.plan = p.id AND g.person = @who), -2) AS BIGINT) AS remind,
    EXISTS (SELECT 1 FROM rooms r WHERE r.name = p.room) AS runs
FROM plans p
WHERE (
    p.host = @who
    OR EXISTS (SELECT 1 FROM plan_hosts h WHERE h.plan = p.id AND h.person = @who AND h.accepted = TRUE)
    OR EXISTS (SELECT 1 FROM plan_goers g WHERE g.plan = p.id AND g.person = @who)
) AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.who = p.host AND b.whom = @who AND b.level = 'block')
ORDER BY p.starts, p.id LIMIT @most;

-- name: PlanRowsOf :many
-- All that says of a person that they have to do with a plan.
SELECT p.id, p.starts, p.created, p.state, p.visibility, CAST(length(p.sealed) AS BIGINT) AS bytes, CAST('host' AS TEXT) AS kind, p.created AS since
FROM plans p WHERE p.host = @who
UNION ALL
SELECT p.id, p.starts, p.created, p.state, p.visibility, CAST(0 AS BIGINT), CASE WHEN h.accepted = TRUE THEN 'cohost' ELSE 'asked' END, h.since
FROM plan_hosts h JOIN plans p ON p.id = h.plan WHERE h.person = @who
UNION ALL
SELECT p.id, p.starts, p.created, p.state, p.visibility, CAST(0 AS BIGINT), 'invited', p.created
FROM plan_guests i JOIN plans p ON p.id = i.plan WHERE i.person = @who
ORDER BY 2, 1;

-- name: GoingRowsOf :many
SELECT g.plan, g.since, g.remind, g.due, g.news FROM plan_goers g WHERE g.person = $1 ORDER BY g.since, g.plan;
