-- 0007: end-to-end keys.
-- Why:     device and cross-signing keys, one-time keys (handed out oldest first, once) and fallback keys.
-- Locks:   new tables only.
-- Undo:    DROP TABLE e2e_keys, e2e_otk, e2e_fallback;  (clients upload them again after signing in anew)

CREATE TABLE e2e_keys (
    user_id   text COLLATE "C" NOT NULL,
    device_id text COLLATE "C" NOT NULL,           -- '' for cross-signing keys
    usage     smallint NOT NULL,                   -- 0 device, 1 master, 2 self-signing, 3 user-signing
    pos       bigint   NOT NULL,
    json      text     NOT NULL,
    PRIMARY KEY (user_id, usage, device_id)
);

CREATE TABLE e2e_otk (
    device_nid bigint NOT NULL,
    alg        text COLLATE "C" NOT NULL,
    seq        bigint NOT NULL,
    key_id     text COLLATE "C" NOT NULL,
    json       text   NOT NULL,
    PRIMARY KEY (device_nid, alg, seq)
);
CREATE UNIQUE INDEX e2e_otk_id ON e2e_otk (device_nid, alg, key_id);

CREATE TABLE e2e_fallback (
    device_nid bigint NOT NULL,
    alg        text COLLATE "C" NOT NULL,
    key_id     text COLLATE "C" NOT NULL,
    used       boolean NOT NULL,
    json       text    NOT NULL,
    PRIMARY KEY (device_nid, alg)
);
