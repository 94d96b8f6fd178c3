#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace runde::api::web {

/// Finished HTML. Only html() and the functions of this file make it, never a plain string: whatever a person wrote reaches a
/// page through escape() or not at all.
class Html {
public:
    Html() = default;
    const std::string& str() const { return text_; }
    bool empty() const { return text_.empty(); }
    Html& operator+=(const Html& more) {
        text_ += more.text_;
        return *this;
    }
    friend Html operator+(Html a, const Html& b) { return std::move(a += b); }

private:
    friend class Filler;
    explicit Html(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

/// An address for href, action and src: a path, query or fragment of ours, or one with the scheme https, http, mailto or tel.
/// Everything else (javascript:, data:, //elsewhere) becomes "#".
class Url {
public:
    explicit Url(std::string_view address);
    const std::string& str() const { return address_; }

private:
    std::string address_;
};

/// Attributes whose presence depends on something: `<input {}>` with attribute("value", text) + flag("checked", chosen).
class Attributes {
public:
    Attributes() = default;
    const std::string& str() const { return text_; }
    friend Attributes operator+(Attributes a, const Attributes& b);

    /// A name that cannot run or load anything.
    class Name {
    public:
        consteval Name(const char* name) : name_(name) {  // NOLINT: implicit, like a string
            if (name_.starts_with("on") || name_ == "style" || name_ == "href" || name_ == "src" || name_ == "action" ||
                name_ == "formaction" || name_ == "srcdoc")
                throw "this attribute may only be written in the literal";
            for (const char c : name_)
                if (!((c >= 'a' && c <= 'z') || c == '-')) throw "not the name of an attribute";
        }
        std::string_view str() const { return name_; }

    private:
        std::string_view name_;
    };

private:
    friend Attributes attribute(Name name, std::string_view value);
    friend Attributes flag(Name name, bool present);
    std::string text_;
};
Attributes attribute(Attributes::Name name, std::string_view value);
Attributes flag(Attributes::Name name, bool present);

/// Appends `text` so that it is text in an element as well as in a quoted attribute.
void escape(std::string& out, std::string_view text);

/// What may stand at a place of a literal.
enum class Piece : std::uint8_t { text, markup, address, attributes };

template <class T>
consteval Piece piece_of() {
    using Plain = std::remove_cvref_t<T>;
    if constexpr (std::same_as<Plain, Html>)
        return Piece::markup;
    else if constexpr (std::same_as<Plain, Url>)
        return Piece::address;
    else if constexpr (std::same_as<Plain, Attributes>)
        return Piece::attributes;
    else {
        static_assert(std::convertible_to<Plain, std::string_view> || std::integral<Plain>,
                      "only text, numbers, Html, Url and Attributes");
        static_assert(!std::same_as<Plain, bool> && !std::same_as<Plain, char>, "say what it means");
        return Piece::text;
    }
}

/// Reads a literal while the program is compiled: throws (so that it does not compile) unless every {} stands where its piece
/// may stand and every element that is opened is closed in order.
consteval void check_markup(std::string_view markup, const Piece* pieces, std::size_t count);

/// A literal with a place {} for each argument, checked by the compiler: text and numbers in an element or in a quoted
/// attribute, Html in an element, a Url as the whole value of href, action or src, Attributes inside a tag.
template <class... Args>
class Markup {
public:
    template <std::size_t N>
    consteval Markup(const char (&literal)[N]) : literal_(literal, N - 1) {  // NOLINT: implicit, like fmt::format_string
        constexpr std::array<Piece, sizeof...(Args) + 1> pieces{piece_of<Args>()..., Piece::text};
        check_markup(literal_, pieces.data(), sizeof...(Args));
    }
    std::string_view str() const { return literal_; }

private:
    std::string_view literal_;
};

/// Puts the pieces into a checked literal; for html() alone.
class Filler {
public:
    Filler(std::string_view literal) : rest_(literal) { out_.reserve(literal.size() * 2); }
    void add(const Html& piece) { to_place() += piece.str(); }
    void add(const Url& piece) { escape(to_place(), piece.str()); }
    void add(const Attributes& piece) { to_place() += piece.str(); }
    void add(std::string_view piece) { escape(to_place(), piece); }
    template <std::integral Number>
    void add(Number piece) {
        to_place() += std::to_string(piece);
    }
    Html finish() {
        out_ += rest_;
        return Html(std::move(out_));
    }

private:
    std::string& to_place() {
        const auto place = rest_.find("{}");
        out_ += rest_.substr(0, place);
        rest_.remove_prefix(place + 2);
        return out_;
    }
    std::string_view rest_;
    std::string out_;
};

/// html("<p class=\"{}\">{}</p>", kind, what_somebody_wrote)
template <class... Args>
Html html(Markup<std::type_identity_t<Args>...> markup, const Args&... args) {
    Filler filler(markup.str());
    (filler.add(args), ...);
    return filler.finish();
}

/// The Html of every element of `list`, one after the other.
template <class List, class Show>
Html each(const List& list, Show show) {
    Html all;
    for (const auto& one : list) all += show(one);
    return all;
}

// --- The check
// --------------------------------------------------------------------------------------------------------------

class MarkupCheck {
public:
    consteval MarkupCheck(std::string_view markup, const Piece* pieces, std::size_t count)
        : markup_(markup), pieces_(pieces), count_(count) {}

    consteval void run() {
        while (at_ < markup_.size()) {
            if (markup_[at_] == '<')
                tag();
            else if (place())
                take(Piece::text, Piece::markup);
            else
                ++at_;
        }
        if (depth_ != 0) throw "an element is not closed";
        if (used_ != count_) throw "more arguments than places";
    }

private:
    consteval bool place() const { return markup_.substr(at_, 2) == "{}"; }
    consteval void take(Piece one, Piece other) {
        if (used_ == count_) throw "more places than arguments";
        const Piece piece = pieces_[used_++];
        if (piece != one && piece != other) throw "this kind of argument may not stand here";
        at_ += 2;
    }
    consteval char here() const {
        if (at_ >= markup_.size()) throw "the literal ends inside a tag";
        return markup_[at_];
    }
    consteval void spaces() {
        while (here() == ' ' || here() == '\n') ++at_;
    }
    consteval std::string_view name() {
        const auto from = at_;
        while ((here() >= 'a' && here() <= 'z') || (here() >= 'A' && here() <= 'Z') || (here() >= '0' && here() <= '9') ||
               here() == '-')
            ++at_;
        if (at_ == from) throw "a name is missing in a tag";
        return markup_.substr(from, at_ - from);
    }
    consteval void tag() {
        ++at_;
        if (markup_.substr(at_).starts_with("!doctype html>")) {
            at_ += 14;
            return;
        }
        if (here() == '/') {
            ++at_;
            const auto closed = name();
            if (depth_ == 0 || open_[--depth_] != closed) throw "an element is closed that was not the last one opened";
            if (here() != '>') throw "a closing tag holds more than its name";
            ++at_;
            return;
        }
        const auto opened = name();
        bool ends_itself = is_void(opened);
        for (;;) {
            spaces();
            if (here() == '>') break;
            if (here() == '/') {
                ends_itself = true;
                ++at_;
            } else if (place()) {
                take(Piece::attributes, Piece::attributes);
            } else {
                attribute();
            }
        }
        ++at_;
        if (ends_itself) return;
        if (opened == "script" || opened == "style") {
            if (!markup_.substr(at_).starts_with("</")) throw "scripts and styles are files";
        }
        if (depth_ == open_.size()) throw "nested too deeply";
        open_[depth_++] = opened;
    }
    consteval void attribute() {
        const auto called = name();
        if (called.starts_with("on") || called == "style" || called == "srcdoc")
            throw "the content security policy stops this attribute";
        if (here() != '=') return;
        ++at_;
        if (here() != '"') throw "the value of an attribute needs double quotes";
        ++at_;
        const bool address = called == "href" || called == "action" || called == "src" || called == "formaction";
        const auto from = at_;
        while (here() != '"') {
            if (here() == '<') throw "'<' in an attribute";
            if (!place()) {
                ++at_;
                continue;
            }
            if (address && (at_ != from || markup_.substr(at_ + 2, 1) != "\"")) throw "an address is one Url from end to end";
            take(address ? Piece::address : Piece::text, address ? Piece::address : Piece::text);
        }
        ++at_;
    }
    static consteval bool is_void(std::string_view name) {
        for (const std::string_view one : {"br", "hr", "img", "input", "link", "meta", "wbr"})
            if (name == one) return true;
        return false;
    }

    std::string_view markup_;
    const Piece* pieces_;
    std::size_t count_, at_ = 0, used_ = 0, depth_ = 0;
    std::array<std::string_view, 24> open_{};
};

consteval void check_markup(std::string_view markup, const Piece* pieces, std::size_t count) {
    MarkupCheck(markup, pieces, count).run();
}

}  // namespace runde::api::web
