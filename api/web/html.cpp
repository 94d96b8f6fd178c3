#include "api/web/html.hpp"

#include <algorithm>

namespace runde::api::web {

void escape(std::string& out, std::string_view text) {
    for (const char c : text) switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += c;
        }
}

Url::Url(std::string_view address) : address_("#") {
    // Browsers drop tabs and line ends inside an address, so "java\nscript:" would become a script.
    if (std::ranges::any_of(address, [](unsigned char c) { return c <= ' ' || c == '\\' || c == 0x7f; })) return;
    const bool ours =
        (address.starts_with('/') && !address.starts_with("//")) || address.starts_with('?') || address.starts_with('#');
    bool foreign = false;
    for (const std::string_view scheme : {"https://", "http://", "mailto:", "tel:"})
        foreign = foreign || address.starts_with(scheme);
    if (ours || foreign) address_ = address;
}

Attributes operator+(Attributes a, const Attributes& b) {
    if (!a.text_.empty() && !b.text_.empty()) a.text_ += ' ';
    a.text_ += b.text_;
    return a;
}

Attributes attribute(Attributes::Name name, std::string_view value) {
    Attributes one;
    one.text_ += name.str();
    one.text_ += "=\"";
    escape(one.text_, value);
    one.text_ += '"';
    return one;
}

Attributes flag(Attributes::Name name, bool present) {
    Attributes one;
    if (present) one.text_ = name.str();
    return one;
}

}  // namespace runde::api::web
