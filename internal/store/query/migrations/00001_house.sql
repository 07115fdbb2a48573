-- The records of a house. Ids and hashes are bytes; times are milliseconds
-- since 1970 in UTC, and 0 where there is no such time.

-- +goose Up
CREATE TABLE people (
    id       BYTEA  PRIMARY KEY CHECK (length(id) = 16),
    name     TEXT   NOT NULL,
    created  BIGINT NOT NULL,
    recovery BYTEA  UNIQUE CHECK (length(recovery) = 32) -- hash of the recovery code
);

CREATE TABLE passkeys (
    id         BYTEA  PRIMARY KEY,
    person     BYTEA  NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    public_key BYTEA  NOT NULL,
    flags      BIGINT NOT NULL,
    uses       BIGINT NOT NULL, -- as the authenticator counts them
    created    BIGINT NOT NULL
);
CREATE INDEX passkeys_of ON passkeys (person);

CREATE TABLE sessions (
    id      BYTEA  PRIMARY KEY CHECK (length(id) = 16),
    token   BYTEA  NOT NULL UNIQUE CHECK (length(token) = 32), -- hash
    person  BYTEA  NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created BIGINT NOT NULL,
    seen    BIGINT NOT NULL
);
CREATE INDEX sessions_of ON sessions (person, seen);
CREATE INDEX sessions_by_age ON sessions (seen);

CREATE TABLE invites (
    id       BYTEA  PRIMARY KEY CHECK (length(id) = 16),
    code     BYTEA  NOT NULL UNIQUE CHECK (length(code) = 32), -- hash
    given_by BYTEA  REFERENCES people (id) ON DELETE CASCADE,  -- NULL: the founder's
    created  BIGINT NOT NULL,
    expires  BIGINT NOT NULL,
    revoked  BIGINT NOT NULL DEFAULT 0,
    used     BIGINT NOT NULL DEFAULT 0,
    used_by  BYTEA  REFERENCES people (id) ON DELETE SET NULL
);
CREATE INDEX invites_from ON invites (given_by, created);

CREATE TABLE follows (
    who   BYTEA  NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    whom  BYTEA  NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    since BIGINT NOT NULL,
    PRIMARY KEY (who, whom)
);
CREATE INDEX follows_of ON follows (whom);

-- The rooms that have not ended. A room is its snapshot and the events after
-- it: those with numbers over compacted up to seq.
CREATE TABLE rooms (
    name      BYTEA  PRIMARY KEY CHECK (length(name) = 16),
    term      BIGINT NOT NULL,
    seq       BIGINT NOT NULL,
    compacted BIGINT NOT NULL DEFAULT 0,
    snapshot  BYTEA
);

CREATE TABLE room_events (
    room  BYTEA  NOT NULL REFERENCES rooms (name) ON DELETE CASCADE,
    seq   BIGINT NOT NULL,
    event BYTEA  NOT NULL, -- JSON, as watchers are sent it
    PRIMARY KEY (room, seq)
);

-- +goose Down
DROP TABLE room_events;
DROP TABLE rooms;
DROP TABLE follows;
DROP TABLE invites;
DROP TABLE sessions;
DROP TABLE passkeys;
DROP TABLE people;
