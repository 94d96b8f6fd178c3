#pragma once
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/json_schema.hpp"

namespace runde::tests {

/// One API of the Matrix specification, as its OpenAPI description tells it: what a request and an answer
/// must look like. The description is not part of this repository; where the machine lacks it, the getters
/// return nullptr, having said so once, and tests skip what they would have checked:
///
///     if (const auto spec = MatrixSpec::client_server()) CHECK(spec->complaint(...) == std::nullopt);
///
/// It is looked for in the folder that RUNDE_MATRIX_SPEC names, else in ../shared/matrix-spec/data beside the
/// source. With RUNDE_SPEC_TOUCHED=FILE, the process appends to FILE at its end which operations were checked
/// by which test file, and which were sent (tools/spec-coverage reads it).
class MatrixSpec {
public:
    static const MatrixSpec* client_server();
    static const MatrixSpec* server_server();
    /// Our own endpoints below /_runde/, as docs/openapi describes them: always there.
    static const MatrixSpec& runde();

    struct Operation {
        std::string method;   ///< "GET"
        std::string pattern;  ///< "/_matrix/client/v3/login", parameters in braces
        std::string name;     ///< operationId
        std::string file;     ///< "login.yaml"
        bool deprecated = false;
        Node description;
    };
    const std::vector<Operation>& operations() const { return operations_; }
    /// The operation that a request's path (query and all) or a route's pattern belongs to; nullptr for none.
    /// What stands out literally in a pattern wins over a parameter. The specification describes two requests
    /// twice (invite by user id or by e-mail; /events): this is the first.
    const Operation* find(std::string_view method, std::string_view path) const;

    /// What is wrong with an answer, as "GET /path 200: /rooms/0 must be ..."; nothing when it is right, or
    /// when the path is not the specification's (/_runde/..., /unstable/...). A status from 400 on that is
    /// not described, or whose body does not fit there, must be the standard error.
    std::optional<std::string> complaint(std::string_view method, std::string_view path, int status, std::string_view body) const;
    /// What is wrong with a request that we send: a required parameter of the query that is missing, or its JSON body.
    std::optional<std::string> request_complaint(std::string_view method, std::string_view path, std::string_view body) const;
    /// Counts for tools/spec-coverage: our server asked for this.
    void note_sent(std::string_view method, std::string_view path) const;
    /// What is wrong with a room event in the client format, by the schema of its type. Events of types that
    /// the specification does not know, and redacted ones, are checked as room events only. `room_id` may be
    /// missing, as it is in /sync.
    std::optional<std::string> event_complaint(const schema::JsonObject& event) const;
    /// A value against the schema in a file below the description's folder
    /// ("api/client-server/definitions/...").
    std::optional<Misfit> misfit(const schema::Json& value, std::string_view schema_file) const;
    std::optional<Misfit> misfit(const schema::Json& value, Node schema) const;

    YamlDocuments& documents() const { return documents_; }
    const std::filesystem::path& folder() const { return folder_; }

    /// Where a description lies: `operations` and the standard error below `folder`, and which paths are its.
    struct Place {
        std::filesystem::path folder, operations;
        std::string standard_error;
        bool (*describes)(std::string_view path);
        bool notes_touched;  ///< Its operations are counted by tools/spec-coverage.
    };
    explicit MatrixSpec(Place place);
    ~MatrixSpec();
    MatrixSpec(const MatrixSpec&) = delete;

private:
    void read_operations(const std::filesystem::path& file);
    enum class Touched { answered, sent };
    void touch(const Operation& operation, Touched how) const;
    std::optional<std::string> query_misfit(const Operation& operation, std::string_view path) const;
    std::vector<const Operation*> like(const Operation* operation) const;
    std::optional<std::string> answer_misfit(const Operation* operation, int status, std::string_view body) const;
    std::optional<std::string> request_misfit(const Operation& operation, std::string_view body) const;
    std::optional<Misfit> standard_error_misfit(std::string_view body) const;

    const Place place_;
    const std::filesystem::path& folder_ = place_.folder;
    std::vector<Operation> operations_;
    mutable std::recursive_mutex mutex_;
    mutable YamlDocuments documents_;
    mutable JsonSchema schema_{documents_};
    mutable std::set<std::string> touched_;
};

}  // namespace runde::tests
