-- 0011: what other servers say about their keys, word for word.
-- Why:     as a notary we pass on what a server published, with its signature and ours, also while it is offline.
-- Locks:   new table only.
-- Undo:    DROP TABLE server_key_answers;  (nothing is lost: servers are asked again)

CREATE TABLE server_key_answers (
    server      text COLLATE "C" PRIMARY KEY,
    fetched     bigint NOT NULL,
    valid_until bigint NOT NULL,
    json        text   NOT NULL
);
