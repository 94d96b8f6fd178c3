#include "api/selfhelp/desk.hpp"

#include <charconv>

namespace runde::api::selfhelp {

using schema::Reason;
using schema::Refusal;

net::Task<domain::Rights> rights(const Call& call, Services& services) {
    const auto& session = call.maybe_session();
    if (!session) co_return domain::Rights{};
    const auto now = now_ms(services);
    co_return co_await services.db.read(
        [&](storage::Tx& tx) { return domain::rights_of(tx, session->user, session->administrator, now); });
}

schema::JsonObject text_json(int version, const std::map<std::string, std::string>& by_register) {
    schema::JsonObject texts;
    for (const auto& [name, body] : by_register) texts[name] = body;
    return {{"version", version}, {"texts", std::move(texts)}};
}

std::map<std::string, std::string> texts_of(const Call& call) {
    const auto body = call.fields();
    std::map<std::string, std::string> texts;
    for (const auto& [name, text] : body.required_object("texts")) {
        if (!text.is_string()) throw Refusal(Reason::bad_json, "texts holds one text per register");
        texts.emplace(name, text.get_string());
    }
    return texts;
}

Stretch stretch(const Call& call, std::int64_t limit) {
    Stretch stretch{0, static_cast<std::size_t>(call.query_number("limit", limit, 1, 200))};
    const auto from = call.query("from").value_or("");
    if (from.empty()) return stretch;
    const auto* end = from.data() + from.size();
    if (from.front() != 'n' || from.size() < 2 || std::from_chars(from.data() + 1, end, stretch.offset).ptr != end)
        throw Refusal(Reason::invalid_param, "from is not a token of this endpoint");
    return stretch;
}

std::string next_token(std::size_t offset) { return "n" + std::to_string(offset); }

}  // namespace runde::api::selfhelp
