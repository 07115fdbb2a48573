-- Conversations of which somebody wants to hear nothing.

-- +goose Up
ALTER TABLE conversation_people ADD COLUMN silent BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE conversation_people DROP COLUMN silent;
