#include "tests/support/matrix_spec.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "schema/refusal.hpp"

namespace runde::tests {
namespace {

namespace fs = std::filesystem;
using schema::Json;
using schema::JsonObject;

fs::path spec_folder() {
    const auto named = std::getenv("RUNDE_MATRIX_SPEC");
    return named ? fs::path(named) : fs::path(RUNDE_SOURCE_DIR) / ".." / "shared" / "matrix-spec" / "data";
}

bool is_specified(std::string_view path) {
    return (path.starts_with("/_matrix/") && path.find("/unstable/") == path.npos) || path.starts_with("/.well-known/matrix/");
}

bool is_ours(std::string_view path) { return path.starts_with("/_runde/"); }

/// The specification, if the machine has it. Says once when it has not.
const MatrixSpec* load(const char* surface) {
    const auto folder = spec_folder();
    if (fs::is_directory(folder / "api" / surface)) {
        static std::mutex mutex;
        static std::map<std::string, MatrixSpec> loaded;
        const std::lock_guard lock(mutex);
        return &loaded
                    .try_emplace(surface, MatrixSpec::Place{folder, folder / "api" / surface,
                                                            "api/client-server/definitions/errors/error.yaml", is_specified, true})
                    .first->second;
    }
    static std::once_flag said;
    std::call_once(said, [&] {
        std::cerr << "SKIPPED: no Matrix specification in " << folder
                  << " (RUNDE_MATRIX_SPEC names another place): answers are not checked against it\n";
    });
    return nullptr;
}

std::vector<std::string_view> segments(std::string_view path) {
    std::vector<std::string_view> parts;
    path = path.substr(0, path.find('?'));
    for (std::size_t start = 1; start <= path.size();) {
        const auto end = std::min(path.find('/', start), path.size());
        parts.push_back(path.substr(start, end - start));
        start = end + 1;
    }
    return parts;
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{'); }

/// How many segments fit literally, or nothing when the path is another's. Only the last parameter may be
/// empty (the state key of .../state/m.room.name/), and a state key may be left out with its slash.
std::optional<std::size_t> fit(std::string_view pattern, std::string_view path) {
    const auto wanted = segments(pattern);
    auto given = segments(path);
    if (given.size() + 1 == wanted.size() && wanted.back() == "{stateKey}") given.push_back("");
    if (wanted.size() != given.size()) return std::nullopt;
    std::size_t literal = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] == given[i] && !is_parameter(wanted[i]))
            ++literal;
        else if (!is_parameter(wanted[i]) || (given[i].empty() && i + 1 < wanted.size()))
            return std::nullopt;
    }
    return literal;
}

std::string upper(std::string_view text) {
    std::string out(text);
    for (auto& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return out;
}

std::optional<Json> read(std::string_view body) {
    try {
        return schema::parse_json(body);
    } catch (const schema::Refusal&) {
        return std::nullopt;
    }
}

/// The schema of a body described as JSON, if it is.
std::optional<Node> json_schema_of(YamlDocuments& documents, Node described) {
    const auto node = documents.resolve(described);
    const auto content = schema::object_at(node.value->as_object(), "content");
    const auto json = content ? schema::object_at(*content, "application/json") : nullptr;
    const auto schema = json ? json->if_contains("schema") : nullptr;
    return schema ? std::optional(Node{schema, node.file}) : std::nullopt;
}

}  // namespace

const MatrixSpec* MatrixSpec::client_server() { return load("client-server"); }
const MatrixSpec* MatrixSpec::server_server() { return load("server-server"); }

const MatrixSpec& MatrixSpec::runde() {
    static const auto folder = fs::path(RUNDE_SOURCE_DIR) / "docs" / "openapi";
    static const MatrixSpec description(Place{folder, folder, "definitions/error.yaml", is_ours, false});
    return description;
}

MatrixSpec::MatrixSpec(Place place) : place_(std::move(place)) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(place_.operations))
        if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const auto& file : files) read_operations(file);
}

MatrixSpec::~MatrixSpec() {
    const auto file = std::getenv("RUNDE_SPEC_TOUCHED");
    if (!file || touched_.empty()) return;
    std::ofstream out(file, std::ios::app);
    for (const auto& line : touched_) out << line << '\n';
}

void MatrixSpec::read_operations(const fs::path& file) {
    const auto document = documents_.document(file);
    const auto& root = document.value->as_object();
    const auto paths = schema::object_at(root, "paths");
    if (!paths) return;
    boost::json::error_code absent;
    const auto base = document.value->find_pointer("/servers/0/variables/basePath/default", absent);
    for (const auto& [path, methods] : *paths)
        for (const auto& [method, description] : methods.as_object()) {
            if (!description.is_object() || !description.get_object().contains("responses")) continue;
            const auto& members = description.get_object();
            auto pattern = (base ? std::string(base->as_string()) : "") + std::string(path);
            pattern.erase(pattern.find_last_not_of(' ') + 1);  // A space is how it names one path twice.
            operations_.push_back({.method = upper(method),
                                   .pattern = std::move(pattern),
                                   .name = std::string(schema::string_at(members, "operationId").value_or("")),
                                   .file = file.filename().string(),
                                   .deprecated = schema::boolean_at(members, "deprecated").value_or(false),
                                   .description = {&description, document.file}});
        }
}

const MatrixSpec::Operation* MatrixSpec::find(std::string_view method, std::string_view path) const {
    const Operation* best = nullptr;
    std::size_t best_fit = 0;
    for (const auto& operation : operations_) {
        if (operation.method != method) continue;
        const auto literal = fit(operation.pattern, path);
        if (!literal || (best && *literal <= best_fit)) continue;
        best = &operation;
        best_fit = *literal;
    }
    return best;
}

std::optional<Misfit> MatrixSpec::misfit(const Json& value, Node schema) const {
    const std::lock_guard lock(mutex_);
    return schema_.check(value, schema);
}

std::optional<Misfit> MatrixSpec::misfit(const Json& value, std::string_view schema_file) const {
    const std::lock_guard lock(mutex_);
    return schema_.check(value, documents_.document(folder_ / schema_file));
}

std::optional<Misfit> MatrixSpec::standard_error_misfit(std::string_view body) const {
    const auto value = read(body);
    if (!value || !value->is_object()) return Misfit{"", "is no JSON object"};
    if (auto error = misfit(*value, place_.standard_error)) return error;
    const auto code = schema::string_at(value->get_object(), "errcode").value_or("");
    static const std::regex form("^(M_[A-Z0-9_]+|[A-Za-z0-9]+(\\.[A-Za-z0-9_]+)+)$");
    if (!std::regex_match(std::string(code), form)) return Misfit{"/errcode", fmt::format("is no error code: '{}'", code)};
    return std::nullopt;
}

std::optional<std::string> MatrixSpec::answer_misfit(const Operation* operation, int status, std::string_view body) const {
    const auto text = [](const Misfit& misfit) { return misfit.text(); };
    const auto standard_error = [&]() -> std::optional<std::string> {
        const auto misfit = standard_error_misfit(body);
        return misfit ? std::optional(text(*misfit)) : std::nullopt;
    };
    if (!operation) return status >= 400 ? standard_error() : std::optional<std::string>("is an answer to nothing specified");
    const auto& responses = operation->description.value->at("responses").as_object();
    const auto described = responses.if_contains(std::to_string(status));
    if (!described) return status >= 400 ? standard_error() : std::optional<std::string>("is a status nobody described");
    const auto schema = json_schema_of(documents_, {described, operation->description.file});
    if (!schema) return status >= 400 ? standard_error() : std::nullopt;
    const auto value = read(body);
    if (!value) return "the body is not JSON (as parse_json reads it)";
    const auto misfit = schema_.check(*value, *schema);
    if (!misfit) return std::nullopt;
    // A described error is often one of several that the status stands for.
    if (status >= 400 && !standard_error()) return std::nullopt;
    return text(*misfit);
}

std::vector<const MatrixSpec::Operation*> MatrixSpec::like(const Operation* operation) const {
    std::vector<const Operation*> all;
    for (const auto& other : operations_)
        if (operation && other.method == operation->method && other.pattern == operation->pattern) all.push_back(&other);
    return all;
}

std::optional<std::string> MatrixSpec::complaint(std::string_view method, std::string_view path, int status,
                                                 std::string_view body) const {
    if (!place_.describes(path)) return std::nullopt;
    const std::lock_guard lock(mutex_);
    const auto operation = find(method, path);
    if (operation && place_.notes_touched) touch(*operation, Touched::answered);
    auto wrong = answer_misfit(operation, status, body);
    for (const auto other : like(operation))
        if (wrong && !answer_misfit(other, status, body)) wrong.reset();
    if (!wrong) return std::nullopt;
    return fmt::format("{} {} {}: {}", method, operation ? operation->pattern : path, status, *wrong);
}

std::optional<std::string> MatrixSpec::request_misfit(const Operation& operation, std::string_view body) const {
    const auto described = operation.description.value->get_object().if_contains("requestBody");
    if (!described) return std::nullopt;
    const Node node{described, operation.description.file};
    const auto schema = json_schema_of(documents_, node);
    const bool required = schema::boolean_at(documents_.resolve(node).value->as_object(), "required").value_or(false);
    if (!schema || (body.empty() && !required)) return std::nullopt;
    const auto value = read(body);
    const auto misfit = value ? schema_.check(*value, *schema) : Misfit{"", "is not JSON"};
    return misfit ? std::optional(misfit->text()) : std::nullopt;
}

std::optional<std::string> MatrixSpec::query_misfit(const Operation& operation, std::string_view path) const {
    const auto* parameters = operation.description.value->get_object().if_contains("parameters");
    if (!parameters) return std::nullopt;
    const auto question = path.find('?');
    const auto query = "&" + std::string(question == path.npos ? std::string_view() : path.substr(question + 1));
    for (const auto& described : parameters->as_array()) {
        const auto node = documents_.resolve({&described, operation.description.file});
        const auto& parameter = node.value->as_object();
        if (schema::string_at(parameter, "in") != "query" || !schema::boolean_at(parameter, "required").value_or(false)) continue;
        const auto name = std::string(schema::string_at(parameter, "name").value_or(""));
        if (query.find("&" + name + "=") == std::string::npos) return "?" + name + " is missing";
    }
    return std::nullopt;
}

void MatrixSpec::note_sent(std::string_view method, std::string_view path) const {
    const std::lock_guard lock(mutex_);
    if (const auto operation = find(method, path)) touch(*operation, Touched::sent);
}

std::optional<std::string> MatrixSpec::request_complaint(std::string_view method, std::string_view path,
                                                         std::string_view body) const {
    const std::lock_guard lock(mutex_);
    const auto operation = find(method, path);
    std::optional<std::string> wrong;
    for (const auto described : like(operation)) {
        wrong = request_misfit(*described, body);
        if (!wrong) wrong = query_misfit(*described, path);
        if (!wrong) return std::nullopt;
    }
    if (!wrong) return std::nullopt;
    return fmt::format("{} {}, request: {}", method, operation->pattern, *wrong);
}

std::optional<std::string> MatrixSpec::event_complaint(const JsonObject& event) const {
    const std::lock_guard lock(mutex_);
    const auto type = std::string(schema::string_at(event, "type").value_or(""));
    const auto content = schema::object_at(event, "content");
    const auto of_message = content ? schema::string_at(*content, "msgtype") : std::nullopt;
    const auto unsigned_data = schema::object_at(event, "unsigned");
    const bool redacted = unsigned_data && unsigned_data->contains("redacted_because");

    const auto schemas = folder_ / "event-schemas" / "schema";
    auto file = schemas / "core-event-schema" / (event.contains("state_key") ? "state_event.yaml" : "room_event.yaml");
    const auto plain_name = type.find('/') == type.npos;
    if (plain_name && !redacted) {
        const auto special = schemas / fmt::format("{}${}.yaml", type, of_message.value_or(""));
        const auto usual = schemas / (type + ".yaml");
        if (of_message && of_message->find('/') == of_message->npos && fs::exists(special))
            file = special;
        else if (fs::exists(usual))
            file = usual;
    }
    JsonObject whole = event;
    if (!whole.contains("room_id")) whole["room_id"] = "!not-told:in.sync";
    const auto misfit = schema_.check(Json(std::move(whole)), documents_.document(file));
    return misfit ? std::optional(fmt::format("{}: {}", type, misfit->text())) : std::nullopt;
}

void MatrixSpec::touch(const Operation& operation, Touched how) const {
    const auto options = doctest::getContextOptions();
    const auto test = options ? options->currentTest : nullptr;
    const auto file = test ? fs::path(test->m_file.c_str()).filename().string() : std::string("?");
    touched_.insert(
        fmt::format("{}\t{}\t{}\t{}", operation.method, operation.pattern, file, how == Touched::sent ? "sent" : "answered"));
}

}  // namespace runde::tests
