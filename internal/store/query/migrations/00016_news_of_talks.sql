-- News of conversations.

-- +goose Up
ALTER TABLE news ADD COLUMN talk BYTEA REFERENCES conversations (id) ON DELETE CASCADE;
CREATE INDEX news_of_talk ON news (talk);

-- +goose Down
DROP INDEX news_of_talk;
ALTER TABLE news DROP COLUMN talk;
