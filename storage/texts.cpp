#include "storage/texts.hpp"

namespace runde::storage {

std::optional<TextVersion> find_text(Tx& tx, std::string_view owner, std::string_view kind, std::optional<int> version) {
    const auto rows = tx.exec(
        R"(SELECT v.version, v.set_by, v.set_at, t.register, t.body
           FROM text_versions v JOIN texts t USING (owner, kind, version)
           WHERE v.owner = $1 AND v.kind = $2 AND v.version = coalesce($3::int,
               (SELECT max(version) FROM text_versions WHERE owner = $1 AND kind = $2)))",
        owner, kind, version);
    if (rows.empty()) return std::nullopt;
    TextVersion text{static_cast<int>(rows.front()[0].number()), rows.front()[1].string(), rows.front()[2].number(), {}};
    for (const auto& row : rows) text.by_register.emplace(row[3].string(), row[4].string());
    return text;
}

std::vector<TextVersion> text_versions(Tx& tx, std::string_view owner, std::string_view kind) {
    std::vector<TextVersion> versions;
    for (const auto& row : tx.exec(
             "SELECT version, set_by, set_at FROM text_versions WHERE owner = $1 AND kind = $2 ORDER BY version DESC", owner, kind))
        versions.push_back({static_cast<int>(row[0].number()), row[1].string(), row[2].number(), {}});
    return versions;
}

std::vector<std::pair<std::string, int>> newest_versions(Tx& tx, std::string_view kind) {
    std::vector<std::pair<std::string, int>> newest;
    for (const auto& row : tx.exec("SELECT owner, max(version) FROM text_versions WHERE kind = $1 GROUP BY owner", kind))
        newest.emplace_back(row[0].string(), static_cast<int>(row[1].number()));
    return newest;
}

int insert_text(Tx& tx, std::string_view owner, std::string_view kind, const std::map<std::string, std::string>& by_register,
                std::string_view set_by, std::int64_t now_ms) {
    bump_revision(tx);  // Holds the one row until the commit, so that two at once get two numbers.
    const auto rows = tx.exec(
        R"(INSERT INTO text_versions (owner, kind, version, set_by, set_at)
           SELECT $1::text, $2::text, coalesce(max(version), 0) + 1, $3::text, $4::bigint FROM text_versions WHERE owner = $1 AND kind = $2
           RETURNING version)",
        owner, kind, set_by, now_ms);
    const auto version = static_cast<int>(rows.front()[0].number());
    for (const auto& [name, body] : by_register)
        tx.exec("INSERT INTO texts (owner, kind, version, register, body) VALUES ($1, $2, $3, $4, $5)", owner, kind, version, name,
                body);
    return version;
}

std::int64_t revision(Tx& tx) { return tx.exec("SELECT revision FROM selfhelp_revision WHERE id = 1").front()[0].number(); }

void bump_revision(Tx& tx) { tx.exec("UPDATE selfhelp_revision SET revision = revision + 1 WHERE id = 1"); }

}  // namespace runde::storage
