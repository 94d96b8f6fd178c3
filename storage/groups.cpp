#include "storage/groups.hpp"

namespace runde::storage {
namespace {

#define GROUP_COLUMNS                                                                                                        \
    "SELECT g.group_id, g.created, g.created_by, g.closed, g.admission, g.seats, g.waiting_list, g.name, g.topic, g.about, " \
    "g.region, g.place, g.forms, g.openness, g.languages, g.accessibility, g.contact_role, g.changed, "                      \
    "(SELECT room_id FROM group_rooms r WHERE r.group_id = g.group_id AND r.kind = 'space' LIMIT 1), "                       \
    "(SELECT room_id FROM group_rooms r WHERE r.group_id = g.group_id AND r.kind = 'forum' LIMIT 1), "                       \
    "(SELECT room_id FROM group_rooms r WHERE r.group_id = g.group_id AND r.kind = 'chat' LIMIT 1), "                        \
    "(SELECT room_id FROM group_rooms r WHERE r.group_id = g.group_id AND r.kind = 'card' LIMIT 1) "                         \
    "FROM groups g "

std::vector<GroupRow> group_rows(const Rows& rows) {
    std::vector<GroupRow> found;
    for (const auto& row : rows) {
        GroupRow group{.id = row[0].string(),
                       .created = row[1].number(),
                       .created_by = row[2].string(),
                       .closed = row[3].maybe_number(),
                       .admission = row[4].string(),
                       .seats = row[5].is_null() ? std::nullopt : std::optional(static_cast<int>(row[5].number())),
                       .waiting_list = row[6].flag(),
                       .card = {.name = row[7].string(),
                                .topic = row[8].string(),
                                .about = row[9].string(),
                                .region = row[10].string(),
                                .place = row[11].string(),
                                .forms = row[12].strings(),
                                .openness = row[13].string(),
                                .languages = row[14].strings(),
                                .accessibility = row[15].strings(),
                                .contact_role = row[16].string()},
                       .changed = row[17].number()};
        group.space_id = row[18].maybe_string();
        group.forum_id = row[19].maybe_string();
        group.chat_id = row[20].maybe_string();
        group.card_id = row[21].maybe_string();
        found.push_back(std::move(group));
    }
    return found;
}

std::optional<GroupRow> only(std::vector<GroupRow> found) {
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

}  // namespace

std::vector<TopicCode> topic_codes(Tx& tx) {
    std::vector<TopicCode> codes;
    for (const auto& row : tx.exec("SELECT code, label, label_en, position FROM topic_codes ORDER BY position, label"))
        codes.push_back({row[0].string(), row[1].string(), row[2].string(), static_cast<int>(row[3].number())});
    return codes;
}

Replaced replace_topic_codes(Tx& tx, const std::vector<TopicCode>& codes) {
    std::vector<std::string> kept;
    for (const auto& entry : codes) {
        kept.push_back(entry.code);
        tx.exec(
            "INSERT INTO topic_codes (code, label, label_en, position) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (code) DO UPDATE SET label = $2, label_en = $3, position = $4",
            entry.code, entry.label, entry.label_en, entry.position);
    }
    tx.exec(
        "DELETE FROM topic_codes c WHERE NOT code = ANY($1::text[]) AND NOT EXISTS (SELECT FROM groups g WHERE g.topic = c.code)",
        kept);
    const auto left = tx.exec("SELECT count(*) FROM topic_codes WHERE NOT code = ANY($1::text[])", kept);
    return left.front()[0].number() == 0 ? Replaced::yes : Replaced::no;
}

Inserted insert_group(Tx& tx, const GroupRow& group) {
    const auto& card = group.card;
    const auto rows = tx.exec(
        R"(INSERT INTO groups (group_id, created, created_by, admission, seats, waiting_list, name, topic, about, region, place,
               forms, openness, languages, accessibility, contact_role, changed)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text[], $13, $14::text[], $15::text[], $16, $2)
           ON CONFLICT (group_id) DO NOTHING)",
        group.id, group.created, group.created_by, group.admission, group.seats, group.waiting_list, card.name, card.topic,
        card.about, card.region, card.place, card.forms, card.openness, card.languages, card.accessibility, card.contact_role);
    return rows.affected() == 1 ? Inserted::yes : Inserted::no;
}

void update_group(Tx& tx, const GroupRow& group) {
    const auto& card = group.card;
    tx.exec(
        R"(UPDATE groups SET admission = $2, seats = $3, waiting_list = $4, name = $5, topic = $6, about = $7, region = $8,
               place = $9, forms = $10::text[], openness = $11, languages = $12::text[], accessibility = $13::text[],
               contact_role = $14, closed = $15, changed = $16
           WHERE group_id = $1)",
        group.id, group.admission, group.seats, group.waiting_list, card.name, card.topic, card.about, card.region, card.place,
        card.forms, card.openness, card.languages, card.accessibility, card.contact_role, group.closed, group.changed);
}

void insert_group_room(Tx& tx, std::string_view group, std::string_view kind, std::string_view room_id) {
    tx.exec("INSERT INTO group_rooms (room_id, group_id, kind) VALUES ($1, $2, $3) ON CONFLICT (room_id) DO NOTHING", room_id,
            group, kind);
}

std::optional<GroupRow> find_group(Tx& tx, std::string_view id) {
    return only(group_rows(tx.exec(GROUP_COLUMNS "WHERE g.group_id = $1", id)));
}

std::optional<GroupRow> lock_group(Tx& tx, std::string_view id) {
    return only(group_rows(tx.exec(GROUP_COLUMNS "WHERE g.group_id = $1 FOR UPDATE OF g", id)));
}

std::optional<GroupRow> find_group_of_room(Tx& tx, std::string_view room_id) {
    return only(group_rows(
        tx.exec(GROUP_COLUMNS "WHERE g.group_id = (SELECT o.group_id FROM group_rooms o WHERE o.room_id = $1)", room_id)));
}

std::vector<GroupRow> groups(Tx& tx) { return group_rows(tx.exec(GROUP_COLUMNS "ORDER BY g.name, g.group_id")); }

}  // namespace runde::storage
