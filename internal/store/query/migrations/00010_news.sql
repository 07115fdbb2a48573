-- What people are told, how they want to be told, and the browsers that are told
-- while they are closed.

-- +goose Up
-- A piece of news has nothing but names of things: what they are called is looked
-- up when it is read.
CREATE TABLE news (
    id     BYTEA   PRIMARY KEY CHECK (length(id) = 16), -- follows from the rest
    person BYTEA   NOT NULL REFERENCES people (id) ON DELETE CASCADE, -- who is told
    kind   TEXT    NOT NULL,
    who    BYTEA   REFERENCES people (id) ON DELETE CASCADE, -- who did it
    room   BYTEA   CHECK (length(room) = 16),
    club   BYTEA   REFERENCES clubs (id) ON DELETE CASCADE,
    plan   BYTEA   REFERENCES plans (id) ON DELETE CASCADE,
    made   BIGINT  NOT NULL,
    seen   BOOLEAN NOT NULL,
    held   BOOLEAN NOT NULL, -- for the next digest
    push   BIGINT  NOT NULL  -- when to push it; 0: not, or it is done
);
CREATE INDEX news_of ON news (person, made, id);
CREATE INDEX news_by_age ON news (made);
CREATE INDEX news_to_push ON news (push) WHERE push > 0;
CREATE INDEX news_by ON news (who);
CREATE INDEX news_of_club ON news (club);
CREATE INDEX news_of_plan ON news (plan);

CREATE TABLE news_people (
    person   BYTEA  PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    settings TEXT   NOT NULL, -- JSON; nothing: as at first
    version  BIGINT NOT NULL, -- grows with each change of them
    day      BIGINT NOT NULL, -- since 1970, where they are, of which the numbers are
    pushed   BIGINT NOT NULL, -- how often, within the budget
    pinged   BIGINT NOT NULL, -- of the reserve
    reminded BIGINT NOT NULL,
    digest   BIGINT NOT NULL  -- when the next one is due; 0: nothing is held
);
CREATE INDEX news_people_due ON news_people (digest) WHERE digest > 0;

-- The browsers that are pushed to: each goes with the session in it.
CREATE TABLE devices (
    session BYTEA  PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    person  BYTEA  NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    sealed  BYTEA  NOT NULL, -- its address at the push service, and its keys
    since   BIGINT NOT NULL,
    busy    BIGINT NOT NULL, -- until then its service takes nothing
    failed  BIGINT NOT NULL  -- how often in a row it did not
);
CREATE INDEX devices_of ON devices (person, since);

-- Those who are to be told of somebody are read in pages.
CREATE INDEX follows_told ON follows (whom, notify, who);

-- +goose Down
DROP INDEX follows_told;
DROP TABLE devices;
DROP TABLE news_people;
DROP TABLE news;
