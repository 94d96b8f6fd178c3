#include "server/config.hpp"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>

#include "net/mail.hpp"
#include "schema/ids.hpp"

namespace runde::server {

namespace {

/// Edit distance, for "did you mean".
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, changed}));
        }
    }
    return row[b.size()];
}

std::string suggestion(std::string_view unknown, const std::set<std::string>& known) {
    const auto closest = std::ranges::min_element(known, {}, [&](const auto& name) { return distance(unknown, name); });
    if (closest == known.end() || distance(unknown, *closest) > 3) return "";
    return fmt::format("; did you mean \"{}\"?", *closest);
}

std::string secret_from_file(const std::string& file, std::string_view key) {
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) throw ConfigError(fmt::format("{}_file: cannot read {}", key, file));
    std::string secret = text.str();
    while (secret.ends_with('\n') || secret.ends_with('\r')) secret.pop_back();
    return secret;
}

/// Takes the values of one visit out of a table and remembers which keys there are.
class TomlReader : public Keys {
public:
    TomlReader(const toml::table& root, std::string file, std::set<std::string> elsewhere)
        : root_(root), table_(&root), file_(std::move(file)), known_(std::move(elsewhere)) {}

    void section(std::string_view name, std::string_view) override {
        refuse_unknown();
        section_ = name;
        sections_.insert(section_);
        known_.clear();
        const toml::node* node = root_.get(name);
        table_ = node ? node->as_table() : nullptr;
        if (node && !table_) fail(*node, fmt::format("[{}] must be a section", name));
    }
    void key(std::string_view name, std::string& value, std::string_view) override {
        if (const auto* node = find(name)) value = get<std::string>(*node, name, "text in quotes");
    }
    void key(std::string_view name, std::int64_t& value, std::string_view) override {
        if (const auto* node = find(name)) value = get<std::int64_t>(*node, name, "a whole number");
    }
    void key(std::string_view name, bool& value, std::string_view) override {
        if (const auto* node = find(name)) value = get<bool>(*node, name, "true or false");
    }
    void key(std::string_view name, std::vector<std::string>& value, std::string_view) override {
        const auto* node = find(name);
        if (!node) return;
        const auto* array = node->as_array();
        if (!array) fail(*node, fmt::format("{} must be a list of texts: [\"...\"]", name));
        value.clear();
        for (const auto& element : *array) value.push_back(get<std::string>(element, name, "a list of texts"));
    }
    void key(std::string_view name, std::map<std::string, std::string>& value, std::string_view) override {
        const auto* node = find(name);
        if (!node) return;
        const auto* table = node->as_table();
        if (!table) fail(*node, fmt::format("{} must be a table: {{ \"a\" = \"b\" }}", name));
        value.clear();
        for (const auto& [from, to] : *table) value[std::string(from.str())] = get<std::string>(to, name, "a table of texts");
    }
    void secret(std::string_view name, std::string& value, std::string_view comment) override {
        key(name, value, comment);
        const std::string file_key = std::string(name) + "_file";
        std::string file;
        key(file_key, file, comment);
        if (!file.empty()) value = secret_from_file(file, name);
    }

    void finish() {
        refuse_unknown();
        section_.clear();
        table_ = &root_;
    }
    const std::set<std::string>& sections() const { return sections_; }

private:
    const toml::node* find(std::string_view name) {
        known_.emplace(name);
        return table_ ? table_->get(name) : nullptr;
    }
    template <class T>
    T get(const toml::node& node, std::string_view name, std::string_view kind) {
        if (const auto value = node.value_exact<T>()) return *value;
        fail(node, fmt::format("{} must be {}", name, kind));
    }
    [[noreturn]] void fail(const toml::node& at, const std::string& what) const {
        throw ConfigError(fmt::format("{}:{}: {}{}", file_, at.source().begin.line,
                                      section_.empty() ? "" : fmt::format("[{}] ", section_), what));
    }
    /// At the top of the file sections are keys, too: those are checked when all are known.
    void refuse_unknown() {
        if (!table_) return;
        if (section_.empty()) {
            top_known_.insert(known_.begin(), known_.end());
            return;
        }
        refuse_unknown(*table_, known_);
    }

public:
    void refuse_unknown(const toml::table& table, const std::set<std::string>& known) const {
        for (const auto& [name, node] : table)
            if (!known.contains(std::string(name.str())))
                fail(node, fmt::format("there is no key \"{}\"{}", name.str(), suggestion(name.str(), known)));
    }
    std::set<std::string> top_level() const {
        auto all = top_known_;
        all.insert(sections_.begin(), sections_.end());
        return all;
    }

private:
    const toml::table& root_;
    const toml::table* table_;
    std::string file_, section_;
    std::set<std::string> known_, top_known_, sections_;
};

class EnvironmentReader : public Keys {
public:
    EnvironmentReader(const Environment& environment, std::string section)
        : environment_(environment), section_(std::move(section)) {}

    void section(std::string_view name, std::string_view) override { section_ = name; }
    void key(std::string_view name, std::string& value, std::string_view) override {
        if (const auto text = find(name)) value = *text;
    }
    void key(std::string_view name, std::int64_t& value, std::string_view) override {
        const auto text = find(name);
        if (!text) return;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
        if (error != std::errc() || end != text->data() + text->size())
            throw ConfigError(fmt::format("{} in the environment must be a whole number", variable(name)));
    }
    void key(std::string_view name, bool& value, std::string_view) override {
        const auto text = find(name);
        if (!text) return;
        if (*text != "true" && *text != "false")
            throw ConfigError(fmt::format("{} in the environment must be true or false", variable(name)));
        value = *text == "true";
    }
    /// Separated by commas.
    void key(std::string_view name, std::vector<std::string>& value, std::string_view) override {
        const auto text = find(name);
        if (!text) return;
        value.clear();
        std::istringstream in(*text);
        for (std::string element; std::getline(in, element, ',');)
            if (!element.empty()) value.push_back(element);
    }
    /// "a=b,c=d"
    void key(std::string_view name, std::map<std::string, std::string>& value, std::string_view comment) override {
        std::vector<std::string> pairs;
        key(name, pairs, comment);
        for (const auto& pair : pairs) {
            const auto equals = pair.find('=');
            if (equals == pair.npos) throw ConfigError(fmt::format("{} in the environment must look like a=b,c=d", variable(name)));
            value[pair.substr(0, equals)] = pair.substr(equals + 1);
        }
    }
    void secret(std::string_view name, std::string& value, std::string_view comment) override {
        key(name, value, comment);
        if (const auto file = find(std::string(name) + "_file")) value = secret_from_file(*file, name);
    }

private:
    std::string variable(std::string_view name) const {
        std::string text = "RUNDE_";
        if (!section_.empty()) text += section_ + "_";
        text += name;
        std::ranges::transform(text, text.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
        return text;
    }
    std::optional<std::string> find(std::string_view name) const { return environment_(variable(name)); }

    const Environment& environment_;
    std::string section_;
};

class SampleWriter : public Keys {
public:
    void section(std::string_view name, std::string_view comment) override {
        text += '\n';
        add_comment(comment);
        text += fmt::format("[{}]\n", name);
    }
    void key(std::string_view name, std::string& value, std::string_view comment) override {
        add(name, fmt::format("\"{}\"", value), comment);
    }
    void key(std::string_view name, std::int64_t& value, std::string_view comment) override {
        add(name, std::to_string(value), comment);
    }
    void key(std::string_view name, bool& value, std::string_view comment) override {
        add(name, value ? "true" : "false", comment);
    }
    void key(std::string_view name, std::vector<std::string>& value, std::string_view comment) override {
        std::string list;
        for (const auto& element : value) list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", element);
        add(name, "[" + list + "]", comment);
    }
    void key(std::string_view name, std::map<std::string, std::string>&, std::string_view comment) override {
        add(name, "{}", comment);
    }
    void secret(std::string_view name, std::string& value, std::string_view comment) override {
        key(name, value, comment);
        text += fmt::format("#{}_file = \"\"\n", name);
    }
    void add_comment(std::string_view comment) {
        std::istringstream in{std::string(comment)};
        for (std::string line; std::getline(in, line);) text += "# " + line + "\n";
    }

    std::string text;

private:
    void add(std::string_view name, const std::string& value, std::string_view comment) {
        add_comment(comment);
        text += fmt::format("#{} = {}\n", name, value);
    }
};

void require_one_of(const std::string& value, std::initializer_list<std::string_view> allowed, std::string_view key) {
    if (std::ranges::find(allowed, value) == allowed.end())
        throw ConfigError(fmt::format("{} is \"{}\"; it must be one of: {}", key, value, fmt::join(allowed, ", ")));
}

void require_range(std::int64_t value, std::int64_t low, std::int64_t high, std::string_view key) {
    if (value < low || value > high) throw ConfigError(fmt::format("{} is {}; it must be {} to {}", key, value, low, high));
}

void check(const Listener& listener) {
    require_range(listener.port, 0, 65535, "[[listener]] port");  // 0: any free one.
    require_range(listener.max_body_bytes, 64 * 1024, std::int64_t{1} << 30, "[[listener]] max_body_bytes");
    for (const auto& area : listener.serves)
        require_one_of(area, {"client", "federation", "web", "admin", "metrics"}, "[[listener]] serves");
    if (listener.tls_certificate.empty() != listener.tls_key.empty())
        throw ConfigError("[[listener]] tls_certificate and tls_key belong together: only one of them is given");
}

}  // namespace

std::optional<std::string> process_environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (!value) return std::nullopt;
    return value;
}

Config read_config(std::string_view toml_text, const std::string& name, const Environment& environment) {
    toml::table root;
    try {
        root = toml::parse(toml_text, name);
    } catch (const toml::parse_error& error) {
        throw ConfigError(fmt::format("{}:{}: {}", name, error.source().begin.line, error.description()));
    }
    Config config;
    TomlReader reader(root, name, {"listener"});
    describe(config, reader);
    reader.finish();
    reader.refuse_unknown(root, reader.top_level());

    if (const auto* node = root.get("listener")) {
        const auto* array = node->as_array();
        if (!array) throw ConfigError(name + ": listeners are written [[listener]], with two brackets");
        config.listeners.clear();
        for (const auto& element : *array) {
            if (!element.is_table()) throw ConfigError(name + ": listeners are written [[listener]], with two brackets");
            TomlReader of_one(*element.as_table(), name, {});
            auto& listener = config.listeners.emplace_back();
            describe(listener, of_one);
            of_one.finish();
            of_one.refuse_unknown(*element.as_table(), of_one.top_level());
        }
    }

    EnvironmentReader from_environment(environment, "");
    describe(config, from_environment);
    EnvironmentReader of_listener(environment, "listener");
    if (!config.listeners.empty()) describe(config.listeners.front(), of_listener);
    return config;
}

void check(const Config& config) {
    if (!schema::ServerName::parse(config.server_name))
        throw ConfigError(fmt::format("server_name \"{}\" is not a valid name for a server", config.server_name));
    if (config.data.empty()) throw ConfigError("data must name a folder");
    if (config.listeners.empty()) throw ConfigError("there is no [[listener]]: nobody could reach the server");
    for (const auto& listener : config.listeners) check(listener);
    require_range(config.database.readers, 1, 16, "[database] readers");
    require_one_of(config.database.durability, {"safe", "relaxed"}, "[database] durability");
    require_one_of(config.registration.mode, {"closed", "token", "open", "application"}, "[registration] mode");
    if (!config.node.quick_exit.starts_with("https://") && !config.node.quick_exit.starts_with("http://"))
        throw ConfigError("[node] quick_exit must be the address of a page: https://...");
    require_one_of(config.log.level, {"debug", "info", "warn", "error"}, "[log] level");
    require_one_of(config.meetings.provider, {"", "jitsi", "bigbluebutton", "livekit"}, "[meetings] provider");
    require_range(config.mail.port, 1, 65535, "[mail] port");
    require_one_of(config.mail.tls, {"starttls", "implicit", "none"}, "[mail] tls");
    if (!config.mail.server.empty() && !net::is_mail_sender(config.mail.from))
        throw ConfigError("[mail] from must be an address, \"office@hearth.example\" or \"Office <office@hearth.example>\"");
    require_range(config.admission.after_decision_days, 1, 365, "[admission] after_decision_days");
    require_range(config.admission.without_reaction_days, 7, 730, "[admission] without_reaction_days");
    require_range(config.media.max_upload_bytes, 1024, std::int64_t{1} << 32, "[media] max_upload_bytes");
    require_range(config.retention.talk_days, 0, 36500, "[retention] talk_days");
    require_range(config.retention.counselling_days, 1, 36500, "[retention] counselling_days");
    require_range(config.turn.lifetime_seconds, 60, 7 * 24 * 3600, "[turn] lifetime_seconds");
    federation_options(config);
    // Better no start than a promise that is not kept.
    const auto not_yet = [](bool wanted, std::string_view key) {
        if (wanted) throw ConfigError(fmt::format("{} is set, but this version cannot do that yet", key));
    };
    not_yet(!config.appservices.empty(), "appservices");
    not_yet(!config.meetings.provider.empty(), "[meetings] provider");
    not_yet(!config.turn.uris.empty(), "[turn] uris");
    not_yet(config.retention.talk_days != 0, "[retention] talk_days");
}

std::string sample_config() {
    Config config;
    SampleWriter writer;
    writer.add_comment(
        "Configuration of Runde. Every key stands here with its default: remove the # to change it.\n"
        "RUNDE_<SECTION>_<KEY> in the environment wins over this file. `runde check-config` says what is "
        "wrong.\n");
    writer.text += '\n';
    describe(config, writer);
    writer.text += '\n';
    writer.add_comment("Where the server listens. Each [[listener]] is one address; without any there is this one.");
    writer.text += "#[[listener]]\n";
    describe(config.listeners.front(), writer);
    return writer.text;
}

}  // namespace runde::server
