-- What people report of what was said: sealed to moderators, with hashes of what
-- the house has forwarded. It is forgotten after a month.

-- +goose Up
CREATE TABLE reports (
    id     BYTEA  PRIMARY KEY CHECK (length(id) = 16),
    room   BYTEA  NOT NULL CHECK (length(room) = 16), -- which may be over
    about  BYTEA  NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    made_by BYTEA NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    made   BIGINT NOT NULL,
    hashes BYTEA  NOT NULL, -- 16 bytes each, of what about has said
    sealed BYTEA  NOT NULL CHECK (length(sealed) BETWEEN 1 AND 262144)
);
CREATE INDEX reports_by ON reports (made_by);
CREATE INDEX reports_about ON reports (about);
CREATE INDEX reports_by_age ON reports (made);

-- +goose Down
DROP TABLE reports;
