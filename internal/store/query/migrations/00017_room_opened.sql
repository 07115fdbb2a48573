-- When a room was opened: what happens in it is sealed (docs/adr/0079). 0: of those
-- from before, in which it can be read.

-- +goose Up
ALTER TABLE rooms ADD COLUMN opened BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE rooms DROP COLUMN opened;
