#pragma once
#include <string>
#include <vector>

namespace runde::api {

/// What the server tells about where to find it and whom to ask: the /.well-known documents.
struct Discovery {
    struct Contact {
        std::string role;                      ///< "m.role.admin", "m.role.security"
        std::string matrix_id, email_address;  ///< At least one.
    };
    std::string base_url;            ///< For clients: "https://matrix.hearth.example". Empty: no document.
    std::string federation_address;  ///< For servers: "matrix.hearth.example:443". Empty: no document.
    std::vector<Contact> contacts;
    std::string support_page;
    std::string quick_exit = "https://www.dwd.de/";  ///< Where the quick exit of every page leads.
};

}  // namespace runde::api
