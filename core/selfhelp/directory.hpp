#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/rooms/rooms.hpp"
#include "core/selfhelp/cards.hpp"
#include "net/gate.hpp"
#include "storage/groups.hpp"

/// Where groups are found: the cards of this node and those that its partners publish.
namespace runde::selfhelp {

struct Listing {
    Card card;
    std::string topic_label;                             ///< In the words of this node; the code where it knows none.
    std::string server;                                  ///< Whose group it is.
    std::string organisation;                            ///< Who runs that server; "" while it does not say, and for our own.
    bool own = false;
    std::string group_id;                                ///< Of our own groups; "" for others.
    std::string admission;                               ///< "" when the other server does not say.
    std::string room_id;                                 ///< Of the card; knocking there is asking to join.
    std::string url;                                     ///< The group's page; may be "".
};

struct DirectoryAnswer {
    std::vector<Listing> listings;                       ///< Own ones first, each by name.
    std::vector<std::string> silent;                     ///< Partners that did not answer lately.
    int total = 0;
};

class Directory {
public:
    struct Parts {
        net::Runtime& runtime;
        storage::Database& db;
        rooms::Rooms& rooms;
        std::vector<std::string> partners;               ///< Servers whose cards are shown.
        std::string public_url;
    };
    explicit Directory(Parts parts) : parts_(std::move(parts)) {}

    /// A page of what fits. What partners said within the last ten minutes is taken from memory; up to a day while they are
    /// silent. Nobody waits longer than four seconds for them.
    net::Task<DirectoryAnswer> search(CardQuery query, std::size_t offset, std::size_t limit);
    /// From a partner's directory: rooms that say they are cards.
    static std::vector<Listing> read(const schema::JsonObject& page, const std::string& server);

private:
    struct Known {
        std::vector<Listing> listings;
        std::int64_t asked = 0, answered = 0;            ///< ms
        std::shared_ptr<net::Gate> asking;
    };
    net::Task<> ask(std::string server);
    net::Task<> ask_all();

    Parts parts_;
    std::map<std::string, Known> known_;
};

}  // namespace runde::selfhelp
