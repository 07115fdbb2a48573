-- What each of a node's writers has written last. Where the answer to a COMMIT
-- can be lost on its way, as with PostgreSQL, it is looked up here. No record.

-- +goose Up
CREATE TABLE pens (
    id      BYTEA  PRIMARY KEY CHECK (length(id) = 16),
    written BIGINT NOT NULL, -- the number of the last write
    used    BIGINT NOT NULL
);

-- +goose Down
DROP TABLE pens;
