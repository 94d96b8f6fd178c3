-- 0063: which rooms name a policy server.
-- Why:     at every start those that name ours under an older key are renewed (federation/policy).
-- Locks:   writes to room_state wait while it is built: seconds per million rows.
-- Undo:    DROP INDEX room_state_policy;

CREATE INDEX room_state_policy ON room_state (room_nid) WHERE type = 'm.room.policy';
