-- Clubs, who is in them, and how loud one wants to be told of whom one follows.

-- +goose Up
-- What a club says of itself is its own, and outlives who has written it.
CREATE TABLE clubs (
    id            BYTEA   PRIMARY KEY CHECK (length(id) = 16),
    name          TEXT    NOT NULL,
    about         TEXT    NOT NULL,
    rules         TEXT    NOT NULL, -- JSON: a list of texts
    rules_version BIGINT  NOT NULL, -- to which one says yes
    joining       TEXT    NOT NULL,
    rooms         TEXT    NOT NULL, -- who may open some: members, admins
    listed        BOOLEAN NOT NULL,
    language      TEXT    NOT NULL, -- BCP 47, or nothing
    version       BIGINT  NOT NULL, -- grows with each change of what it says
    created       BIGINT  NOT NULL,
    members       BIGINT  NOT NULL, -- how many there are
    followers     BIGINT  NOT NULL
);
CREATE INDEX clubs_by_size ON clubs (listed, members, id);

-- How people stand to clubs.
CREATE TABLE club_people (
    club     BYTEA   NOT NULL REFERENCES clubs (id) ON DELETE CASCADE,
    person   BYTEA   NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    standing BIGINT  NOT NULL, -- 1 barred, 2 nominated, 3 asked, 4 invited, 5 member, 6 admin, 7 founder
    since    BIGINT  NOT NULL, -- they are members, or stand there so
    by_whom  BYTEA   REFERENCES people (id) ON DELETE SET NULL, -- who nominated or invited them
    shown    BOOLEAN NOT NULL, -- in their profile
    PRIMARY KEY (club, person)
);
CREATE INDEX club_people_in ON club_people (club, standing, since, person);
CREATE INDEX club_people_of ON club_people (person, standing);
CREATE INDEX club_people_by ON club_people (by_whom, club);

CREATE TABLE club_follows (
    club   BYTEA  NOT NULL REFERENCES clubs (id) ON DELETE CASCADE,
    person BYTEA  NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    since  BIGINT NOT NULL,
    PRIMARY KEY (club, person)
);
CREATE INDEX club_follows_of ON club_follows (person);

ALTER TABLE follows ADD COLUMN notify TEXT NOT NULL DEFAULT 'sometimes'; -- always, sometimes, never

-- Whom somebody does not want to be suggested any more.
CREATE TABLE hidden (
    who   BYTEA  NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    whom  BYTEA  NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    since BIGINT NOT NULL,
    PRIMARY KEY (who, whom)
);
CREATE INDEX hidden_whom ON hidden (whom);

-- +goose Down
DROP TABLE hidden;
ALTER TABLE follows DROP COLUMN notify;
DROP TABLE club_follows;
DROP TABLE club_people;
DROP TABLE clubs;
