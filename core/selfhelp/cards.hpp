#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "core/rooms/directory.hpp"
#include "schema/json.hpp"
#include "storage/groups.hpp"

/// A group's card: what outsiders see. On Matrix a public room per group whose name and topic are the card in words, for every
/// client; the state event org.runde.card holds it as data, and travels in the room's directory entry, so that other Runde
/// nodes can list it. Only the service account is in that room; knocking at it is asking to join the group.
namespace runde::selfhelp {

using storage::Card;

constexpr std::string_view card_room_type = "org.runde.card";
using rooms::card_event;

constexpr std::array<std::string_view, 3> card_forms{"place", "online", "phone"};
constexpr std::array<std::string_view, 3> card_openness{"open", "full", "starting"};
constexpr std::array<std::string_view, 3> contact_roles{"office", "moderators", "board"};
/// What makes a group easy to take part in; more can follow.
constexpr std::array<std::string_view, 9> accessibility_features{"wheelchair",    "plain_language",   "sign_language",
                                                                 "hearing_loop",  "captions",         "large_print",
                                                                 "screen_reader", "no_camera_needed", "free_of_charge"};

/// Throws Refusal(invalid_param, too_large) naming the member. Whether the topic is in the list only the database knows.
void check_card(const Card& card);

/// Throws Refusal(invalid_param): 1 to 200 codes, each with a label, none twice.
void check_topic_codes(const std::vector<storage::TopicCode>& codes);

schema::JsonObject to_json(const Card& card);
/// A card that another server tells of: whatever is unknown is left out, nullopt when there is no name.
std::optional<Card> read_card(const schema::JsonObject& content);

/// The card in one line of German, for clients that know no cards: "Sucht und Abhängigkeit · Kassel · vor Ort, online · offen für Neue".
std::string card_in_words(const Card& card, std::string_view topic_label);

/// What the directory is searched for.
struct CardQuery {
    std::string words;  ///< Each must occur, without regard to case.
    std::optional<std::string> topic, form, openness;
    std::string region;  ///< Occurs in region or place.
};
bool matches(const CardQuery& query, const Card& card, std::string_view topic_label);

}  // namespace runde::selfhelp
