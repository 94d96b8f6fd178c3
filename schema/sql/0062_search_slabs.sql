-- 0062: the search index knows the reading order.
-- Why:     the newest posts with a common word are found without going through all that hold it (storage/search.cpp:
--          slabs of 1,024, 8,192 and 65,536 positions), and somebody's posts without going through everybody's. The list of
--          pending rows is kept short, because each slab that is looked up reads it.
-- Locks:   event_search, against writing, while the index is built: about 6 s for a million posts. Nothing but the
--          archive's follower waits for it.
-- Undo:    DROP INDEX event_search_slabs; CREATE INDEX event_search_words ON event_search USING gin (room_nid, words);

CREATE INDEX event_search_slabs ON event_search USING gin (room_nid, (ord >> 26), (ord >> 29), (ord >> 32), sender, words)
    WITH (gin_pending_list_limit = 64);
DROP INDEX event_search_words;
ANALYZE event_search;                              -- Of what it indexes, only now is there anything to know.
