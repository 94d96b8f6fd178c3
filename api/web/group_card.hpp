#pragma once
#include <span>
#include <string>

#include "api/web/texts/groups.hpp"
#include "api/web/view.hpp"
#include "storage/groups.hpp"

namespace runde::api::web {

/// The word of a card in the reader's words; the word itself when it is unknown (a newer partner).
std::string said(const View& view, std::span<const texts::Label> labels, const std::string& value);
std::string said(const View& view, std::span<const texts::Label> labels, const std::vector<std::string>& values);

/// The label of a topic code in the reader's language.
std::string topic_label(const View& view, const std::vector<storage::TopicCode>& topics, std::string_view code);

/// "vor Ort", "offen für Neue" as little marks.
Html card_badges(const View& view, const storage::Card& card);
/// Everything a card says beside its name and description.
Html card_facts(const View& view, const storage::Card& card, std::string_view topic);

}  // namespace runde::api::web
