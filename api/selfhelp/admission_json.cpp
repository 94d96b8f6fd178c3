#include "api/selfhelp/admission_json.hpp"

namespace runde::api::selfhelp {

using schema::JsonArray;
using schema::JsonObject;

JsonObject to_json(const storage::InterviewSlotRow& slot, bool with_place) {
    JsonObject json{{"slot_id", slot.id}, {"begins_ts", slot.begins}, {"ends_ts", slot.ends}, {"way", slot.way}};
    if (with_place) json["place"] = slot.place;
    return json;
}

JsonObject to_json(const runde::selfhelp::Entrance& door) {
    return {{"group_id", door.group.id},
            {"mode", door.group.admission},
            {"fields", runde::selfhelp::admission::to_json(door.form)},
            {"deciders", door.deciders}};
}

JsonObject to_json(const runde::selfhelp::ApplicationFile& file, View view) {
    const auto& row = file.row;
    JsonObject json{{"application_id", row.id},
                    {"group_id", row.group},
                    {"group_name", file.group.card.name},
                    {"mode", file.group.admission},
                    {"user_id", row.user},
                    {"state", row.state},
                    {"interviewed", row.interviewed},
                    {"register", row.way},
                    {"created_ts", row.created},
                    {"erased_ts", file.ends_at},
                    {"limited_account", row.new_account}};
    json["answers"] = schema::parse_json(row.answers);
    json["fields"] = runde::selfhelp::admission::to_json(file.asked);
    if (row.email) json["email"] = *row.email;
    if (row.phone) json["phone"] = *row.phone;
    if (row.decided) json["decided_ts"] = *row.decided;
    if (row.room) json["room_id"] = *row.room;
    if (row.attested_by) json["attested_by"] = *row.attested_by;
    if (file.slot) json["slot"] = to_json(*file.slot, true);
    JsonArray free, log;
    for (const auto& slot : file.free_slots) free.push_back(to_json(slot, false));
    json["free_slots"] = std::move(free);
    for (const auto& line : file.log) {
        JsonObject entry{{"ts", line.at}, {"what", line.what}};
        // Decisions have names; whoever held an interview has been met.
        if (!line.by.empty()) entry["by"] = line.by;
        if (!line.text.empty()) entry["text"] = line.text;
        log.push_back(std::move(entry));
    }
    json["log"] = std::move(log);
    if (view == View::applicant) return json;
    json["deciders"] = file.deciders;
    json["came_by"] = row.came_by;
    JsonArray votes, notes;
    for (const auto& vote : file.votes)
        votes.push_back(
            JsonObject{{"by", vote.by}, {"admit", vote.admit}, {"text", vote.text}, {"reason", vote.reason}, {"ts", vote.at}});
    for (const auto& note : file.notes) notes.push_back(JsonObject{{"by", note.by}, {"text", note.text}, {"ts", note.at}});
    json["votes"] = std::move(votes);
    json["notes"] = std::move(notes);
    return json;
}

}  // namespace runde::api::selfhelp
