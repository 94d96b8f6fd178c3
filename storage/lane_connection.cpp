#include "storage/lane_connection.hpp"

#include <libpq-fe.h>

#include <charconv>
#include <stdexcept>

namespace runde::storage {

using Kind = BatchOutcome::Kind;
using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

struct LaneConnection::Impl {
    std::unique_ptr<PGconn, decltype(&PQfinish)> connection;

    Result take_result() { return {PQgetResult(connection.get()), &PQclear}; }
    Result simple(const char* sql, const std::vector<std::string>& parameters);
};

static std::string state_of(const PGresult* result) {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state ? state : "";
}

static BatchOutcome to_outcome(const PGresult* result) {
    const auto state = state_of(result);
    if (state.empty() || state.starts_with("08") || state.starts_with("57P")) return {Kind::lost, state};
    if (state == "22012") return {Kind::fenced, state};  // take_positions divides by the number of heads it found.
    if (state == "40001" || state == "40P01" || state == "55P03") return {Kind::conflict, state};
    if (state.starts_with("23")) {
        const char* name = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
        const char* column = PQresultErrorField(result, PG_DIAG_COLUMN_NAME);  // NOT NULL has no name of its own.
        return {Kind::refused, name ? name : column ? column : "SQLSTATE " + state};
    }
    if (state.starts_with("22") || state.starts_with("54")) return {Kind::refused, "SQLSTATE " + state};
    return {Kind::failed, state};
}

/// Outside the pipeline: one statement, text format. Throws Unreachable when the connection is gone.
Result LaneConnection::Impl::simple(const char* sql, const std::vector<std::string>& parameters) {
    std::vector<const char*> values;
    for (const auto& parameter : parameters) values.push_back(parameter.c_str());
    Result result(PQexecParams(connection.get(), sql, static_cast<int>(values.size()), nullptr, values.data(), nullptr, nullptr, 0),
                  &PQclear);
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return result;
    const auto outcome = to_outcome(result.get());
    if (outcome.kind == Kind::lost) throw Unreachable{};
    throw DatabaseError(outcome.detail, "SQLSTATE " + outcome.detail + " at: " + sql);
}

static std::string name_of(Statement statement) { return "lane_" + std::to_string(static_cast<int>(statement)); }

LaneConnection::LaneConnection(const std::string& conninfo)
    : impl_(std::make_unique<Impl>(Impl{{PQconnectdb(conninfo.c_str()), &PQfinish}})) {
    auto* connection = impl_->connection.get();
    if (PQstatus(connection) != CONNECTION_OK) throw Unreachable{};
    PQsetNoticeProcessor(
        connection, [](void*, const char*) {}, nullptr);
    for (int i = 0; i < static_cast<int>(Statement::count); ++i) {
        const auto statement = static_cast<Statement>(i);
        const Result result(PQprepare(connection, name_of(statement).c_str(), sql_of(statement), 0, nullptr), &PQclear);
        if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) continue;
        const auto state = state_of(result.get());
        if (state.empty() || state.starts_with("57P")) throw Unreachable{};
        // The text of a syntax error names columns and tables, no values.
        throw DatabaseError(state, std::string(PQresultErrorMessage(result.get())) + " at: " + sql_of(statement));
    }
}

LaneConnection::~LaneConnection() = default;

static std::int64_t number_at(const PGresult* result, int column) {
    std::int64_t number = 0;
    const char* text = PQgetvalue(result, 0, column);
    std::from_chars(text, text + PQgetlength(result, 0, column), number);
    return number;
}

static LaneConnection::Head head_of(const PGresult* result) {
    return {number_at(result, 0), number_at(result, 1), number_at(result, 2), number_at(result, 3)};
}

LaneConnection::Head LaneConnection::take_over(std::int64_t writer) {
    const auto result = impl_->simple(
        "UPDATE stream_head SET epoch = epoch + 1, writer = $1::bigint, clean = false, "
        "pos = CASE WHEN clean THEN pos ELSE greatest(pos, reserved) END, "
        "reserved = greatest(reserved, CASE WHEN clean THEN pos ELSE greatest(pos, reserved) END + 100000) "
        "WHERE id = 1 RETURNING pos, reserved, epoch, batch",
        {std::to_string(writer)});
    if (PQntuples(result.get()) != 1) throw DatabaseError("02000", "the table stream_head has lost its row");
    return head_of(result.get());
}

std::optional<LaneConnection::Head> LaneConnection::resume(std::int64_t writer) {
    const auto result = impl_->simple(
        "UPDATE stream_head SET epoch = epoch + 1, clean = false WHERE id = 1 AND writer = $1::bigint "
        "RETURNING pos, reserved, epoch, batch",
        {std::to_string(writer)});
    if (PQntuples(result.get()) != 1) return std::nullopt;
    return head_of(result.get());
}

void LaneConnection::mark_clean(std::int64_t epoch) {
    impl_->simple("UPDATE stream_head SET clean = true WHERE id = 1 AND epoch = $1::bigint", {std::to_string(epoch)});
}

static bool send(PGconn* connection, const StatementCall& call) {
    constexpr std::size_t most = 32;
    const auto count = call.parameters.size();
    if (count > most) throw std::logic_error("a statement of the lane has more parameters than send() has room for");
    const char* values[most];
    int lengths[most], formats[most];
    for (std::size_t i = 0; i < count; ++i) {
        values[i] = call.parameters[i].data();
        lengths[i] = static_cast<int>(call.parameters[i].size());
        formats[i] = 1;
    }
    return PQsendQueryPrepared(connection, name_of(call.statement).c_str(), static_cast<int>(count), values, lengths, formats, 1) ==
           1;
}

static Position big_endian(const char* bytes) {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return static_cast<Position>(value);
}

BatchOutcome LaneConnection::run(const std::vector<StatementCall>& calls) {
    auto* connection = impl_->connection.get();
    // What stands between two syncs is one transaction: no BEGIN and COMMIT, and after an error the rest is skipped.
    if (PQenterPipelineMode(connection) != 1) return {Kind::lost, ""};
    for (const auto& call : calls)
        if (!send(connection, call)) return {Kind::lost, ""};
    if (PQpipelineSync(connection) != 1) return {Kind::lost, ""};

    BatchOutcome outcome{Kind::committed, "", 0};
    bool synced = false;
    // Per statement one result and one null; then the sync, whose coming means that the commit is through.
    for (std::size_t nulls = 0; !synced;) {
        const auto result = impl_->take_result();
        if (!result) {
            if (++nulls > calls.size() + 1 || PQstatus(connection) != CONNECTION_OK) return {Kind::lost, ""};
            continue;
        }
        switch (PQresultStatus(result.get())) {
            case PGRES_PIPELINE_SYNC: synced = true; break;
            case PGRES_TUPLES_OK:
                if (outcome.kind == Kind::committed) outcome.base = big_endian(PQgetvalue(result.get(), 0, 0));
                break;
            case PGRES_COMMAND_OK:
            case PGRES_PIPELINE_ABORTED: break;
            default:
                // Also an error of the commit itself, which comes before the sync.
                if (outcome.kind == Kind::committed) outcome = to_outcome(result.get());
                if (outcome.kind == Kind::lost) return outcome;
        }
    }
    if (PQexitPipelineMode(connection) != 1) return {Kind::lost, ""};
    return outcome;
}

}  // namespace runde::storage
