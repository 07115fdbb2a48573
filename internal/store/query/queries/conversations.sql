-- name: SeeTalkDevice :exec
INSERT INTO talk_devices (person, device, since, seen) VALUES ($1, $2, $3, $3)
ON CONFLICT (person, device) DO UPDATE SET seen = excluded.seen;

-- name: TalkDevicesOf :many
SELECT device, since, seen FROM talk_devices WHERE person = $1 ORDER BY seen DESC, device;

-- name: DropPackagesOf :exec
DELETE FROM packages WHERE person = $1 AND device = $2;

-- name: DropPlacesOf :exec
DELETE FROM conversation_devices WHERE person = $1 AND device = $2;

-- name: DropTalkDevice :execrows
DELETE FROM talk_devices WHERE person = $1 AND device = $2;

-- name: DropLastPackage :exec
DELETE FROM packages WHERE person = $1 AND device = $2 AND last = TRUE;

-- name: AddPackage :exec
INSERT INTO packages (id, person, device, package, last, made) VALUES ($1, $2, $3, $4, $5, $6);

-- name: CountPackages :one
SELECT count(*) FROM packages WHERE person = $1 AND device = $2 AND last = FALSE;

-- name: NextPackage :one
-- Those for one use first, the oldest of them.
SELECT id, package, last FROM packages WHERE person = $1 AND device = $2 ORDER BY last, made, id LIMIT 1;

-- name: DropPackage :exec
DELETE FROM packages WHERE id = $1;

-- name: TakeConversation :one
-- A conversation that is taken is nobody else's to change until the transaction ends.
UPDATE conversations SET epoch = epoch WHERE id = $1 RETURNING starter, pair, epoch, seq;

-- name: AddConversation :execrows
INSERT INTO conversations (id, starter, pair, epoch, seq, info, created, changed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT DO NOTHING;

-- name: CountConversations :one
SELECT count(*) FROM conversation_people WHERE person = $1 AND state IN ('in', 'asked');

-- name: CountStarted :one
-- How many who has begun since a time that somebody has not answered.
SELECT count(*) FROM conversations c WHERE c.starter = $1 AND c.created > $2
    AND NOT EXISTS (SELECT 1 FROM conversation_people p WHERE p.conversation = c.id AND p.person <> $1 AND p.state = 'in');

-- name: HasDeclined :one
-- Whether somebody has declined what another began, after a time.
SELECT EXISTS (
    SELECT 1 FROM conversation_people p JOIN conversations c ON c.id = p.conversation
    WHERE p.person = @who AND p.state = 'declined' AND p.since > @after AND c.starter = @starter
) AS has;

-- name: SetConversationPerson :exec
INSERT INTO conversation_people (conversation, person, state, since) VALUES ($1, $2, $3, $4)
ON CONFLICT (conversation, person) DO UPDATE SET state = excluded.state, since = excluded.since,
    silent = conversation_people.silent AND excluded.state IN ('in', 'asked');

-- name: SetSilent :execrows
UPDATE conversation_people SET silent = @silent
WHERE conversation = @conversation AND person = @person AND state IN ('in', 'asked');

-- name: ConversationsOf :many
SELECT c.id, c.starter, c.pair, c.epoch, c.seq, c.created, c.changed FROM conversations c
JOIN conversation_people p ON p.conversation = c.id
WHERE p.person = $1 AND p.state IN ('in', 'asked') ORDER BY c.changed DESC, c.id LIMIT $2;

-- name: Conversation :one
SELECT c.id, c.starter, c.pair, c.epoch, c.seq, c.info, c.created, c.changed FROM conversations c
JOIN conversation_people p ON p.conversation = c.id
WHERE c.id = $1 AND p.person = $2 AND p.state IN ('in', 'asked');

-- name: ConversationPeople :many
SELECT person, state, since, silent FROM conversation_people WHERE conversation = $1 ORDER BY since, person;

-- name: PeopleOfConversations :many
-- Those of all that ConversationsOf lists.
SELECT p.conversation, p.person, p.state, p.since, p.silent FROM conversation_people mine
JOIN conversation_people p ON p.conversation = mine.conversation
WHERE mine.person = $1 AND mine.state IN ('in', 'asked') ORDER BY p.since, p.person;

-- name: DevicesOfConversations :many
SELECT d.conversation, d.person, d.device FROM conversation_people mine
JOIN conversation_devices d ON d.conversation = mine.conversation
WHERE mine.person = $1 AND mine.state IN ('in', 'asked') ORDER BY d.since, d.person, d.device;

-- name: ConversationDevices :many
SELECT person, device, since, read FROM conversation_devices WHERE conversation = $1 ORDER BY since, person, device;

-- name: PlaceOf :one
-- By which item a device of somebody who is in a conversation, or asked, came in:
-- no row when they are neither, and NULL when the device is not in it.
SELECT d.since FROM conversation_people p
LEFT JOIN conversation_devices d ON d.conversation = p.conversation AND d.person = p.person AND d.device = @device
WHERE p.conversation = @conversation AND p.person = @person AND p.state IN ('in', 'asked');

-- name: AddConversationDevice :execrows
INSERT INTO conversation_devices (conversation, device, person, since, read)
SELECT @conversation, d.device, d.person, @since, @read FROM talk_devices d WHERE d.person = @person AND d.device = @device
ON CONFLICT (conversation, device, person) DO UPDATE SET since = excluded.since, read = excluded.read;

-- name: DropConversationDevice :execrows
DELETE FROM conversation_devices WHERE conversation = $1 AND person = $2 AND device = $3;

-- name: SetConversation :exec
UPDATE conversations SET epoch = $1, seq = $2, info = $3, changed = $4 WHERE id = $5;

-- name: SetConversationSeq :exec
UPDATE conversations SET seq = $1, changed = $2 WHERE id = $3;

-- name: UnpairConversation :exec
UPDATE conversations SET pair = NULL WHERE id = $1;

-- name: AddItem :exec
INSERT INTO conversation_items (conversation, seq, kind, epoch, person, device, sealed, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: CountWritten :one
UPDATE conversation_people SET written = written + 1 WHERE conversation = $1 AND person = $2 RETURNING written;

-- name: TakenBack :one
-- How many messages somebody has written, and how many notes that they have taken one
-- back are still there, since some device has not read them.
SELECT p.written, (
    SELECT count(*) FROM conversation_items i WHERE i.conversation = p.conversation AND i.person = p.person AND i.kind = 'took_back'
) AS waiting FROM conversation_people p WHERE p.conversation = $1 AND p.person = $2;

-- name: WrittenAt :one
-- When somebody has written a message that is still there.
SELECT at FROM conversation_items WHERE conversation = $1 AND seq = $2 AND person = $3 AND kind = 'text';

-- name: DropItem :exec
DELETE FROM conversation_items WHERE conversation = $1 AND seq = $2;

-- name: UntellTalk :exec
-- What was told of somebody's message, or of a later one of theirs, to those who have
-- looked at none of it, and for whom there is no other.
DELETE FROM news WHERE talk = @talk AND who = @who AND made >= @made AND seen = FALSE AND NOT EXISTS (
    SELECT 1 FROM conversation_items i WHERE i.conversation = news.talk AND i.kind = 'text' AND i.person <> news.person
);

-- name: PassItem :exec
-- An item by which a conversation is no newer than it was.
UPDATE conversations SET seq = $1 WHERE id = $2;

-- name: ItemsFor :many
-- What a device that came in by an item has to read after another: of the welcomes its
-- own, and of all else what came after it.
SELECT seq, kind, epoch, person, device, sealed, at FROM conversation_items
WHERE conversation = @conversation AND seq > @after
    AND (kind <> 'welcome' AND seq > @since OR kind = 'welcome' AND seq = @since)
ORDER BY seq LIMIT @most;

-- name: SetRead :execrows
UPDATE conversation_devices SET read = @read WHERE conversation = @conversation AND person = @person AND device = @device AND read < @read;

-- name: DropReadItems :exec
-- What all have who are in a conversation, or asked, nobody needs any more.
DELETE FROM conversation_items WHERE conversation_items.conversation = $1 AND seq <= (
    SELECT COALESCE(min(d.read), 0) FROM conversation_devices d
    JOIN conversation_people p ON p.conversation = d.conversation AND p.person = d.person
    WHERE d.conversation = $1 AND p.state IN ('in', 'asked')
);

-- name: ForgetItems :exec
DELETE FROM conversation_items WHERE at < $1;

-- name: ForgetPackages :exec
DELETE FROM packages WHERE made < $1;

-- name: ForgetTalkDevices :exec
DELETE FROM talk_devices WHERE seen < $1;

-- name: ForgetPackagesOfNone :exec
DELETE FROM packages WHERE NOT EXISTS (
    SELECT 1 FROM talk_devices d WHERE d.person = packages.person AND d.device = packages.device
);

-- name: ForgetPlacesOfNone :exec
DELETE FROM conversation_devices WHERE NOT EXISTS (
    SELECT 1 FROM talk_devices d WHERE d.person = conversation_devices.person AND d.device = conversation_devices.device
);

-- name: ForgetConversations :exec
-- Those that nobody is in any more.
DELETE FROM conversations WHERE NOT EXISTS (
    SELECT 1 FROM conversation_people p WHERE p.conversation = conversations.id AND p.state = 'in'
) AND changed < $1;

-- name: TalkDeviceRows :many
SELECT d.device, d.since, d.seen,
    (SELECT count(*) FROM packages k WHERE k.person = d.person AND k.device = d.device) AS packages,
    CAST(COALESCE((SELECT sum(length(k.package)) FROM packages k WHERE k.person = d.person AND k.device = d.device), 0) AS BIGINT) AS bytes
FROM talk_devices d WHERE d.person = $1 ORDER BY d.since, d.device;

-- name: ConversationRows :many
SELECT p.conversation, p.state, p.since, p.silent,
    (SELECT count(*) FROM conversation_devices d WHERE d.conversation = p.conversation AND d.person = p.person) AS devices,
    (SELECT count(*) FROM conversation_items i WHERE i.conversation = p.conversation AND i.person = p.person) AS items,
    CAST(COALESCE((SELECT sum(length(i.sealed)) FROM conversation_items i WHERE i.conversation = p.conversation AND i.person = p.person), 0) AS BIGINT) AS bytes,
    CAST(COALESCE((SELECT min(i.at) FROM conversation_items i WHERE i.conversation = p.conversation AND i.person = p.person), 0) AS BIGINT) AS oldest
FROM conversation_people p WHERE p.person = $1 ORDER BY p.since, p.conversation;
