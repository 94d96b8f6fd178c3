// The process, top to bottom: each part is built once, from the parts above it. Nothing reaches for a part it
// was not handed.
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "api/routes.hpp"
#include "core/accounts/accounts.hpp"
#include "core/accounts/operator_commands.hpp"
#include "core/selfhelp/operator_commands.hpp"
#include "net/runtime.hpp"
#include "net/signals.hpp"
#include "server/command_line.hpp"
#include "server/listeners.hpp"
#include "server/metrics.hpp"
#include "server/signing_key_file.hpp"
#include "server/storage_place.hpp"
#include "server/systemd.hpp"
#include "server/wiring.hpp"
#include "storage/database.hpp"
#include "storage/lane.hpp"
#include "storage/migrations.hpp"

namespace runde::server {

namespace {

accounts::Options account_options(const Config& config) {
    using enum accounts::RegistrationMode;
    const auto& mode = config.registration.mode;
    accounts::Options options{*schema::ServerName::parse(config.server_name)};
    options.registration = mode == "open" ? open : mode == "token" ? token : mode == "application" ? application : closed;
    options.shared_secret = config.registration.shared_secret;
    if (const auto& terms = config.registration; !terms.terms_url.empty()) {
        const auto& english = terms.terms_url_english.empty() ? terms.terms_url : terms.terms_url_english;
        options.terms.push_back({.id = "terms",
                                 .version = terms.terms_version,
                                 .translations = {{"de", {"Nutzungsbedingungen und Datenschutz", terms.terms_url}},
                                                  {"en", {"Terms of use and privacy", english}}}});
    }
    return options;
}

api::Discovery discovery(const Config& config) {
    api::Discovery known{.base_url = config.public_url, .support_page = config.support.page, .quick_exit = config.node.quick_exit};
    if (!config.support.matrix_id.empty() || !config.support.email.empty())
        known.contacts.push_back(
            {.role = "m.role.admin", .matrix_id = config.support.matrix_id, .email_address = config.support.email});
    return known;
}

federation::Options federation_with_version(const Config& config) {
    auto options = federation_options(config);
    options.version = RUNDE_VERSION;
    return options;
}

selfhelp::DoorOptions door_options(const Config& config) {
    auto url = config.public_url;
    while (url.ends_with('/')) url.pop_back();
    return {.name = config.node.name,
            .public_url = std::move(url),
            .partners = config.federation.enabled ? config.federation.partners : std::vector<std::string>{}};
}
constexpr std::int64_t day_ms = 24 * 3600 * 1000;

net::MailOptions mail_options(const Config::Mail& mail) {
    return {.server = mail.server,
            .port = static_cast<std::uint16_t>(mail.port),
            .tls = mail.tls == "implicit" ? net::MailTls::implicit
                   : mail.tls == "none"   ? net::MailTls::none
                                          : net::MailTls::starttls,
            .user = mail.user,
            .password = mail.password,
            .from = mail.from,
            .trusted_ca_file = mail.trusted_ca_file};
}

/// The page that mails lead to (api/web).
std::string applicants_page(const Config& config) {
    auto url = config.public_url;
    while (url.ends_with('/')) url.pop_back();
    return url.empty() ? url : url + "/antrag";
}

WiringOptions wiring_options(const Config& config, std::string database_url, Metrics& metrics) {
    const bool relaxed = config.database.durability == "relaxed";
    return {.database_url = std::move(database_url),
            .database_readers = static_cast<unsigned>(config.database.readers),
            .durability = relaxed ? storage::Durability::relaxed : storage::Durability::safe,
            .signing_key = load_or_make_signing_key(config.data),
            .accounts = account_options(config),
            .discovery = discovery(config),
            .rate_limits = config.rate_limits.enabled,
            .mail = mail_options(config.mail),
            .door = door_options(config),
            .admission = {.deadlines = {.after_decision = config.admission.after_decision_days * day_ms,
                                        .without_reaction = config.admission.without_reaction_days * day_ms,
                                        .reminder_before =
                                            std::min<std::int64_t>(10, config.admission.without_reaction_days / 2) * day_ms},
                          .page = applicants_page(config),
                          .knocks_from_everywhere = config.admission.knocks_from_everywhere},
            .federation = federation_with_version(config),
            .report = [&metrics](const api::RequestReport& report) { metrics.count(report); }};
}

void add_gauges(Metrics& metrics, const Listeners& listeners, const rooms::Follower& archive) {
    metrics.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", resident_bytes);
    metrics.gauge("runde_connections", "Open HTTP connections.",
                  [&] { return static_cast<double>(listeners.counts().connections); });
    metrics.gauge("runde_parked_polls", "Long-polls that wait.", [&] { return static_cast<double>(listeners.counts().parked); });
    metrics.gauge("runde_accepted_connections", "Connections accepted since the start.",
                  [&] { return static_cast<double>(listeners.counts().accepted); });
    metrics.gauge("runde_refused_at_the_edge", "Malformed, oversized and slow requests since the start.",
                  [&] { return static_cast<double>(listeners.counts().refused_at_the_edge); });
    metrics.gauge("runde_archive_behind_positions", "Committed and not yet in the archive's index.",
                  [&] { return static_cast<double>(archive.behind()); });
    metrics.gauge("runde_archive_left_out_events", "Events that the archive's index could not take, since the start.",
                  [&] { return static_cast<double>(archive.left_out()); });
}

/// What an operator should see first; the log goes elsewhere.
void greet(const Config& config, const Listeners& listeners, storage::Database& database) {
    bool anybody = false;
    database.transact_now([&](storage::Tx& tx) { anybody = !tx.exec("SELECT 1 FROM users WHERE kind = 0 LIMIT 1").empty(); });
    if (!listeners.web_address().empty()) fmt::print("Runde serves {} at {}\n", config.server_name, listeners.web_address());
    if (!anybody)
        fmt::print(
            "Nobody has an account yet. Make an administrator: runde admin create-administrator NAME --data "
            "{}\n",
            config.data);
    std::fflush(stdout);
}

void serve(const Config& config) {
    const auto most_files = net::raise_file_limit();
    StoragePlace place(config, StoragePlace::Shared::no);
    net::Runtime runtime;
    Metrics metrics;
    Wiring server(runtime, wiring_options(config, place.url(), metrics));
    Listeners listeners(runtime, config, server.router, server.services, metrics, most_files);
    add_gauges(metrics, listeners, server.follower);

    const auto stop = [](net::Runtime& of, Listeners& at) -> net::Task<> {
        co_await at.stop(std::chrono::seconds(10));
        of.stop();
    };
    bool stopping = false;
    const auto begin_stopping = [&] {
        if (std::exchange(stopping, true)) return;
        spdlog::info("stopping");
        tell_systemd("STOPPING=1");
        runtime.spawn("stop", stop(runtime, listeners));
    };
    const auto signals = net::on_signals(runtime, {SIGTERM, SIGINT, SIGHUP}, [&](int signal) {
        if (signal == SIGHUP) return listeners.reload_tls();
        begin_stopping();
    });
    server.lane.on_fenced(begin_stopping);
    greet(config, listeners, server.db);
    tell_systemd("READY=1");
    runtime.run();
    spdlog::info("stopped");
}

void migrate(const Config& config) {
    const StoragePlace place(config, StoragePlace::Shared::no);
    net::Runtime runtime;
    storage::Database database(runtime, {place.url(), 1});
    fmt::print("{} migrations applied.\n", storage::migrate(database));
}

/// A migrated database for one of the operator's commands, beside a running server or without one.
struct Desk {
    explicit Desk(const Config& config)
        : place(config, StoragePlace::Shared::with_running_server), database(runtime, {place.url(), 1}) {
        storage::migrate(database);
    }
    const StoragePlace place;
    net::Runtime runtime;
    storage::Database database;
};

schema::UserId member(const Command& command) {
    return accounts::parse_new_localpart(command.person, *schema::ServerName::parse(command.config.server_name));
}

void create_administrator(const Command& command) {
    const auto user = member(command);
    Desk desk(command.config);
    storage::Numbers numbers(desk.database);
    const auto password =
        accounts::create_administrator_now(desk.database, numbers.next<schema::UserNid>(), user, desk.runtime.clock().now_ms());
    fmt::print("{}\n{}\n", user.str(), password);
}

void reset_password(const Command& command) {
    const auto user = member(command);
    Desk desk(command.config);
    const auto password = accounts::reset_password_now(desk.database, user);
    fmt::print("{}\n{}\n", user.str(), password);
}

void create_registration_token(const Command& command) {
    Desk desk(command.config);
    const auto lifetime_ms = command.days ? std::optional(*command.days * 86'400'000) : std::nullopt;
    fmt::print("{}\n",
               accounts::create_registration_token_now(desk.database, command.uses, lifetime_ms, desk.runtime.clock().now_ms()));
}

std::string content_of(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(in), {});
    if (!in) throw ConfigError("cannot read " + file);
    if (!schema::is_utf8(text)) throw ConfigError(file + " is not written in UTF-8");
    return text;
}

void set_organisation(const Command& command) {
    const auto json = schema::parse_json(content_of(command.files.at("")));
    Desk desk(command.config);
    selfhelp::set_organisation_now(desk.database, schema::Fields::of(json).raw(), desk.runtime.clock().now_ms());
}

void set_text(const Command& command) {
    std::map<std::string, std::string> texts;
    for (const auto& [way, file] : command.files)
        if (!file.empty()) texts.emplace(way, content_of(file));
    Desk desk(command.config);
    fmt::print("Version {}\n", selfhelp::set_text_now(desk.database, command.kind, texts, desk.runtime.clock().now_ms()));
}

void grant_role(const Command& command) {
    const auto user = member(command);
    Desk desk(command.config);
    const auto lifetime_ms = command.days ? std::optional(*command.days * 86'400'000) : std::nullopt;
    selfhelp::grant_role_now(desk.database, user, command.role, lifetime_ms, desk.runtime.clock().now_ms());
}

void withdraw_role(const Command& command) {
    const auto user = member(command);
    Desk desk(command.config);
    selfhelp::withdraw_role_now(desk.database, user, command.role, desk.runtime.clock().now_ms());
}

void print_roles(const Command& command) {
    Desk desk(command.config);
    for (const auto& grant : selfhelp::roles_now(desk.database, desk.runtime.clock().now_ms()))
        fmt::print("{:10} {}  by {}\n", grant.role, grant.user_id, grant.granted_by);
}

void print_routes() {
    const auto router = api::all_routes();
    for (const auto& route : router.all()) fmt::print("{:7} {}  {}\n", net::to_string(route.method), route.pattern, route.spec);
}

void run(const Command& command) {
    using enum Command::Name;
    switch (command.name) {
        case serve: return server::serve(command.config);
        case migrate: return server::migrate(command.config);
        case create_administrator: return server::create_administrator(command);
        case reset_password: return server::reset_password(command);
        case create_registration_token: return server::create_registration_token(command);
        case set_organisation: return server::set_organisation(command);
        case set_text: return server::set_text(command);
        case grant_role: return server::grant_role(command);
        case withdraw_role: return server::withdraw_role(command);
        case roles: return print_roles(command);
        case check_config: fmt::print("{}", command.sample ? sample_config() : "The configuration is good.\n"); return;
        case routes: return print_routes();
        case version: fmt::print("runde {}\n", RUNDE_VERSION); return;
    }
}

}  // namespace

}  // namespace runde::server

int main(int argc, char** argv) {
    using namespace runde;
    // Standard output is for what the operator asked for, so the log goes to standard error.
    spdlog::set_default_logger(spdlog::stderr_logger_mt("runde"));
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
    try {
        const auto command = server::read_command_line(argc, argv);
        spdlog::set_level(spdlog::level::from_str(command.config.log.level));
        server::run(command);
        return 0;
    } catch (const schema::Refusal& refusal) {
        fmt::print(stderr, "runde: {}\n", refusal.text);
    } catch (const std::exception& error) {
        fmt::print(stderr, "runde: {}\n", error.what());
    }
    return 1;
}
