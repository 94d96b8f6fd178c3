-- 0052: roles.
-- Why:     who may do what is granted by named people and can be looked up: the table is the log, nothing is overwritten.
--          A role that ends by date ends without anybody doing something: until is compared, not waited for.
-- Locks:   new tables only.
-- Undo:    DROP TABLE association_members, role_grants;

CREATE TABLE role_grants (
    grant_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id      text COLLATE "C" NOT NULL,        -- ours or a partner's
    role         text COLLATE "C" NOT NULL CHECK (role ~ '^[a-z_]{1,40}$'),
    group_id     text COLLATE "C" REFERENCES groups ON DELETE CASCADE,  -- NULL: on the whole node
    granted_by   text COLLATE "C" NOT NULL,        -- user id; "command line"
    granted_at   bigint NOT NULL,                  -- ms
    until        bigint,                           -- ms
    withdrawn_by text COLLATE "C",
    withdrawn_at bigint,
    CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL))
);
CREATE UNIQUE INDEX role_grants_once ON role_grants (user_id, role, coalesce(group_id, '')) WHERE withdrawn_at IS NULL;
CREATE INDEX role_grants_group ON role_grants (group_id, role) WHERE withdrawn_at IS NULL;

-- Who is a member of the association. Nobody becomes one by taking part.
CREATE TABLE association_members (
    user_id text COLLATE "C" PRIMARY KEY,
    set_by  text COLLATE "C" NOT NULL,
    set_at  bigint NOT NULL
);
