-- The backup of a person's device key, sealed by what a passkey holds. What is
-- in it is none of the house's business.

-- +goose Up
ALTER TABLE passkeys ADD COLUMN key_backup BYTEA
    CHECK (length(key_backup) BETWEEN 1 AND 512);

-- +goose Down
ALTER TABLE passkeys DROP COLUMN key_backup;
