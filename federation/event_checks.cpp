#include "federation/event_checks.hpp"

#include <algorithm>
#include <map>

#include "core/rooms/policy_server.hpp"
#include "net/gate.hpp"
#include "schema/refusal.hpp"

namespace runde::federation {

using schema::Event;
using schema::EventPtr;
using schema::JsonObject;
using schema::Refusal;
using schema::RoomRules;

namespace {

/// PDUs per piece of work on the pool: about 5 ms.
constexpr std::size_t chunk = 64;
/// Of one server on one event; more do not make it truer.
constexpr std::size_t most_key_ids = 4;

bool is_third_party_invite(const Event& event) {
    return event.type == "m.room.member" && event.state_key && schema::string_at(event.content(), "membership") == "invite" &&
           event.content().contains("third_party_invite");
}

std::vector<std::string> key_ids_of(const JsonObject& object, std::string_view server) {
    std::vector<std::string> ids;
    const auto* signatures = schema::object_at(object, "signatures");
    const auto* of_server = signatures ? schema::object_at(*signatures, server) : nullptr;
    if (!of_server) return ids;
    for (const auto& [id, signature] : *of_server)
        // A policy server's key stands in the room, not among the server's keys.
        if (id.starts_with("ed25519:") && id != rooms::PolicyServer::key_id && signature.is_string() && ids.size() < most_key_ids)
            ids.emplace_back(id);
    return ids;
}

struct Signer {
    std::string server;
    std::vector<KeyRequest> keys;
    std::size_t first = 0;  ///< Where its keys stand in the batch's question to the key ring.
};

struct Work {
    CheckedEvent checked;
    std::vector<Signer> signers;
};

/// Of an event that was refused before it had an id, so that whoever sent it hears which one it is.
std::optional<schema::EventId> id_of_refused(const std::string& pdu, const RoomRules& rules) {
    constexpr unsigned deepest = 1000;
    try {
        const auto parsed = schema::parse_json(pdu, schema::Numbers::any, deepest);
        if (!parsed.is_object()) return std::nullopt;
        if (rules.event_ids != RoomRules::EventIdForm::sender_chosen) return schema::hashed_event_id(parsed.get_object(), rules);
        return schema::EventId::parse(schema::string_at(parsed.get_object(), "event_id").value_or(""));
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

/// parse_event() for events of which one does not know whether today's limits were there when they were made.
schema::EventPtr parse_historic(const std::string& pdu, const RoomRules& rules) {
    const auto parsed = schema::parse_json(pdu, rules.numbers());
    const auto event = schema::Fields::of(parsed);
    event.required_object("hashes");
    event.required_object("signatures");
    event.required_object("content");
    auto id = rules.event_ids == RoomRules::EventIdForm::sender_chosen ? schema::EventId::parse(event.required_string("event_id"))
                                                                       : schema::hashed_event_id(event.raw(), rules);
    auto text = schema::canonical_json_without(event.raw(), {"unsigned"}, rules.numbers());
    if (!id || text.size() > schema::max_event_bytes) throw Refusal(schema::Reason::bad_json, "no event of this room version");
    return schema::load_event(std::move(text), *std::move(id), rules);
}

/// Everything that needs no keys.
Work read(const std::string& pdu, const RoomRules& rules, const std::optional<schema::RoomId>& room, EventChecks::Age age) {
    Work work;
    auto& checked = work.checked;
    const auto refuse = [&](std::string why) {
        checked.event = nullptr;
        checked.why = std::move(why);
    };
    try {
        checked.event = age == EventChecks::Age::today ? schema::parse_event(pdu, rules) : parse_historic(pdu, rules);
        checked.id = checked.event->id;
        if (room && checked.event->room != *room) {
            refuse("it belongs to another room");
            return work;
        }
        const auto valid_at = rules.enforce_key_validity ? checked.event->origin_server_ts : 0;
        for (auto& server : required_signers(*checked.event, rules)) {
            Signer signer{.server = std::move(server), .keys = {}};
            for (auto& id : key_ids_of(checked.event->object, signer.server))
                signer.keys.push_back({signer.server, std::move(id), valid_at});
            if (signer.keys.empty()) {
                refuse("it is not signed by " + signer.server);
                return work;
            }
            work.signers.push_back(std::move(signer));
        }
        if (!schema::content_hash_matches(checked.event->object)) {
            checked.pruned = true;
            const auto rest = schema::canonical_json(schema::redact(checked.event->object, rules), rules.numbers());
            checked.event = schema::load_event(rest, checked.event->id, rules);
        }
    } catch (const Refusal& refusal) {
        refuse(refusal.text);
        if (!checked.id) checked.id = id_of_refused(pdu, rules);
    }
    return work;
}

void verify(Work& work, const RoomRules& rules, const std::vector<std::optional<schema::VerifyKey>>& keys) {
    auto& checked = work.checked;
    if (!checked.event) return;
    for (const auto& signer : work.signers) {
        bool proven = false, known = false;
        for (std::size_t i = 0; i < signer.keys.size() && !proven; ++i) {
            const auto& key = keys[signer.first + i];
            if (!key) continue;
            known = true;
            proven = schema::verify_event(checked.event->object, rules, signer.server, signer.keys[i].key_id, *key);
        }
        if (proven) continue;
        checked.event = nullptr;
        checked.why = (known ? "the signature is wrong: " : "the signing key is not known: ") + signer.server;
        return;
    }
}

/// Runs `job` for 0 … n-1 on the pool, in pieces side by side, and returns when all are done. The job must not throw.
template <class Job>
net::Task<> spread(net::Runtime& runtime, std::size_t n, std::shared_ptr<Job> job) {
    struct Piece {
        static net::Task<> run(net::Runtime& where, std::shared_ptr<Job> what, std::size_t from, std::size_t to,
                               std::shared_ptr<net::Gate> done) {
            co_await where.on_pool([what, from, to] {
                for (auto i = from; i < to; ++i) (*what)(i);
            });
            if (done) done->open();
        }
    };
    std::vector<std::shared_ptr<net::Gate>> gates;
    for (std::size_t from = 0; from < n; from += chunk) {
        const auto to = std::min(n, from + chunk);
        if (n <= chunk) {
            co_await Piece::run(runtime, job, from, to, nullptr);
            co_return;
        }
        gates.push_back(std::make_shared<net::Gate>());
        runtime.spawn("event checks", Piece::run(runtime, job, from, to, gates.back()));
    }
    for (const auto& gate : gates) co_await gate->wait();
}

}  // namespace

std::vector<std::string> required_signers(const Event& event, const RoomRules& rules) {
    std::vector<std::string> servers;
    const auto add = [&](std::string_view server) {
        if (std::ranges::find(servers, server) == servers.end()) servers.emplace_back(server);
    };
    if (!is_third_party_invite(event)) add(event.sender.server());
    if (rules.event_ids == RoomRules::EventIdForm::sender_chosen) {
        const auto& id = event.id.str();
        const auto colon = id.find(':');
        add(colon == id.npos ? std::string_view() : std::string_view(id).substr(colon + 1));
    }
    if (rules.restricted_joins && event.type == "m.room.member" && schema::string_at(event.content(), "membership") == "join")
        if (const auto voucher = schema::string_at(event.content(), "join_authorised_via_users_server")) {
            const auto user = schema::UserId::parse(*voucher);
            add(user ? user->server() : std::string_view());
        }
    return servers;
}

net::Task<std::vector<CheckedEvent>> EventChecks::check(std::vector<std::string> pdus, const RoomRules& rules,
                                                        std::optional<schema::RoomId> room, Age age) {
    struct Batch {
        std::vector<std::string> pdus;
        const RoomRules& rules;
        std::optional<schema::RoomId> room;
        Age age;
        std::vector<Work> work;
        std::vector<std::optional<schema::VerifyKey>> keys;
        bool reading = true;

        void operator()(std::size_t i) {
            if (reading)
                work[i] = read(pdus[i], rules, room, age);
            else
                verify(work[i], rules, keys);
        }
    };
    const auto n = pdus.size();
    const auto batch = std::make_shared<Batch>(Batch{std::move(pdus), rules, std::move(room), age, std::vector<Work>(n), {}});
    co_await spread(runtime_, n, batch);

    // The same key asked for by many events is one question: the strictest moment per key would refuse events that an
    // older validity covers, so equal questions alone are put together.
    std::vector<KeyRequest> wanted;
    std::map<std::tuple<std::string, std::string, std::int64_t>, std::size_t> asked;
    for (auto& work : batch->work) {
        if (!work.checked.event) continue;
        for (auto& signer : work.signers) {
            signer.first = wanted.size();
            for (const auto& key : signer.keys) wanted.push_back(key);
        }
    }
    std::vector<KeyRequest> questions;
    std::vector<std::size_t> answer_of;
    for (const auto& key : wanted) {
        const auto [at, is_new] = asked.emplace(std::tuple(key.server, key.key_id, key.min_valid_until), questions.size());
        if (is_new) questions.push_back(key);
        answer_of.push_back(at->second);
    }
    if (!questions.empty()) {
        const auto answers = co_await keys_.keys(std::move(questions));
        for (const auto at : answer_of) batch->keys.push_back(answers[at]);
    }
    batch->pdus.clear();
    batch->reading = false;
    co_await spread(runtime_, n, batch);

    std::vector<CheckedEvent> checked;
    checked.reserve(n);
    for (auto& work : batch->work) checked.push_back(std::move(work.checked));
    co_return checked;
}

net::Task<CheckedEvent> EventChecks::check_one(std::string pdu, const RoomRules& rules, std::optional<schema::RoomId> room) {
    std::vector<std::string> one;
    one.push_back(std::move(pdu));
    auto checked = co_await check(std::move(one), rules, std::move(room));
    co_return std::move(checked.front());
}

net::Task<bool> EventChecks::is_signed_by(EventPtr event, const RoomRules& rules, std::string server) {
    std::vector<KeyRequest> wanted;
    const auto ids = key_ids_of(event->object, server);
    for (const auto& id : ids) wanted.push_back({server, id, rules.enforce_key_validity ? event->origin_server_ts : 0});
    const auto keys = co_await keys_.keys(std::move(wanted));
    for (std::size_t i = 0; i < ids.size(); ++i)
        if (keys[i] && schema::verify_event(event->object, rules, server, ids[i], *keys[i])) co_return true;
    co_return false;
}

net::Task<bool> EventChecks::is_json_signed_by(JsonObject object, std::string server) {
    std::vector<KeyRequest> wanted;
    const auto ids = key_ids_of(object, server);
    for (const auto& id : ids) wanted.push_back({server, id, 0});
    const auto keys = co_await keys_.keys(std::move(wanted));
    for (std::size_t i = 0; i < ids.size(); ++i)
        if (keys[i] && schema::verify_json(object, server, ids[i], *keys[i])) co_return true;
    co_return false;
}

}  // namespace runde::federation
