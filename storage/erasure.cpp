#include "storage/erasure.hpp"

#include <fmt/format.h>

#include "storage/search.hpp"

namespace runde::storage {

using enum NamingColumn::Erased;

// Rows go in this order: what others refer to comes last.
static constexpr NamingColumn columns[] = {
    // What a device has seen and sent
    {"sss_conn", "device_nid", by_hand, "devices of the account"},
    {"e2e_otk", "device_nid", by_hand, "devices of the account"},
    {"e2e_fallback", "device_nid", by_hand, "devices of the account"},
    {"event_txn", "device_nid", by_hand, "devices of the account"},
    {"event_txn", "event_id", by_hand, "events of the room"},
    {"e2e_keys", "user_id", by_user_id},
    {"e2e_keys", "device_id", with_its_row},
    {"device_list_log", "user_id", by_user_id},
    {"to_device", "user_nid", by_user},
    {"to_device", "device_nid", with_its_row},

    // Rooms, and people in them
    {"event_search", "room_nid", by_hand, "word by word"},
    {"event_search", "event_nid", with_its_row},
    {"event_search", "sender", with_its_row},
    {"event_search", "root_nid", with_its_row},
    {"archive_queue", "room_nid", by_room},
    {"archive_queue", "event_nid", with_its_row},
    {"fed_inbox", "room_nid", by_room},
    {"fed_inbox", "event_id", with_its_row},
    {"topics", "room_nid", by_room},
    {"topics", "root_nid", with_its_row},
    {"topics", "root_id", with_its_row},
    {"topics", "last_id", with_its_row},
    {"topics", "last_sender", with_its_row},
    {"receipts", "room_nid", by_room},
    {"receipts", "user_id", by_user_id},
    {"receipts", "event_id", with_its_row},
    {"relations", "room_nid", by_room},
    {"relations", "parent_id", with_its_row},
    {"relations", "child_nid", with_its_row},
    {"relations", "sender", with_its_row},
    {"threads", "room_nid", by_room},
    {"threads", "root_nid", with_its_row},
    {"threads", "last_nid", with_its_row},
    {"thread_users", "room_nid", by_room},
    {"thread_users", "root_nid", with_its_row},
    {"thread_users", "sender", with_its_row},
    {"notif", "room_nid", by_room},
    {"notif", "user_nid", by_user},
    {"user_threads", "room_nid", by_room},
    {"user_threads", "user_nid", by_user},
    {"user_threads", "root_nid", with_its_row},
    {"user_rooms", "room_nid", by_room},
    {"user_rooms", "user_nid", by_user},
    {"user_rooms", "member_nid", with_its_row},
    {"account_data", "room_nid", by_room},
    {"account_data", "user_nid", by_user},
    {"missing_prev", "room_nid", by_room},
    {"missing_prev", "event_id", with_its_row},
    {"pending_redactions", "room_nid", by_room},
    {"pending_redactions", "target_id", with_its_row},
    {"pending_redactions", "redaction_nid", with_its_row},
    {"room_aliases", "room_nid", by_room},
    {"room_servers", "room_nid", by_room},
    {"room_state", "room_nid", by_room},
    {"room_state", "event_nid", with_its_row},
    {"room_state_log", "room_nid", by_room},
    {"room_state_log", "event_nid", with_its_row},
    {"room_state_log", "prev_nid", with_its_row},
    {"state_groups", "room_nid", by_room},
    {"events", "room_nid", by_room},
    {"events", "event_nid", with_its_row},
    {"events", "event_id", with_its_row},
    {"events", "sender", with_its_row},
    {"events", "redacted_by", with_its_row},
    {"events", "auth_nids", with_its_row},
    {"rooms", "room_nid", by_room},
    {"rooms", "room_id", with_its_row},

    // The account
    {"applications", "application_id", by_hand, "the end of the file (storage/admission)"},
    {"applications", "user_id", with_its_row},
    {"applications", "user_nid", with_its_row},
    {"applications", "room_id", with_its_row},
    {"applications", "came_by", kept, "page or knock: names nobody"},
    {"applications", "attested_by", with_its_row},
    {"application_log", "application_id", by_hand, "deleted by the key to its application"},
    {"application_log", "by", with_its_row},
    {"application_votes", "application_id", by_hand, "deleted by the key to its application"},
    {"application_votes", "by", with_its_row},
    {"application_notes", "application_id", by_hand, "deleted by the key to its application"},
    {"application_notes", "by", with_its_row},
    {"interview_slots", "application_id", by_hand, "emptied by the key to its application: the time is the team's"},
    {"interview_slots", "offered_by", kept, "somebody of the team"},
    {"role_grants", "user_id", by_user_id},
    {"role_grants", "granted_by", kept, "somebody of the team"},
    {"role_grants", "withdrawn_by", kept, "somebody of the team"},
    {"association_members", "user_id", by_user_id},
    {"association_members", "set_by", kept, "somebody of the office"},
    {"rules_accepted", "user_id", by_user_id},
    {"previews", "user_nid", by_user},
    {"previews", "room_id", with_its_row},
    {"previews", "member_id", with_its_row},
    {"pushers", "user_nid", by_user},
    {"pushers", "device_nid", with_its_row},
    {"filters", "user_nid", by_user},
    {"terms_accepted", "user_nid", by_user},
    {"refresh_tokens", "user_nid", by_user},
    {"refresh_tokens", "device_nid", with_its_row},
    {"access_tokens", "user_nid", by_user},
    {"access_tokens", "device_nid", with_its_row},
    {"devices", "user_nid", by_user},
    {"devices", "device_nid", with_its_row},
    {"devices", "device_id", with_its_row},
    {"users", "user_nid", by_user},
    {"users", "localpart", with_its_row},

    // The organisation: who did what for it, and rooms that live as long as it does
    {"organisation", "changed_by", kept, "somebody of the board"},
    {"organisation", "space_id", kept, "never erased: the organisation's"},
    {"text_versions", "set_by", kept, "somebody of the board"},
    {"groups", "created_by", kept, "somebody of the office"},
    {"group_rooms", "room_id", kept, "a group's rooms are closed, not erased"},
};

std::span<const NamingColumn> naming_columns() { return columns; }

void erase_room(Tx& tx, schema::RoomNid room) {
    // Through its own function: each word is counted, and must not outlive its last text.
    for (auto row : tx.exec("SELECT event_nid FROM event_search WHERE room_nid = $1", room))
        delete_search_row(tx, room, row[0].nid<schema::EventNid>());
    tx.exec("DELETE FROM event_txn WHERE event_id IN (SELECT event_id FROM events WHERE room_nid = $1)", room);
    for (const auto& [table, column, erased, why] : columns)
        if (erased == by_room) tx.exec_once(fmt::format("DELETE FROM {} WHERE {} = $1", table, column), {Param(room)});
}

void erase_account(Tx& tx, schema::UserNid user, std::string_view user_id) {
    for (const auto table : {"sss_conn", "e2e_otk", "e2e_fallback", "event_txn"})
        tx.exec_once(fmt::format("DELETE FROM {} WHERE device_nid IN (SELECT device_nid FROM devices WHERE user_nid = $1)", table),
                     {Param(user)});
    for (const auto& [table, column, erased, why] : columns) {
        const auto sql = fmt::format("DELETE FROM {} WHERE {} = $1", table, column);
        if (erased == by_user) tx.exec_once(sql, {Param(user)});
        if (erased == by_user_id) tx.exec_once(sql, {Param(user_id)});
    }
}

}  // namespace runde::storage
