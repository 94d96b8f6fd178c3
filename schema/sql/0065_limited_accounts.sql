-- 0065: limited accounts have a mark of their own.
-- Why:     "suspended" (4) said both that an account rests because of what somebody did, and that it was made for an application
--          and is nobody's member yet. So an admission could lift a suspension, and the end of a file erase a member. 64 is the
--          second: it goes with the admission, or the account goes with the file (core/selfhelp/admission_carrier).
-- Locks:   users, while its flags are checked: a moment.
-- Undo:    UPDATE users SET flags = (flags | 4) & ~64 WHERE flags & 64 <> 0, then the narrower check again.

ALTER TABLE users DROP CONSTRAINT users_flags_check, ADD CONSTRAINT users_flags_check CHECK (flags BETWEEN 0 AND 127);
-- Made for its application is what was made minutes before it, and holds no role.
UPDATE users u SET flags = (u.flags | 64) & ~4 FROM applications a
    WHERE a.user_nid = u.user_nid AND a.new_account AND u.flags & 4 <> 0 AND a.created - u.created BETWEEN 0 AND 3600000
      AND NOT EXISTS (SELECT 1 FROM role_grants g WHERE g.user_id = a.user_id AND g.withdrawn_at IS NULL);
