-- Who is kept out of a house, as its deputy has been told: a form, and of each the
-- person and until when. Null: nobody was told of.

-- +goose Up
ALTER TABLE pairs ADD COLUMN kept_out BYTEA;

-- +goose Down
ALTER TABLE pairs DROP COLUMN kept_out;
