#include "core/selfhelp/texts.hpp"

#include "schema/refusal.hpp"

namespace runde::selfhelp {

using schema::Reason;
using schema::Refusal;

std::string_view name_of(Register way) {
    switch (way) {
        case Register::sie: return "sie";
        case Register::du: return "du";
        case Register::leicht: return "leicht";
        case Register::en: return "en";
    }
    return "sie";
}

std::optional<Register> parse_register(std::string_view name) {
    for (const auto way : every_register)
        if (name == name_of(way)) return way;
    return std::nullopt;
}

std::optional<Rendered> in_register(const std::map<std::string, std::string>& by_register, Register wanted) {
    for (const auto way : {wanted, Register::sie, Register::du, Register::leicht, Register::en})
        if (const auto found = by_register.find(std::string(name_of(way))); found != by_register.end())
            return Rendered{way, found->second};
    return std::nullopt;
}

void check_text(const std::map<std::string, std::string>& by_register) {
    bool german = false;
    for (const auto& [name, body] : by_register) {
        const auto way = parse_register(name);
        if (!way) throw Refusal(Reason::invalid_param, "A text is written in the registers sie, du, leicht and en.");
        if (body.size() > longest_text) throw Refusal(Reason::too_large, "A text has at most 64 KiB.");
        if (body.find_first_not_of(" \t\r\n") == body.npos || body.find('\0') != body.npos)
            throw Refusal(Reason::invalid_param, "A text must not be empty; leave the register out instead.");
        german = german || *way != Register::en;
    }
    if (!german) throw Refusal(Reason::invalid_param, "A text needs at least one German register (sie, du or leicht).");
}

}  // namespace runde::selfhelp
