-- name: ForgetInvitesSpent :exec
DELETE FROM invites WHERE used = 0
    AND (revoked > 0 AND revoked <= @before OR expires > 0 AND expires <= @before);

-- name: Ages :many
-- How much there is of each kind, and when the oldest was made or last used. Where
-- rows have no time, it is 0.
SELECT 'people' AS kind, count(*) AS n, CAST(COALESCE(min(created), 0) AS BIGINT) AS oldest FROM people
UNION ALL SELECT 'clear_names', count(*), 0 FROM clear_names
UNION ALL SELECT 'profiles', count(*), COALESCE(min(changed), 0) FROM profiles
UNION ALL SELECT 'pictures', count(*), COALESCE(min(changed), 0) FROM pictures
UNION ALL SELECT 'passkeys', count(*), COALESCE(min(created), 0) FROM passkeys
UNION ALL SELECT 'sessions', count(*), COALESCE(min(seen), 0) FROM sessions
UNION ALL SELECT 'invites', count(*), COALESCE(min(i.created), 0)
    FROM invites i WHERE i.used > 0 OR i.revoked = 0 AND (i.expires = 0 OR i.expires > @now)
UNION ALL SELECT 'invites, spent', count(*),
    COALESCE(min(CASE WHEN i.revoked > 0 AND (i.revoked < i.expires OR i.expires = 0) THEN i.revoked ELSE i.expires END), 0)
    FROM invites i WHERE i.used = 0 AND (i.revoked > 0 OR i.expires > 0 AND i.expires <= @now)
UNION ALL SELECT 'follows', count(*), COALESCE(min(since), 0) FROM follows
UNION ALL SELECT 'hidden', count(*), COALESCE(min(since), 0) FROM hidden
UNION ALL SELECT 'blocks', count(*), COALESCE(min(since), 0) FROM blocks
UNION ALL SELECT 'clubs', count(*), COALESCE(min(created), 0) FROM clubs
UNION ALL SELECT 'club_people', count(*), COALESCE(min(since), 0) FROM club_people
UNION ALL SELECT 'club_follows', count(*), COALESCE(min(since), 0) FROM club_follows
-- Of plans those count that are over: one can be open for weeks.
UNION ALL SELECT 'plans', count(*), COALESCE(min(CASE WHEN p.state IN ('over', 'cancelled') THEN p.ends END), 0) FROM plans p
UNION ALL SELECT 'plan_hosts', count(*), COALESCE(min(since), 0) FROM plan_hosts
UNION ALL SELECT 'plan_guests', count(*), 0 FROM plan_guests
UNION ALL SELECT 'plan_goers', count(*), COALESCE(min(since), 0) FROM plan_goers
UNION ALL SELECT 'calendars', count(*), COALESCE(min(made), 0) FROM calendars
UNION ALL SELECT 'news', count(*), COALESCE(min(made), 0) FROM news
UNION ALL SELECT 'news_people', count(*), 0 FROM news_people
UNION ALL SELECT 'devices', count(*), COALESCE(min(since), 0) FROM devices
UNION ALL SELECT 'discovery_people', count(*), COALESCE(min(seen), 0) FROM discovery_people
UNION ALL SELECT 'discovery_values', count(*), 0 FROM discovery_values
UNION ALL SELECT 'discovery_lists', count(*), 0 FROM discovery_lists
UNION ALL SELECT 'discovery_key', count(*), 0 FROM discovery_key
UNION ALL SELECT 'addresses', count(*), COALESCE(min(verified), 0) FROM addresses
UNION ALL SELECT 'reports', count(*), COALESCE(min(made), 0) FROM reports
UNION ALL SELECT 'wardens', count(*), COALESCE(min(since), 0) FROM wardens
UNION ALL SELECT 'entries', count(*), COALESCE(min(since), 0) FROM entries
UNION ALL SELECT 'written_reports', count(*), COALESCE(min(made), 0) FROM written_reports
UNION ALL SELECT 'written_reports, decided', count(*), COALESCE(min(r.decided), 0) FROM written_reports r WHERE r.decided > 0
UNION ALL SELECT 'decisions', count(*), COALESCE(min(CASE WHEN d.ends > 0 THEN d.ends END), 0) FROM decisions d
UNION ALL SELECT 'answers', count(*), 0 FROM answers
UNION ALL SELECT 'talk_devices', count(*), COALESCE(min(seen), 0) FROM talk_devices
UNION ALL SELECT 'packages', count(*), COALESCE(min(made), 0) FROM packages
UNION ALL SELECT 'conversations', count(*), COALESCE(min(created), 0) FROM conversations
UNION ALL SELECT 'conversation_people', count(*), COALESCE(min(since), 0) FROM conversation_people
UNION ALL SELECT 'conversation_devices', count(*), 0 FROM conversation_devices
UNION ALL SELECT 'conversation_items', count(*), COALESCE(min(at), 0) FROM conversation_items
UNION ALL SELECT 'rooms', count(*), 0 FROM rooms
UNION ALL SELECT 'room_events', count(*), 0 FROM room_events
UNION ALL SELECT 'pairs', count(*), 0 FROM pairs
UNION ALL SELECT 'house', count(*), 0 FROM house;

-- name: RoomsBegun :many
-- When each room was opened; of those from before that was noted, what it began with,
-- or its snapshot.
SELECT r.opened, r.snapshot, e.event FROM rooms r
LEFT JOIN room_events e ON e.room = r.name AND e.seq = 1;
