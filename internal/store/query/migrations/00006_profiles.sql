-- What people write about themselves, sealed by a key of each person's own that
-- is not here: whoever erases their account is gone from backups of this, too.

-- +goose Up
CREATE TABLE profiles (
    person  BYTEA  PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    sealed  BYTEA  NOT NULL,
    handle  BYTEA  UNIQUE CHECK (length(handle) = 32), -- HMAC, by a key of the house's that is not here
    version BIGINT NOT NULL,
    changed BIGINT NOT NULL
);

CREATE TABLE pictures (
    person  BYTEA  PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    large   BYTEA  NOT NULL, -- sealed, as is the small one
    small   BYTEA  NOT NULL,
    changed BIGINT NOT NULL
);

-- Which keyring the keys are in. One row.
CREATE TABLE house (
    keyring BYTEA   PRIMARY KEY CHECK (length(keyring) = 16),
    swept   BOOLEAN NOT NULL DEFAULT FALSE -- no page has a name of before any more
);

-- Names from before that the next start seals. Empty from then on.
CREATE TABLE clear_names (
    person BYTEA PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    name   TEXT  NOT NULL
);
INSERT INTO clear_names (person, name) SELECT id, name FROM people;
ALTER TABLE people DROP COLUMN name;

CREATE INDEX invites_used_by ON invites (used_by);

-- +goose Down
DROP INDEX invites_used_by;
ALTER TABLE people ADD COLUMN name TEXT NOT NULL DEFAULT '';
DROP TABLE clear_names;
DROP TABLE house;
DROP TABLE pictures;
DROP TABLE profiles;
