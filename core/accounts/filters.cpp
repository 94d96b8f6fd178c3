#include "core/accounts/filters.hpp"

#include <charconv>

#include "storage/account_data.hpp"

namespace runde::accounts {

using schema::JsonObject;

namespace {

constexpr int filters_kept = 100;

}  // namespace

net::Task<std::string> Filters::define(schema::UserNid user, const JsonObject& filter) {
    const auto json = schema::to_text(filter);
    const auto number =
        co_await db_.transact([&](storage::Tx& tx) { return storage::insert_or_find_filter(tx, user, json, filters_kept); });
    co_return std::to_string(number);
}

net::Task<std::optional<std::string>> Filters::find(schema::UserNid user, std::string_view id) {
    int number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (error != std::errc() || end != id.data() + id.size()) co_return std::nullopt;
    auto json = co_await db_.read([=](storage::Tx& tx) { return storage::find_filter(tx, user, number); });
    co_return json;
}

}  // namespace runde::accounts
