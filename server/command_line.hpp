#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/config.hpp"

namespace runde::server {

/// What the operator asked for.
struct Command {
    enum class Name {
        serve,
        check_config,
        migrate,
        create_administrator,
        reset_password,
        create_registration_token,
        set_organisation,
        set_text,
        grant_role,
        withdraw_role,
        roles,
        routes,
        version,
    } name;
    Config config;        ///< Of serve, migrate and the administrator's commands; read and checked.
    std::string person;   ///< create_administrator, reset_password: the name before the colon.
    bool sample = false;  ///< check_config: print the sample file instead.
    std::optional<std::int64_t> uses, days;  ///< create_registration_token: its limits; grant_role: days.
    std::string role;                        ///< grant_role, withdraw_role
    std::string kind;                        ///< set_text: imprint, privacy, house_rules
    std::map<std::string, std::string> files;  ///< set_text: by register; set_organisation: "" alone.
};

/// Reads the command line and the configuration it names. Prints help, or what is wrong, and ends the process
/// where there is nothing to do. Throws ConfigError.
Command read_command_line(int argc, char** argv);

}  // namespace runde::server
