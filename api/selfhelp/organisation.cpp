#include "core/selfhelp/organisation.hpp"

#include <algorithm>

#include "api/selfhelp/desk.hpp"
#include "api/selfhelp/tables.hpp"
#include "core/selfhelp/door.hpp"
#include "core/selfhelp/texts.hpp"

namespace runde::api::selfhelp {
namespace {

using schema::Reason;
using schema::Refusal;

net::Task<net::Response> get_organisation(const Call&, Services& services) {
    const auto row = co_await services.db.read([](storage::Tx& tx) { return storage::find_organisation(tx); });
    if (!row)
        throw Refusal(Reason::not_found,
                      "Diese Organisation hat sich noch nicht vorgestellt. / This organisation has not introduced "
                      "itself yet.");
    auto body = domain::to_json(*row);
    body["changed_ts"] = row->changed;
    if (row->space_id) body["space_id"] = *row->space_id;
    co_return answer(body);
}

net::Task<net::Response> put_organisation(const Call& call, Services& services) {
    const auto who = co_await rights(call, services);
    domain::require(who.may_run_organisation());
    auto row = domain::read_organisation(call.json());
    row.changed = now_ms(services);
    row.changed_by = who.user;
    co_await services.db.transact([&](storage::Tx& tx) { storage::set_organisation(tx, row); });
    co_await services.door.standing.refresh();
    co_await services.door.groups.show_organisation();
    co_return empty_answer();
}

std::string text_kind(const Call& call) {
    const auto& kind = call.param("kind");
    if (std::find(domain::organisation_texts.begin(), domain::organisation_texts.end(), kind) == domain::organisation_texts.end())
        throw Refusal(Reason::not_found, "The texts are imprint, privacy and house_rules.");
    return kind;
}

net::Task<net::Response> get_text(const Call& call, Services& services) {
    const auto kind = text_kind(call);
    std::optional<int> version;
    if (call.query("version")) version = static_cast<int>(call.query_number("version", 1, 1, 1'000'000));
    const auto text = co_await services.db.read([&](storage::Tx& tx) { return storage::find_text(tx, "", kind, version); });
    if (!text) throw Refusal(Reason::not_found, "Diesen Text gibt es noch nicht. / This text has not been written yet.");
    auto body = text_json(text->version, text->by_register);
    body["set_ts"] = text->set_at;
    co_return answer(body);
}

net::Task<net::Response> put_text(const Call& call, Services& services) {
    const auto kind = text_kind(call);
    const auto who = co_await rights(call, services);
    domain::require(who.may_run_organisation());
    const auto texts = texts_of(call);
    domain::check_text(texts);
    const auto now = now_ms(services);
    const int version =
        co_await services.db.transact([&](storage::Tx& tx) { return storage::insert_text(tx, "", kind, texts, who.user, now); });
    co_return answer({{"version", version}});
}

constexpr Route routes[] = {
    {net::Method::get, "/_runde/v1/organisation", Access::anyone, Rate::read, get_organisation, "docs/api.md#organisation"},
    {net::Method::put, "/_runde/v1/organisation", Access::user, Rate::write, put_organisation, "docs/api.md#organisation"},
    {net::Method::get, "/_runde/v1/texts/{kind}", Access::anyone, Rate::read, get_text, "docs/api.md#texts"},
    {net::Method::put, "/_runde/v1/texts/{kind}", Access::user, Rate::write, put_text, "docs/api.md#texts"},
};

}  // namespace

std::span<const Route> organisation_routes() { return routes; }

}  // namespace runde::api::selfhelp
