-- Whom somebody does not want to hear, or to have anything to do with.

-- +goose Up
CREATE TABLE blocks (
    who   BYTEA  NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    whom  BYTEA  NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    level TEXT   NOT NULL, -- mute, block
    since BIGINT NOT NULL,
    PRIMARY KEY (who, whom)
);
CREATE INDEX blocks_whom ON blocks (whom, level, who);

-- +goose Down
DROP TABLE blocks;
