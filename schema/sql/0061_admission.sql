-- 0061: the door: a group's form, applications, interview slots, decisions.
-- Why:     whoever wants to join says as little as the group needs, sees every step, and the file erases itself: everything
--          about one application stands in these rows, in its reception room and in the account made for it, and all of it
--          goes (core/selfhelp/erasure). What stays is a count.
-- Locks:   new tables only.
-- Undo:    DROP TABLE admission_counts, interview_slots, application_notes, application_votes, application_log, applications,
--          admission_forms;

CREATE TABLE admission_forms (
    group_id text COLLATE "C" PRIMARY KEY REFERENCES groups ON DELETE CASCADE,
    fields   text   NOT NULL,                      -- JSON: what is asked and why (core/selfhelp/admission)
    deciders int    NOT NULL DEFAULT 1 CHECK (deciders IN (1, 2)),
    recognises text[] NOT NULL DEFAULT '{}',      -- servers of offices whose admissions count here
    changed  bigint NOT NULL                       -- ms
);

CREATE TABLE applications (
    application_id text COLLATE "C" PRIMARY KEY CHECK (application_id ~ '^[A-Za-z0-9]{20}$'),
    group_id    text COLLATE "C" NOT NULL REFERENCES groups,
    user_id     text COLLATE "C" NOT NULL,         -- ours, or of another server
    user_nid    bigint REFERENCES users,           -- ours only
    new_account boolean NOT NULL,                  -- made for this application; goes with it unless admitted
    came_by     text NOT NULL CHECK (came_by IN ('page', 'knock')),
    register    text NOT NULL CHECK (register IN ('sie', 'du', 'leicht', 'en')),
    state       text COLLATE "C" NOT NULL CHECK (state IN ('received', 'interview', 'waiting', 'admitted', 'declined', 'withdrawn', 'lapsed')),
    interviewed boolean NOT NULL DEFAULT false,
    answers     text NOT NULL DEFAULT '{}',        -- JSON by the form's field ids
    email       text,
    phone       text,
    attested_by text COLLATE "C",                  -- the office whose admission was recognised
    created     bigint NOT NULL,                   -- ms, like all times here
    reaction    bigint NOT NULL,                   -- of either side, the newest
    decided     bigint,                            -- since then the file waits for its end
    room_id     text COLLATE "C",                  -- the reception
    told        int NOT NULL DEFAULT 0,            -- entries of the log that were said in the reception
    mailed      int NOT NULL DEFAULT 0,            -- ... that a mail has pointed to
    settled     boolean NOT NULL DEFAULT false,    -- rooms and account are as the decision says
    CHECK ((state IN ('admitted', 'declined', 'withdrawn', 'lapsed')) = (decided IS NOT NULL))
);
CREATE UNIQUE INDEX applications_once ON applications (group_id, user_id) WHERE decided IS NULL;
CREATE INDEX applications_user ON applications (user_id);
CREATE INDEX applications_room ON applications (room_id) WHERE room_id IS NOT NULL;
CREATE INDEX applications_nid ON applications (user_nid);

CREATE TABLE application_log (                     -- every state, as the applicant sees it
    application_id text COLLATE "C" NOT NULL REFERENCES applications ON DELETE CASCADE,
    seq  int    NOT NULL,
    at   bigint NOT NULL,
    what text COLLATE "C" NOT NULL,
    by   text COLLATE "C" NOT NULL DEFAULT '',     -- who of the team; '' the applicant or the server
    text text   NOT NULL DEFAULT '',               -- what a person wrote to the applicant
    PRIMARY KEY (application_id, seq)
);

CREATE TABLE application_votes (
    application_id text COLLATE "C" NOT NULL REFERENCES applications ON DELETE CASCADE,
    by      text COLLATE "C" NOT NULL,
    admit   boolean NOT NULL,
    text    text   NOT NULL,                       -- for the applicant
    reason  text   NOT NULL,                       -- for the file
    at      bigint NOT NULL,
    PRIMARY KEY (application_id, by)
);

CREATE TABLE application_notes (
    note_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application_id text COLLATE "C" NOT NULL REFERENCES applications ON DELETE CASCADE,
    by   text COLLATE "C" NOT NULL,
    at   bigint NOT NULL,
    text text   NOT NULL
);
CREATE INDEX application_notes_of ON application_notes (application_id, note_id);

CREATE TABLE interview_slots (
    slot_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_id       text COLLATE "C" NOT NULL REFERENCES groups ON DELETE CASCADE,
    offered_by     text COLLATE "C" NOT NULL,
    begins         bigint NOT NULL,
    ends           bigint NOT NULL CHECK (ends > begins),
    way            text NOT NULL CHECK (way IN ('chat', 'phone', 'video', 'in_person')),
    place          text NOT NULL DEFAULT '',       -- number, link or address; told to whom the slot belongs
    application_id text COLLATE "C" UNIQUE REFERENCES applications ON DELETE SET NULL
);
CREATE INDEX interview_slots_group ON interview_slots (group_id, begins);

CREATE TABLE admission_counts (                    -- what stays: how many, per month
    group_id text COLLATE "C" NOT NULL REFERENCES groups ON DELETE CASCADE,
    month    text COLLATE "C" NOT NULL CHECK (month ~ '^[0-9]{4}-[0-9]{2}$'),
    outcome  text COLLATE "C" NOT NULL CHECK (outcome IN ('admitted', 'declined', 'withdrawn', 'lapsed')),
    n        int NOT NULL,
    PRIMARY KEY (group_id, month, outcome)
);
