-- Private discovery: who takes part, by which values they are found, and which of
-- those others list. Nothing here is of anybody without an account.

-- +goose Up
CREATE TABLE discovery_people (
    person     BYTEA   PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    findable   BOOLEAN NOT NULL, -- else there is nothing but what they may ask for
    since      BIGINT  NOT NULL,
    seen       BIGINT  NOT NULL,
    listed     BIGINT  NOT NULL, -- values that they have sent, whoever of them is here
    generation BIGINT  NOT NULL, -- grows when they are called otherwise
    budget     BIGINT  NOT NULL, -- identifiers for which they may still ask
    counted    BIGINT  NOT NULL  -- until when what comes again is counted in
);
CREATE INDEX discovery_people_seen ON discovery_people (seen);

-- A value follows from what somebody is called and a key that is not in the records.
CREATE TABLE discovery_values (
    value  BYTEA PRIMARY KEY CHECK (length(value) = 32),
    person BYTEA NOT NULL REFERENCES discovery_people (person) ON DELETE CASCADE,
    kind   TEXT  NOT NULL,
    of_key BYTEA NOT NULL CHECK (length(of_key) = 16) -- under which key
);
CREATE INDEX discovery_values_of ON discovery_values (person);

-- Whom somebody lists, out of those who take part.
CREATE TABLE discovery_lists (
    who   BYTEA NOT NULL REFERENCES discovery_people (person) ON DELETE CASCADE,
    value BYTEA NOT NULL REFERENCES discovery_values (value) ON DELETE CASCADE,
    PRIMARY KEY (who, value)
);
CREATE INDEX discovery_lists_by ON discovery_lists (value);

-- +goose Down
DROP TABLE discovery_lists;
DROP TABLE discovery_values;
DROP TABLE discovery_people;
