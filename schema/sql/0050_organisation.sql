-- 0050: the organisation that runs this node, and its texts.
-- Why:     whoever looks for help must see who stands behind a page, whom to ask and by which rules (funding principles 1, 2
--          and 4). Texts are versioned: what somebody agreed to can still be read later.
-- Locks:   new tables only.
-- Undo:    DROP TABLE texts, text_versions, organisation, selfhelp_revision;

CREATE TABLE organisation (
    id              int PRIMARY KEY CHECK (id = 1),
    kind            text NOT NULL CHECK (kind IN ('association', 'contact_office', 'working_group')),
    name            text NOT NULL CHECK (name <> ''),
    region          text NOT NULL,
    purpose         text NOT NULL,
    responsible     text[] NOT NULL,               -- persons with their office, as the imprint names them
    funding         text NOT NULL,
    server_location text NOT NULL,
    contact_email   text NOT NULL,
    contact_phone   text NOT NULL,
    contact_address text NOT NULL,
    contact_hours   text NOT NULL,
    answer_days     int  NOT NULL CHECK (answer_days BETWEEN 1 AND 60),
    website         text NOT NULL,
    space_id        text COLLATE "C",              -- the public organisation space, once made
    changed         bigint NOT NULL,               -- ms
    changed_by      text COLLATE "C" NOT NULL      -- user id; "command line"
);

CREATE TABLE text_versions (
    owner   text COLLATE "C" NOT NULL,             -- '': the organisation; else a group_id
    kind    text COLLATE "C" NOT NULL CHECK (kind ~ '^[a-z_]{1,40}$'),
    version int    NOT NULL CHECK (version >= 1),
    set_by  text COLLATE "C" NOT NULL,
    set_at  bigint NOT NULL,                       -- ms
    PRIMARY KEY (owner, kind, version)
);
CREATE TABLE texts (
    owner    text COLLATE "C" NOT NULL,
    kind     text COLLATE "C" NOT NULL,
    version  int  NOT NULL,
    register text COLLATE "C" NOT NULL CHECK (register IN ('sie', 'du', 'leicht', 'en')),
    body     text NOT NULL CHECK (body <> ''),
    PRIMARY KEY (owner, kind, version, register),
    FOREIGN KEY (owner, kind, version) REFERENCES text_versions ON DELETE CASCADE
);

-- Grows with every change of groups, roles and rules, so that a running server notices what the command line did.
CREATE TABLE selfhelp_revision (
    id       int PRIMARY KEY CHECK (id = 1),
    revision bigint NOT NULL
);
INSERT INTO selfhelp_revision VALUES (1, 0);
