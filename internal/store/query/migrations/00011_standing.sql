-- Since when nothing speaks against somebody, and whether they were invited: how
-- many others they may invite follows from it.

-- +goose Up
ALTER TABLE people ADD COLUMN good BIGINT NOT NULL DEFAULT 0;
ALTER TABLE people ADD COLUMN invited BOOLEAN NOT NULL DEFAULT TRUE;
UPDATE people SET good = created;

-- +goose Down
ALTER TABLE people DROP COLUMN invited;
ALTER TABLE people DROP COLUMN good;
