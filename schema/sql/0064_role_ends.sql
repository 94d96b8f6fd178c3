-- 0064: what follows from the end of a role is done.
-- Why:     whoever has laid a role down, lost it or held it until a date must go from the rooms that it opened; the end of a
--          date is noticed by nobody, and a crash may come between the withdrawal and the rooms. `followed` says that it is
--          done, so that a job can look for what is not (core/selfhelp/role_ends). Roles that ended before are looked at once.
-- Locks:   role_grants, for a moment: the column has a constant default.
-- Undo:    DROP INDEX role_grants_ending; ALTER TABLE role_grants DROP COLUMN followed;

ALTER TABLE role_grants ADD COLUMN followed boolean NOT NULL DEFAULT false;
CREATE INDEX role_grants_ending ON role_grants (until) WHERE NOT followed;
