-- Rooms to come. What a host writes is sealed by the host's key, as profiles are.

-- +goose Up
CREATE TABLE plans (
    id         BYTEA   PRIMARY KEY CHECK (length(id) = 16),
    host       BYTEA   NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    sealed     BYTEA   NOT NULL, -- title, and what it is about
    starts     BIGINT  NOT NULL,
    ends       BIGINT  NOT NULL,
    club       BYTEA   REFERENCES clubs (id) ON DELETE CASCADE,
    visibility TEXT    NOT NULL, -- open, social, members, closed
    language   TEXT    NOT NULL, -- BCP 47, or nothing
    fence      TEXT    NOT NULL,
    recorded   BOOLEAN NOT NULL, -- the hosts say that they record
    state      TEXT    NOT NULL, -- planned, opening, open, over, cancelled
    room       BYTEA   CHECK (length(room) = 16), -- from opening on
    began      BIGINT  NOT NULL DEFAULT 0, -- when it was last begun to be opened
    version    BIGINT  NOT NULL, -- grows with each change
    created    BIGINT  NOT NULL,
    changed    BIGINT  NOT NULL
);
CREATE INDEX plans_by_start ON plans (starts, id);
CREATE INDEX plans_by_state ON plans (state, starts);
CREATE INDEX plans_of ON plans (host, starts);
CREATE INDEX plans_of_club ON plans (club, starts);

CREATE TABLE plan_hosts (
    plan     BYTEA   NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    person   BYTEA   NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    accepted BOOLEAN NOT NULL,
    since    BIGINT  NOT NULL, -- they were asked, or have accepted
    PRIMARY KEY (plan, person)
);
CREATE INDEX plan_hosts_of ON plan_hosts (person);

CREATE TABLE plan_guests (
    plan   BYTEA NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    person BYTEA NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    PRIMARY KEY (plan, person)
);
CREATE INDEX plan_guests_of ON plan_guests (person);

-- Who means to come, and what they have not been told yet.
CREATE TABLE plan_goers (
    plan   BYTEA  NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    person BYTEA  NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    since  BIGINT NOT NULL,
    remind BIGINT NOT NULL, -- minutes before the start; -1: never
    due    BIGINT NOT NULL, -- when to remind them; 0: not, or it is done
    news   TEXT   NOT NULL, -- moved, cancelled, open, or nothing
    PRIMARY KEY (plan, person)
);
CREATE INDEX plan_goers_of ON plan_goers (person);
CREATE INDEX plan_goers_due ON plan_goers (due, person, plan);

-- At which address a person's calendar is: what follows from the generation is
-- known by its hash.
CREATE TABLE calendars (
    person     BYTEA  PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    generation BIGINT NOT NULL,
    secret     BYTEA  NOT NULL UNIQUE CHECK (length(secret) = 32),
    made       BIGINT NOT NULL
);

-- +goose Down
DROP TABLE calendars;
DROP TABLE plan_goers;
DROP TABLE plan_guests;
DROP TABLE plan_hosts;
DROP TABLE plans;
