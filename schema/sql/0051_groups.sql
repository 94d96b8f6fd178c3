-- 0051: groups and their cards.
-- Why:     a group is a private space with its rooms; the card is all that outsiders see of it, and never names a person
--          or a number of people.
-- Locks:   new tables only.
-- Undo:    DROP TABLE group_rooms, groups, topic_codes;

CREATE TABLE topic_codes (
    code     text COLLATE "C" PRIMARY KEY CHECK (code ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    label    text NOT NULL CHECK (label <> ''),    -- German
    label_en text NOT NULL DEFAULT '',
    position int  NOT NULL DEFAULT 0
);
INSERT INTO topic_codes (code, label, label_en, position) VALUES
    ('sucht', 'Sucht und Abhängigkeit', 'Addiction', 10),
    ('psyche', 'Seelische Gesundheit', 'Mental health', 20),
    ('krebs', 'Krebs', 'Cancer', 30),
    ('chronisch', 'Chronische Krankheit', 'Chronic illness', 40),
    ('selten', 'Seltene Krankheit', 'Rare disease', 50),
    ('behinderung', 'Behinderung', 'Disability', 60),
    ('schmerz', 'Schmerz', 'Pain', 70),
    ('angehoerige', 'Angehörige und Pflege', 'Relatives and care', 80),
    ('trauer', 'Trauer und Verlust', 'Grief and loss', 90),
    ('familie', 'Familie und Erziehung', 'Family', 100),
    ('frauen', 'Frauen', 'Women', 110),
    ('maenner', 'Männer', 'Men', 120),
    ('gewalt', 'Gewalt und Missbrauch', 'Violence and abuse', 130),
    ('essen', 'Essstörung', 'Eating disorder', 140),
    ('queer', 'Queer', 'Queer', 150),
    ('migration', 'Migration und Flucht', 'Migration', 160),
    ('anderes', 'Anderes', 'Other', 1000);

CREATE TABLE groups (
    group_id     text COLLATE "C" PRIMARY KEY CHECK (group_id ~ '^[a-z0-9][a-z0-9-]{0,63}$'),
    created      bigint NOT NULL,                  -- ms
    created_by   text COLLATE "C" NOT NULL,
    closed       bigint,                           -- ms; since then it admits nobody and has no card
    admission    text NOT NULL CHECK (admission IN ('open', 'on_request', 'with_interview')),
    seats        int CHECK (seats BETWEEN 1 AND 10000),  -- NULL: no limit
    waiting_list boolean NOT NULL DEFAULT true,
    -- the card
    name         text NOT NULL CHECK (name <> ''),
    topic        text COLLATE "C" NOT NULL REFERENCES topic_codes,
    about        text NOT NULL DEFAULT '',
    region       text NOT NULL DEFAULT '',
    place        text NOT NULL DEFAULT '',         -- where it meets on site; ''
    forms        text[] NOT NULL CHECK (cardinality(forms) > 0 AND forms <@ ARRAY['place', 'online', 'phone']),
    openness     text NOT NULL CHECK (openness IN ('open', 'full', 'starting')),
    languages    text[] NOT NULL DEFAULT '{de}',
    accessibility text[] NOT NULL DEFAULT '{}',
    contact_role text NOT NULL CHECK (contact_role IN ('office', 'moderators', 'board')),  -- never a person
    changed      bigint NOT NULL
);

CREATE TABLE group_rooms (
    room_id  text COLLATE "C" PRIMARY KEY,
    group_id text COLLATE "C" NOT NULL REFERENCES groups ON DELETE CASCADE,
    kind     text NOT NULL CHECK (kind IN ('space', 'forum', 'chat', 'card')),
    UNIQUE (group_id, kind, room_id)
);
