#include "storage/erasure.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "net/runtime.hpp"
#include "tests/support/test_database.hpp"

using namespace runde;
using Erased = storage::NamingColumn::Erased;

/// Every column whose name says that it names somebody, or something an erasure is about; numbers of what belongs to nobody are
/// left out by their names.
static constexpr const char* naming_columns_there_are =
    "SELECT c.table_name, c.column_name FROM information_schema.columns c "
    "JOIN pg_tables t ON t.schemaname = 'public' AND t.tablename = c.table_name WHERE c.table_schema = 'public' "
    "AND c.column_name ~ '(^|_)(nids?|ids?|sender|by|user|localpart|device|applicant|member)$' AND c.column_name <> ALL "
    "('{id,group_id,job_id,grant_id,note_id,slot_id,key_id,conn_id,app_id,server_nid,next_nid}')";

TEST_CASE("every column that names a room, an event, a device or a person says what an erasure does with it") {
    const tests::TestDatabase database;
    net::Runtime runtime;
    storage::Database db(runtime, {.url = database.url(), .readers = 1});
    std::set<std::pair<std::string, std::string>> there, declared;
    db.transact_now([&](storage::Tx& tx) {
        for (auto row : tx.exec(naming_columns_there_are)) there.emplace(row[0].string(), row[1].string());
    });
    REQUIRE(there.contains({"events", "sender"}));
    std::map<std::string_view, bool> erased;  // Whether rows of the table go.
    for (const auto& column : storage::naming_columns()) {
        const std::pair name(std::string(column.table), std::string(column.column));
        CHECK_MESSAGE(declared.insert(name).second, name.first, ".", name.second, " is declared twice");
        CHECK_MESSAGE(there.contains(name), name.first, ".", name.second, " does not exist");
        const bool wants_reason = column.erased == Erased::kept || column.erased == Erased::by_hand;
        CHECK_MESSAGE(wants_reason == !column.why.empty(), name.first, ".", name.second);
        erased[column.table] |= column.erased != Erased::kept && column.erased != Erased::with_its_row;
    }
    for (const auto& [table, column] : there)
        CHECK_MESSAGE(declared.contains({table, column}), table, ".", column,
                      " names somebody or something: say in storage/erasure.cpp how it is erased");
    for (const auto& column : storage::naming_columns())
        if (column.erased == Erased::with_its_row) CHECK_MESSAGE(erased[column.table], column.table, ".", column.column);
}
