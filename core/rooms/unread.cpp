#include "core/rooms/unread.hpp"

#include "core/rooms/room.hpp"

namespace runde::rooms::unread {

bool notifies_by_default(const schema::Event& event, const TimelineEvent& line) {
    if (event.is_state()) return false;
    if (line.relation && line.relation->rel_type == "m.replace") return false;  // .m.rule.suppress_edits
    if (event.type == "m.room.encrypted") return true;
    if (event.type != "m.room.message") return false;
    return schema::string_at(event.content(), "msgtype") != "m.notice";         // .m.rule.suppress_notices
}

storage::rows::UserRoom row_of(schema::RoomNid room, const LocalMember& member, int at) {
    storage::rows::UserRoom row{.user = member.nid, .room = room, .membership = static_cast<int>(member.membership), .member = member.member_event, .at = at};
    row.forgotten = member.forgotten;
    row.push_class = member.push_class;
    row.read_ord = member.read_ord;
    row.base_main = member.base_main;
    row.base_all = member.base_all;
    row.extra = member.extra;
    row.highlights = member.highlights;
    return row;
}

void read_by_own_event(storage::Submission& rows, schema::RoomNid room, LocalMember& member, const TimelineEvent& line, int at) {
    if (line.thread_root) {
        auto& thread = member.threads[*line.thread_root];
        thread.base = line.n_thread;
        thread.extra = thread.highlights = 0;
        storage::rows::UserThread row{.user = member.nid, .room = room, .root = *line.thread_root};
        row.read_at = at;
        row.base = thread.base;
        rows.user_threads.push_back(row);
        return;
    }
    member.base_main = line.n_main;
    member.extra = member.highlights = 0;
    auto row = row_of(room, member, at);
    row.read_at = at;
    rows.user_rooms.push_back(row);
}

void read_by_receipt(storage::Submission& rows, Room& room, LocalMember& member, const TimelineEvent& line,
                     std::string_view thread, std::optional<EventNid> root) {
    if (!thread.empty() && root) {
        auto& read = member.threads[*root];
        if (line.ord <= read.read_ord) return;
        read = {line.ord, line.n_thread, 0, 0};
        rows.user_threads.push_back({member.nid, room.nid(), *root, read.read_ord, std::nullopt, read.base, 0, 0});
        return;
    }
    if (line.ord <= member.read_ord) return;
    member.read_ord = line.ord;
    member.base_main = line.n_main;
    member.base_all = line.n_all;
    member.extra = member.highlights = 0;
    rows.user_rooms.push_back(row_of(room.nid(), member, 0));
}

Counts counts(const Room& room, const LocalMember& member) {
    return {std::max(0, room.n_main() - member.base_main + member.extra), member.highlights};
}

}  // namespace runde::rooms::unread
