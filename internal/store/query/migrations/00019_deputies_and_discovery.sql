-- +goose Up

-- Who is kept out of a house, as its deputy has been told: a form, and of each the
-- person and until when. Null: nobody was told of.
ALTER TABLE pairs ADD COLUMN kept_out BYTEA;

-- Under which key values of discovery are stored. The key is not here. One row.
CREATE TABLE discovery_key (
    number BIGINT PRIMARY KEY CHECK (number = 1),
    id     BYTEA  NOT NULL CHECK (length(id) = 16)
);

-- +goose Down
DROP TABLE discovery_key;
ALTER TABLE pairs DROP COLUMN kept_out;
