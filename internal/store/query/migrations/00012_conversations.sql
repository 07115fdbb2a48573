-- Conversations: sealed messages between devices of people, whom the house knows,
-- and what they write, which it does not.

-- +goose Up
CREATE TABLE talk_devices (
    person BYTEA  NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    device BYTEA  NOT NULL CHECK (length(device) = 32), -- its public key
    since  BIGINT NOT NULL,
    seen   BIGINT NOT NULL,
    PRIMARY KEY (person, device)
);
CREATE INDEX talk_devices_seen ON talk_devices (seen);

-- Key packages (RFC 9420, section 10), by which a device is added while it is away.
CREATE TABLE packages (
    id      BYTEA   PRIMARY KEY CHECK (length(id) = 16),
    person  BYTEA   NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    device  BYTEA   NOT NULL,
    package BYTEA   NOT NULL,
    last    BOOLEAN NOT NULL, -- it stays when it is used, so that there is always one
    made    BIGINT  NOT NULL
);
CREATE INDEX packages_of ON packages (person, device, last, made);

CREATE TABLE conversations (
    id      BYTEA   PRIMARY KEY CHECK (length(id) = 16),
    starter BYTEA   REFERENCES people (id) ON DELETE SET NULL,
    pair    BYTEA   UNIQUE, -- both ids, the lesser first, where it is of two
    epoch   BIGINT  NOT NULL, -- grows with each change of its devices
    seq     BIGINT  NOT NULL, -- of the last item
    info    BYTEA   NOT NULL, -- of the group in this epoch (RFC 9420, section 12.4.3)
    created BIGINT  NOT NULL,
    changed BIGINT  NOT NULL
);

CREATE TABLE conversation_people (
    conversation BYTEA  NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    person       BYTEA  NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    state        TEXT   NOT NULL, -- asked, in, declined, left
    since        BIGINT NOT NULL,
    written      BIGINT NOT NULL DEFAULT 0, -- messages
    PRIMARY KEY (conversation, person)
);
CREATE INDEX conversation_people_of ON conversation_people (person, state, since);

-- The devices that can open what is written now, and how far they have come.
CREATE TABLE conversation_devices (
    conversation BYTEA  NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    device       BYTEA  NOT NULL,
    person       BYTEA  NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    since        BIGINT NOT NULL, -- the item by which they came in
    read         BIGINT NOT NULL, -- the last item that they have
    PRIMARY KEY (conversation, device, person)
);
CREATE INDEX conversation_devices_of ON conversation_devices (person, device);

CREATE TABLE conversation_items (
    conversation BYTEA  NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    seq          BIGINT NOT NULL,
    kind         TEXT   NOT NULL, -- text, change, welcome
    epoch        BIGINT NOT NULL, -- in which it was sealed
    person       BYTEA  NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    device       BYTEA  NOT NULL,
    sealed       BYTEA  NOT NULL,
    at           BIGINT NOT NULL,
    PRIMARY KEY (conversation, seq)
);
CREATE INDEX conversation_items_at ON conversation_items (at);
CREATE INDEX conversation_items_of ON conversation_items (person, at);

-- +goose Down
DROP TABLE conversation_items;
DROP TABLE conversation_devices;
DROP TABLE conversation_people;
DROP TABLE conversations;
DROP TABLE packages;
DROP TABLE talk_devices;
