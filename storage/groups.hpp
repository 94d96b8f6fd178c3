#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/database.hpp"

namespace runde::storage {

/// What a group's themes are chosen from.
struct TopicCode {
    std::string code, label, label_en;
    int position = 0;
};
std::vector<TopicCode> topic_codes(Tx& tx);
/// The list as given, in its order. Codes that groups use stay, also when they are not in it: `no` then.
enum class Replaced : bool { no, yes };
Replaced replace_topic_codes(Tx& tx, const std::vector<TopicCode>& codes);

/// What outsiders see of a group: never a person, never a number of people. Values are checked in core/selfhelp/cards.
struct Card {
    std::string name, topic;                             ///< `topic`: a code of topic_codes.
    std::string about, region, place;
    std::vector<std::string> forms;                      ///< place, online, phone
    std::string openness = "open";                       ///< open, full, starting
    std::vector<std::string> languages{"de"};
    std::vector<std::string> accessibility;
    std::string contact_role = "office";                 ///< office, moderators, board
};

struct GroupRow {
    std::string id;
    std::int64_t created = 0;                            ///< ms
    std::string created_by;
    std::optional<std::int64_t> closed = {};             ///< ms
    std::string admission = "on_request";                ///< open, on_request, with_interview
    std::optional<int> seats = {};                       ///< Never told to outsiders.
    bool waiting_list = true;
    Card card;
    std::int64_t changed = 0;
    /// Once the rooms are made. A group that lacks one of them is still being made: nobody is shown it.
    std::optional<std::string> space_id = {}, forum_id = {}, chat_id = {}, card_id = {};
    bool is_complete() const { return space_id && forum_id && chat_id && card_id; }
};

/// `no` when the id is taken.
Inserted insert_group(Tx& tx, const GroupRow& group);
/// Admission, seats, waiting list, card, closed.
void update_group(Tx& tx, const GroupRow& group);
void insert_group_room(Tx& tx, std::string_view group, std::string_view kind, std::string_view room_id);

std::optional<GroupRow> find_group(Tx& tx, std::string_view id);
/// The same, and until the end of the transaction nobody else locks it: admissions to one group take turns.
std::optional<GroupRow> lock_group(Tx& tx, std::string_view id);
/// The group that a room of it (any kind) belongs to.
std::optional<GroupRow> find_group_of_room(Tx& tx, std::string_view room_id);
/// All, also closed and unfinished ones, by name.
std::vector<GroupRow> groups(Tx& tx);

}  // namespace runde::storage
