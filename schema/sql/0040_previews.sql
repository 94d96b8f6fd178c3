-- 0040: what other servers tell of rooms that none of ours is in.
-- Why:     whoever is invited from elsewhere, or knocks there, is shown the room's name and topic as that server gave them.
--          Nobody vouches for them, so they are no state of the room and stand apart; they count as long as the membership
--          that they came with. The servers are asked when the invitation is accepted or declined.
-- Locks:   new table only.
-- Undo:    DROP TABLE previews;  (open invitations of other servers lose their names)

CREATE TABLE previews (
    user_nid   bigint NOT NULL,
    room_id    text COLLATE "C" NOT NULL,
    member_id  text COLLATE "C" NOT NULL,          -- event id of the invitation or knock
    servers    text[] NOT NULL DEFAULT '{}',       -- that know the room
    state      text NOT NULL,                      -- JSON array of stripped state events
    PRIMARY KEY (user_nid, room_id)
);
