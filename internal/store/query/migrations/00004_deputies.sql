-- Rooms whose records two nodes have: the one that runs them, and its deputy.

-- +goose Up
-- whose room it is; null for this node's own
ALTER TABLE rooms ADD COLUMN house BYTEA;
-- whether it is kept only, and not run here
ALTER TABLE rooms ADD COLUMN kept BOOLEAN NOT NULL DEFAULT FALSE;

-- The houses that have a deputy, where this node is one or the other.
CREATE TABLE pairs (
    house  BYTEA  PRIMARY KEY CHECK (length(house) = 16),
    deputy BYTEA  NOT NULL CHECK (length(deputy) = 16),
    term   BIGINT NOT NULL,
    key    BYTEA  NOT NULL, -- by which who sits in a room of the house is known
    url    TEXT   NOT NULL  -- where people find the house
);

-- +goose Down
DROP TABLE pairs;
ALTER TABLE rooms DROP COLUMN kept;
ALTER TABLE rooms DROP COLUMN house;
