#include "core/selfhelp/directory.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/rooms/elsewhere.hpp"
#include "core/selfhelp/groups.hpp"
#include "core/selfhelp/words.hpp"
#include "schema/refusal.hpp"

namespace runde::selfhelp {
namespace {

constexpr std::int64_t fresh_ms = 10 * 60 * 1000, stale_ms = 24 * 60 * 60 * 1000;
constexpr auto patience = std::chrono::seconds(4);
constexpr std::size_t most_cards = 500;  // Of one partner.

}  // namespace

std::vector<Listing> Directory::read(const schema::JsonObject& page, const std::string& server) {
    std::vector<Listing> listings;
    const auto* chunk = schema::array_at(page, "chunk");
    if (!chunk) return listings;
    for (const auto& entry : *chunk) {
        if (!entry.is_object() || listings.size() == most_cards) continue;
        const auto& room = entry.get_object();
        const auto* content = schema::object_at(room, card_event);
        const auto room_id = schema::RoomId::parse(schema::string_at(room, "room_id").value_or(""));
        if (schema::string_at(room, "room_type") != card_room_type || !content || !room_id) continue;
        auto card = read_card(*content);
        if (!card) continue;
        Listing listing{.card = *std::move(card), .server = server, .room_id = room_id->str()};
        const auto admission = schema::string_at(*content, "admission").value_or("");
        if (std::find(admission_modes.begin(), admission_modes.end(), admission) != admission_modes.end())
            listing.admission = admission;
        if (const auto name = schema::string_at(*content, "organisation"); name && is_line(*name, 200))
            listing.organisation = *name;
        if (const auto url = schema::string_at(*content, "url"); url && is_link(*url)) listing.url = *url;
        listings.push_back(std::move(listing));
    }
    return listings;
}

net::Task<> Directory::ask(std::string server) {
    auto& known = known_[server];
    known.asked = parts_.rooms.clock().now_ms();
    rooms::DirectoryRequest request{.limit = most_cards};
    request.room_types = {std::string(card_room_type)};
    try {
        auto* elsewhere = parts_.rooms.parts().elsewhere;
        if (!elsewhere) throw schema::Refusal(schema::Reason::remote_failed, "");
        const auto page = co_await elsewhere->public_rooms(server, std::move(request));
        known.listings = read(page, server);
        known.answered = parts_.rooms.clock().now_ms();
    } catch (const schema::Refusal&) {
        // What it said before stands for a day.
    }
    if (const auto asking = std::exchange(known.asking, nullptr)) asking->open();
}

net::Task<> Directory::ask_all() {
    const auto now = parts_.rooms.clock().now_ms();
    std::vector<std::shared_ptr<net::Gate>> asking;
    for (const auto& server : parts_.partners) {
        auto& known = known_[server];
        if (!known.asking && now - known.asked >= fresh_ms) {
            known.asking = std::make_shared<net::Gate>();
            parts_.runtime.spawn("partner's directory", ask(server));
        }
        // Who has been heard of is not waited for.
        if (known.asking && known.answered == 0) asking.push_back(known.asking);
    }
    if (asking.empty()) co_return;
    // One gate opens when all have answered or patience ends, whichever is first.
    const auto done = std::make_shared<net::Gate>();
    const auto timer = parts_.runtime.after(patience, [done] { done->open(); });
    const auto wait_for_all = [](std::vector<std::shared_ptr<net::Gate>> gates, std::shared_ptr<net::Gate> then) -> net::Task<> {
        for (const auto& gate : gates) co_await gate->wait();
        then->open();
    };
    parts_.runtime.spawn("partners' directories", wait_for_all(std::move(asking), done));
    co_await done->wait();
}

net::Task<DirectoryAnswer> Directory::search(CardQuery query, std::size_t offset, std::size_t limit) {
    co_await ask_all();
    struct Own {
        std::vector<storage::GroupRow> groups;
        std::vector<storage::TopicCode> topics;
    };
    const auto own = co_await parts_.db.read([](storage::Tx& tx) { return Own{storage::groups(tx), storage::topic_codes(tx)}; });
    const auto label = [&](const std::string& code) {
        const auto found =
            std::find_if(own.topics.begin(), own.topics.end(), [&](const auto& topic) { return topic.code == code; });
        return found == own.topics.end() ? code : found->label;
    };
    std::vector<Listing> found;
    const auto keep = [&](Listing listing) {
        listing.topic_label = label(listing.card.topic);
        if (matches(query, listing.card, listing.topic_label)) found.push_back(std::move(listing));
    };
    const auto here = parts_.rooms.identity().server.str();
    for (const auto& group : own.groups)
        if (group.is_complete() && !group.closed)
            keep({.card = group.card,
                  .server = here,
                  .own = true,
                  .group_id = group.id,
                  .admission = group.admission,
                  .room_id = *group.card_id,
                  .url = parts_.public_url.empty() ? "" : fmt::format("{}/gruppen/{}", parts_.public_url, group.id)});
    DirectoryAnswer answer;
    const auto now = parts_.rooms.clock().now_ms();
    for (const auto& server : parts_.partners) {
        const auto& known = known_[server];
        if (now - known.answered < stale_ms)
            for (const auto& listing : known.listings) keep(listing);
        if (known.answered == 0 || now - known.answered >= 2 * fresh_ms) answer.silent.push_back(server);
    }
    std::stable_sort(found.begin(), found.end(), [](const Listing& a, const Listing& b) {
        return std::tuple(!a.own, a.card.name, a.server) < std::tuple(!b.own, b.card.name, b.server);
    });
    answer.total = static_cast<int>(found.size());
    for (auto i = offset; i < found.size() && answer.listings.size() < limit; ++i) answer.listings.push_back(std::move(found[i]));
    co_return answer;
}

}  // namespace runde::selfhelp
