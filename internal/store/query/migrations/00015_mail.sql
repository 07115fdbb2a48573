-- Addresses of mail that people have proven to be theirs, and what is sent there.

-- +goose Up
-- Nobody can be found by an address: it is sealed by its owner's key, and has no
-- index.
CREATE TABLE addresses (
    person   BYTEA  PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    sealed   BYTEA  NOT NULL, -- the address, and the language in which it is written to
    verified BIGINT NOT NULL,
    mail     TEXT   NOT NULL, -- off, digest or named
    due      BIGINT NOT NULL, -- when to look for news to send; 0: never
    told     BIGINT NOT NULL  -- of which time the last news are that were sent
);
CREATE INDEX addresses_due ON addresses (due) WHERE due > 0;

-- +goose Down
DROP TABLE addresses;
