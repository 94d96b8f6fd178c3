-- 0010: accounts, devices, tokens.
-- Why:     who may sign in, from which devices, and what the server keeps for them. Not on any hot path (sessions are
--          cached in memory), so foreign keys hold the invariants here.
-- Locks:   new tables only; safe while the server runs.
-- Undo:    DROP TABLE pushers, filters, terms_accepted, registration_tokens, refresh_tokens, access_tokens, devices, users;
--          (all accounts are lost)

CREATE TABLE users (
  user_nid  BIGINT PRIMARY KEY,
  localpart TEXT COLLATE "C" NOT NULL UNIQUE CHECK (localpart ~ '^[a-z0-9._=/+-]+$'),
  pw_hash   TEXT,                       -- Argon2id; NULL: no password opens this account
  created   BIGINT NOT NULL,            -- ms
  kind      SMALLINT NOT NULL DEFAULT 0 CHECK (kind IN (0, 1, 2)),  -- 0 person, 1 service of this server, 2 application service
  -- 1 deactivated, 2 locked, 4 suspended, 8 administrator, 16 must change password, 32 erasure asked for
  flags     INT NOT NULL DEFAULT 0 CHECK (flags BETWEEN 0 AND 63),
  profile   TEXT NOT NULL DEFAULT '{}', -- a JSON object: displayname, avatar_url, further fields
  CHECK (flags & 1 = 0 OR pw_hash IS NULL)  -- nobody signs in to a deactivated account
) WITH (fillfactor = 80);

CREATE TABLE devices (
  user_nid   BIGINT NOT NULL REFERENCES users,
  device_nid BIGINT NOT NULL UNIQUE,
  device_id  TEXT COLLATE "C" NOT NULL CHECK (device_id <> ''),
  name       TEXT,
  created    BIGINT NOT NULL,           -- ms
  seen_day   INT,                       -- days since 1970: coarse on purpose, at most one write a day
  todev_pos  BIGINT NOT NULL DEFAULT 0, -- newest queued to-device position
  PRIMARY KEY (user_nid, device_id)
) WITH (fillfactor = 80);

CREATE TABLE access_tokens (
  token_hash BYTEA PRIMARY KEY CHECK (length(token_hash) = 32),  -- SHA-256, never the token
  user_nid   BIGINT NOT NULL REFERENCES users,
  device_nid BIGINT NOT NULL REFERENCES devices (device_nid) ON DELETE CASCADE,
  kind       SMALLINT NOT NULL DEFAULT 0 CHECK (kind IN (0, 1)),  -- 0 legacy sign-in, 1 OAuth 2.0
  expires    BIGINT,                    -- ms; NULL: never
  replaces   BYTEA                      -- refresh token that is void once this token is used
);
CREATE INDEX access_tokens_device ON access_tokens (device_nid);

CREATE TABLE refresh_tokens (
  token_hash BYTEA PRIMARY KEY CHECK (length(token_hash) = 32),
  user_nid   BIGINT NOT NULL REFERENCES users,
  device_nid BIGINT NOT NULL REFERENCES devices (device_nid) ON DELETE CASCADE,
  expires    BIGINT NOT NULL,           -- ms
  replaces   BYTEA                      -- the refresh token it was made from, valid until its successor is used
);
CREATE INDEX refresh_tokens_device ON refresh_tokens (device_nid);

CREATE TABLE registration_tokens (
  token      TEXT COLLATE "C" PRIMARY KEY CHECK (token ~ '^[A-Za-z0-9._~-]{1,64}$'),
  uses_left  INT CHECK (uses_left >= 0),  -- NULL: any number
  completed  INT NOT NULL DEFAULT 0,
  expires    BIGINT,                    -- ms; NULL: never
  created    BIGINT NOT NULL
);

CREATE TABLE terms_accepted (           -- m.login.terms: which version of which text, and when
  user_nid BIGINT NOT NULL REFERENCES users,
  policy   TEXT NOT NULL, version TEXT NOT NULL, accepted BIGINT NOT NULL,
  PRIMARY KEY (user_nid, policy, version)
);

CREATE TABLE filters (
  user_nid  BIGINT NOT NULL REFERENCES users,
  filter_no INT NOT NULL,
  hash      BYTEA NOT NULL,             -- of json: the same filter uploaded again gets the same number
  json      TEXT NOT NULL,
  PRIMARY KEY (user_nid, filter_no),
  UNIQUE (user_nid, hash)
);

CREATE TABLE pushers (
  user_nid   BIGINT NOT NULL REFERENCES users,
  app_id     TEXT COLLATE "C" NOT NULL,
  pushkey    TEXT COLLATE "C" NOT NULL,
  device_nid BIGINT REFERENCES devices (device_nid) ON DELETE CASCADE,
  done_pos   BIGINT NOT NULL,           -- notified up to here
  json       TEXT NOT NULL,
  PRIMARY KEY (user_nid, app_id, pushkey)
);
CREATE INDEX pushers_key ON pushers (app_id, pushkey);
