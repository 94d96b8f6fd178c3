#include "core/selfhelp/cards.hpp"

#include <algorithm>
#include <span>

#include "core/rooms/german_words.hpp"
#include "core/rooms/text_match.hpp"
#include "core/selfhelp/words.hpp"
#include "schema/refusal.hpp"

namespace runde::selfhelp {
namespace {

using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

bool is_one_of(std::string_view word, std::span<const std::string_view> list) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

bool is_code(std::string_view text) {
    return !text.empty() && text.size() <= 40 && text.front() != '-' && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

/// "de", "tr", "pt-BR", "gsg": a language tag in its usual short form.
bool is_language(std::string_view text) {
    return text.size() >= 2 && text.size() <= 12 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
           });
}

void check_list(std::string_view name, const std::vector<std::string>& list, std::size_t least, auto&& is_good) {
    if (list.size() < least || list.size() > 20)
        throw Refusal(Reason::invalid_param, std::string(name) + " has too few or too many entries");
    for (const auto& entry : list)
        if (!is_good(entry) || std::count(list.begin(), list.end(), entry) > 1)
            throw Refusal(Reason::invalid_param, std::string(name) + " holds an entry that is unknown or stands twice");
}

/// The strings of a list that pass, without repetition.
std::vector<std::string> list_at(const JsonObject& content, std::string_view name, auto&& is_good) {
    std::vector<std::string> list;
    if (const auto* array = schema::array_at(content, name))
        for (const auto& entry : *array)
            if (entry.is_string() && list.size() < 20 && is_good(std::string_view(entry.get_string())) &&
                std::find(list.begin(), list.end(), std::string_view(entry.get_string())) == list.end())
                list.emplace_back(entry.get_string());
    return list;
}

std::string text_at(const JsonObject& content, std::string_view name, std::size_t longest) {
    const auto text = schema::string_at(content, name);
    if (!text || text->size() > longest) return {};
    try {
        check_words(name, *text, longest);
    } catch (const Refusal&) {
        return {};
    }
    return std::string(*text);
}

constexpr std::size_t longest_name = 100, longest_about = 2000, longest_region = 100, longest_place = 200;

std::string_view in_words(std::string_view form) {
    return form == "place" ? "vor Ort" : form == "online" ? "online" : "am Telefon";
}

std::string_view openness_in_words(std::string_view openness) {
    return openness == "open" ? "offen für Neue" : openness == "full" ? "zurzeit voll" : "entsteht gerade";
}

}  // namespace

void check_card(const Card& card) {
    check_line("name", card.name, longest_name, Needed::yes);
    if (!is_code(card.topic)) throw Refusal(Reason::invalid_param, "topic is a code of the list of topics");
    check_words("about", card.about, longest_about);
    check_line("region", card.region, longest_region);
    check_line("place", card.place, longest_place);
    check_list("forms", card.forms, 1, [](std::string_view form) { return is_one_of(form, card_forms); });
    if (!is_one_of(card.openness, card_openness)) throw Refusal(Reason::invalid_param, "openness is open, full or starting");
    check_list("languages", card.languages, 1, is_language);
    check_list("accessibility", card.accessibility, 0,
               [](std::string_view feature) { return is_one_of(feature, accessibility_features); });
    if (!is_one_of(card.contact_role, contact_roles))
        throw Refusal(Reason::invalid_param, "contact_role is office, moderators or board: never a person");
}

void check_topic_codes(const std::vector<storage::TopicCode>& codes) {
    if (codes.empty() || codes.size() > 200) throw Refusal(Reason::invalid_param, "topic_codes has 1 to 200 entries");
    for (const auto& entry : codes) {
        const auto same = [&](const auto& other) { return other.code == entry.code; };
        if (!is_code(entry.code) || std::count_if(codes.begin(), codes.end(), same) > 1)
            throw Refusal(Reason::invalid_param, "A code is made of a-z, 0-9 and -, at most 40 of them, and stands once.");
        check_line("label", entry.label, 100, Needed::yes);
        check_line("label_en", entry.label_en, 100);
    }
}

JsonObject to_json(const Card& card) {
    return {{"name", card.name},
            {"topic", card.topic},
            {"about", card.about},
            {"region", card.region},
            {"place", card.place},
            {"forms", strings(card.forms)},
            {"openness", card.openness},
            {"languages", strings(card.languages)},
            {"accessibility", strings(card.accessibility)},
            {"contact_role", card.contact_role}};
}

std::optional<Card> read_card(const JsonObject& content) {
    Card card;
    card.name = text_at(content, "name", longest_name);
    if (card.name.find_first_not_of(" \t\r\n") == std::string::npos) return std::nullopt;
    card.topic = text_at(content, "topic", 40);
    if (!is_code(card.topic)) card.topic.clear();
    card.about = text_at(content, "about", longest_about);
    card.region = text_at(content, "region", longest_region);
    card.place = text_at(content, "place", longest_place);
    card.forms = list_at(content, "forms", [](std::string_view form) { return is_one_of(form, card_forms); });
    if (const auto openness = schema::string_at(content, "openness"); openness && is_one_of(*openness, card_openness))
        card.openness = *openness;
    card.languages = list_at(content, "languages", is_language);
    card.accessibility =
        list_at(content, "accessibility", [](std::string_view feature) { return is_one_of(feature, accessibility_features); });
    if (const auto role = schema::string_at(content, "contact_role"); role && is_one_of(*role, contact_roles))
        card.contact_role = *role;
    return card;
}

std::string card_in_words(const Card& card, std::string_view topic_label) {
    std::string line(topic_label);
    const auto add = [&line](std::string_view part) {
        if (part.empty()) return;
        if (!line.empty()) line += " · ";
        line += part;
    };
    add(card.region);
    add(card.place);
    std::string forms;
    for (const auto& form : card.forms) forms += (forms.empty() ? "" : ", ") + std::string(in_words(form));
    add(forms);
    add(openness_in_words(card.openness));
    if (!card.about.empty()) line += "\n" + card.about;
    return line;
}

bool matches(const CardQuery& query, const Card& card, std::string_view topic_label) {
    if (query.topic && card.topic != *query.topic) return false;
    if (query.openness && card.openness != *query.openness) return false;
    if (query.form && std::find(card.forms.begin(), card.forms.end(), *query.form) == card.forms.end()) return false;
    if (!query.region.empty() && !rooms::contains_folded(card.region, query.region) &&
        !rooms::contains_folded(card.place, query.region))
        return false;
    if (query.words.empty()) return true;
    std::string text = card.name + "\n" + card.about + "\n" + card.region + "\n" + card.place + "\n";
    text += topic_label;
    const auto known = rooms::words_of(text);
    for (const auto& wanted : rooms::words_of(query.words)) {
        if (wanted.is_common) continue;
        const bool found = std::any_of(known.begin(), known.end(), [&](const rooms::Word& word) {
            return word.stem.starts_with(wanted.stem) ||
                   (rooms::may_be_part(wanted.stem) && rooms::is_compound_of(word.stem, wanted.stem));
        });
        if (!found) return false;
    }
    return true;
}

}  // namespace runde::selfhelp
