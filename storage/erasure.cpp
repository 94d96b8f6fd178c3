#include "storage/erasure.hpp"

#include "storage/search.hpp"

namespace runde::storage {

void erase_room(Tx& tx, schema::RoomNid room) {
    // Through its own function: each word is counted, and must not outlive its last text.
    for (auto row : tx.exec("SELECT event_nid FROM event_search WHERE room_nid = $1", room))
        delete_search_row(tx, room, row[0].nid<schema::EventNid>());
    tx.exec("DELETE FROM event_txn WHERE event_id IN (SELECT event_id FROM events WHERE room_nid = $1)", room);
    tx.exec("DELETE FROM fed_inbox WHERE room_nid = $1", room);
    for (const char* sql : {"DELETE FROM topics WHERE room_nid = $1", "DELETE FROM receipts WHERE room_nid = $1",
                            "DELETE FROM relations WHERE room_nid = $1", "DELETE FROM threads WHERE room_nid = $1",
                            "DELETE FROM thread_users WHERE room_nid = $1", "DELETE FROM notif WHERE room_nid = $1",
                            "DELETE FROM user_threads WHERE room_nid = $1", "DELETE FROM user_rooms WHERE room_nid = $1",
                            "DELETE FROM account_data WHERE room_nid = $1", "DELETE FROM missing_prev WHERE room_nid = $1",
                            "DELETE FROM pending_redactions WHERE room_nid = $1", "DELETE FROM room_aliases WHERE room_nid = $1",
                            "DELETE FROM room_servers WHERE room_nid = $1", "DELETE FROM room_state WHERE room_nid = $1",
                            "DELETE FROM room_state_log WHERE room_nid = $1", "DELETE FROM state_groups WHERE room_nid = $1",
                            "DELETE FROM events WHERE room_nid = $1", "DELETE FROM rooms WHERE room_nid = $1"})
        tx.exec(sql, room);
}

void erase_account(Tx& tx, schema::UserNid user, std::string_view user_id) {
    tx.exec("DELETE FROM sss_conn WHERE device_nid IN (SELECT device_nid FROM devices WHERE user_nid = $1)", user);
    tx.exec("DELETE FROM e2e_otk WHERE device_nid IN (SELECT device_nid FROM devices WHERE user_nid = $1)", user);
    tx.exec("DELETE FROM e2e_fallback WHERE device_nid IN (SELECT device_nid FROM devices WHERE user_nid = $1)", user);
    tx.exec("DELETE FROM event_txn WHERE device_nid IN (SELECT device_nid FROM devices WHERE user_nid = $1)", user);
    tx.exec("DELETE FROM e2e_keys WHERE user_id = $1", user_id);
    tx.exec("DELETE FROM device_list_log WHERE user_id = $1", user_id);
    tx.exec("DELETE FROM receipts WHERE user_id = $1", user_id);
    tx.exec("DELETE FROM role_grants WHERE user_id = $1", user_id);
    tx.exec("DELETE FROM association_members WHERE user_id = $1", user_id);
    for (const char* sql : {"DELETE FROM to_device WHERE user_nid = $1", "DELETE FROM notif WHERE user_nid = $1",
                            "DELETE FROM user_threads WHERE user_nid = $1", "DELETE FROM user_rooms WHERE user_nid = $1",
                            "DELETE FROM account_data WHERE user_nid = $1", "DELETE FROM pushers WHERE user_nid = $1",
                            "DELETE FROM filters WHERE user_nid = $1", "DELETE FROM terms_accepted WHERE user_nid = $1",
                            "DELETE FROM refresh_tokens WHERE user_nid = $1", "DELETE FROM access_tokens WHERE user_nid = $1",
                            "DELETE FROM devices WHERE user_nid = $1", "DELETE FROM users WHERE user_nid = $1"})
        tx.exec(sql, user);
}

}  // namespace runde::storage
