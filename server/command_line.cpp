#include "server/command_line.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace runde::server {

namespace {

struct ConfigOptions {
    std::string config, data, bind;
    int port = -1;
};

void add_config_options(CLI::App& command, ConfigOptions& options) {
    command.add_option("--config", options.config, "The configuration file (default: runde.toml in the data folder)");
    command.add_option("--data", options.data, "The folder for everything the server keeps");
}

Config config_of(const ConfigOptions& options) {
    std::string file = options.config;
    // Before the configuration is read, the folder can only come from the command line or the environment.
    if (file.empty()) {
        const auto from_environment = process_environment("RUNDE_DATA").value_or(Config().data);
        const auto beside_data = std::filesystem::path(options.data.empty() ? from_environment : options.data) / "runde.toml";
        if (std::filesystem::exists(beside_data)) file = beside_data;
    }
    std::ostringstream text;
    if (!file.empty()) {
        std::ifstream in(file);
        text << in.rdbuf();
        if (!in) throw ConfigError("cannot read the configuration file " + file);
    }
    auto config = read_config(text.str(), file.empty() ? "configuration" : file, process_environment);
    if (!options.data.empty()) config.data = options.data;
    if (!config.listeners.empty()) {
        if (options.port >= 0) config.listeners.front().port = options.port;
        if (!options.bind.empty()) config.listeners.front().bind = options.bind;
    }
    check(config);
    return config;
}

}  // namespace

Command read_command_line(int argc, char** argv) {
    CLI::App app("Runde: rooms and forums for self-help groups, for every Matrix app");
    app.require_subcommand(1);
    ConfigOptions options;

    auto* serve = app.add_subcommand("serve", "Run the server");
    add_config_options(*serve, options);
    serve->add_option("--port", options.port, "Port of the first listener (0: any free one)");
    serve->add_option("--bind", options.bind, "Address of the first listener");

    bool sample = false;
    auto* check_config = app.add_subcommand("check-config", "Say what is wrong with the configuration");
    add_config_options(*check_config, options);
    check_config->add_flag("--sample", sample, "Print a commented file with every key instead");

    auto* migrate = app.add_subcommand("migrate", "Bring the database to this version's schema and end");
    add_config_options(*migrate, options);

    std::string person;
    auto* admin = app.add_subcommand("admin", "For operators; works while the server runs, too");
    admin->require_subcommand(1);
    auto* create = admin->add_subcommand("create-administrator", "Make an administrator; prints a one-time password");
    create->add_option("name", person, "Of @name:server")->required();
    add_config_options(*create, options);

    auto* reset = admin->add_subcommand("reset-password", "For who forgot theirs; prints a one-time password");
    reset->add_option("name", person, "Of @name:server")->required();
    add_config_options(*reset, options);
    std::optional<std::int64_t> uses, days;
    auto* token = admin->add_subcommand("create-registration-token", "For registration.mode = \"token\"; prints it");
    token->add_option("--uses", uses, "How many people it admits (default: any number)")->check(CLI::Range(1, 1'000'000));
    token->add_option("--days", days, "How long it is good (default: for ever)")->check(CLI::Range(1, 36'500));
    add_config_options(*token, options);

    std::string role, kind;
    std::map<std::string, std::string> files;
    auto* organisation = admin->add_subcommand("set-organisation", "Who runs this node, from a file (docs/office.md)");
    organisation->add_option("file", files[""], "JSON")->required()->check(CLI::ExistingFile);
    add_config_options(*organisation, options);
    auto* text = admin->add_subcommand("set-text", "A new version of imprint, privacy or house_rules");
    text->add_option("kind", kind, "imprint, privacy, house_rules")->required();
    for (const std::string way : {"sie", "du", "leicht", "en"})
        text->add_option("--" + way, files[way], "A file with the text in that register")->check(CLI::ExistingFile);
    add_config_options(*text, options);
    auto* grant = admin->add_subcommand("grant-role", "Give somebody a role on this node: board, office, moderator, operator");
    auto* withdraw = admin->add_subcommand("withdraw-role", "Take it back");
    for (auto* command : {grant, withdraw}) {
        command->add_option("name", person, "Of @name:server")->required();
        command->add_option("role", role, "board, office, moderator, operator")->required();
        add_config_options(*command, options);
    }
    grant->add_option("--days", days, "How long (default: until withdrawn)")->check(CLI::Range(1, 36'500));
    auto* roles = admin->add_subcommand("roles", "List who has which role on this node");
    add_config_options(*roles, options);

    app.add_subcommand("routes", "List every endpoint");
    app.add_subcommand("version", "Print the version");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::exit(app.exit(error));
    }
    using Name = Command::Name;
    if (app.got_subcommand(serve)) return {Name::serve, config_of(options)};
    if (app.got_subcommand(migrate)) return {Name::migrate, config_of(options)};
    if (admin->got_subcommand(create)) return {Name::create_administrator, config_of(options), person};
    if (admin->got_subcommand(reset)) return {Name::reset_password, config_of(options), person};
    if (admin->got_subcommand(token)) {
        Command command{Name::create_registration_token, config_of(options)};
        command.uses = uses;
        command.days = days;
        return command;
    }
    const auto of_selfhelp = [&](Name name) {
        Command command{name, config_of(options), person};
        command.days = days;
        command.role = role;
        command.kind = kind;
        command.files = files;
        return command;
    };
    if (admin->got_subcommand(organisation)) return of_selfhelp(Name::set_organisation);
    if (admin->got_subcommand(text)) return of_selfhelp(Name::set_text);
    if (admin->got_subcommand(grant)) return of_selfhelp(Name::grant_role);
    if (admin->got_subcommand(withdraw)) return of_selfhelp(Name::withdraw_role);
    if (admin->got_subcommand(roles)) return of_selfhelp(Name::roles);
    if (app.got_subcommand(check_config)) return {Name::check_config, sample ? Config() : config_of(options), "", sample};
    if (app.got_subcommand("routes")) return {Name::routes};
    return {Name::version};
}

}  // namespace runde::server
