-- What people report in words, who judges it, and what was decided.

-- +goose Up
CREATE TABLE wardens (
    person BYTEA  PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    since  BIGINT NOT NULL
);

-- One of each thing that was reported, in words or by a voice.
CREATE TABLE entries (
    id      BYTEA   PRIMARY KEY CHECK (length(id) = 16), -- of the thing, which may be gone
    kind    TEXT    NOT NULL, -- person, club, room, plan
    person  BYTEA   REFERENCES people (id) ON DELETE CASCADE, -- whom it concerns; of a club, who leads it then
    open    BOOLEAN NOT NULL,
    version BIGINT  NOT NULL,
    since   BIGINT  NOT NULL, -- when it was opened or, if it is not open, decided
    passed  BYTEA   REFERENCES people (id) ON DELETE SET NULL -- who is not to judge it again
);
CREATE INDEX entries_order ON entries (open, since, id);
CREATE INDEX entries_person ON entries (person);
CREATE INDEX entries_passed ON entries (passed);
INSERT INTO entries (id, kind, person, open, version, since)
SELECT about, 'person', about, TRUE, 1, min(made) FROM reports GROUP BY about;

CREATE TABLE written_reports (
    id      BYTEA  PRIMARY KEY CHECK (length(id) = 16),
    entry   BYTEA  NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    made_by BYTEA  REFERENCES people (id) ON DELETE SET NULL,
    reason  TEXT   NOT NULL,
    sealed  BYTEA, -- by the key of who made it; none when they are erased
    made    BIGINT NOT NULL,
    decided BIGINT NOT NULL -- 0: not yet
);
CREATE INDEX written_reports_entry ON written_reports (entry, made);
CREATE INDEX written_reports_by ON written_reports (made_by, decided);
CREATE INDEX written_reports_age ON written_reports (made);

-- They are only added, and go a year after their end.
CREATE TABLE decisions (
    id      BYTEA  PRIMARY KEY CHECK (length(id) = 16),
    entry   BYTEA  NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    person  BYTEA  NOT NULL REFERENCES people (id) ON DELETE CASCADE, -- whom it concerns
    made_by BYTEA  REFERENCES people (id) ON DELETE SET NULL, -- a warden
    what    TEXT   NOT NULL,
    made    BIGINT NOT NULL,
    ends    BIGINT NOT NULL, -- when it is over: when it was made, where nothing lasts; 0: never
    lifts   BYTEA, -- the decision that does not hold any more
    sealed  BYTEA  NOT NULL -- why, by the key of whom it concerns
);
CREATE INDEX decisions_entry ON decisions (entry, made);
CREATE INDEX decisions_person ON decisions (person, made);
CREATE INDEX decisions_by ON decisions (made_by);
CREATE INDEX decisions_lifts ON decisions (lifts);
CREATE INDEX decisions_made ON decisions (made, id);

CREATE TABLE answers (
    decision BYTEA  PRIMARY KEY REFERENCES decisions (id) ON DELETE CASCADE,
    sealed   BYTEA  NOT NULL, -- by the key of whom it concerns
    made     BIGINT NOT NULL
);

-- +goose Down
DROP TABLE answers;
DROP TABLE decisions;
DROP TABLE written_reports;
DROP TABLE entries;
DROP TABLE wardens;
