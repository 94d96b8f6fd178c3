#pragma once
#include <cstddef>
#include <string_view>

namespace runde::api::web {

/// How a page speaks to its reader. Three kinds of German and English; the reader chooses once.
enum class Tone { sie, du, leicht, en };

/// One text of the pages in all its forms. `sie` and `en` are always written; `du` and `leicht` (Leichte Sprache: short sentences,
/// one statement each, no genitive, long words with a hyphen) where they differ. A place {} is filled by View::say. The
/// compiler refuses a text whose forms have different places.
class Phrase {
public:
    struct Forms {
        std::string_view sie, du = {}, leicht = {}, en;
    };
    consteval Phrase(Forms forms) : forms_(forms) {  // NOLINT: implicit, so that tables read as data
        if (forms.sie.empty() || forms.en.empty()) throw "a text needs German and English";
        for (const auto other : {forms.du, forms.leicht, forms.en})
            if (!other.empty() && places(other) != places(forms.sie)) throw "the forms of a text differ in their places";
    }
    constexpr std::string_view in(Tone tone) const {
        const auto& [sie, du, leicht, en] = forms_;
        if (tone == Tone::en) return en;
        if (tone == Tone::du && !du.empty()) return du;
        if (tone == Tone::leicht && !leicht.empty()) return leicht;
        return sie;
    }
    constexpr bool has(Tone tone) const { return tone == Tone::leicht ? !forms_.leicht.empty() : true; }

private:
    static consteval std::size_t places(std::string_view text) {
        std::size_t count = 0;
        for (auto at = text.find("{}"); at != text.npos; at = text.find("{}", at + 2)) ++count;
        return count;
    }
    Forms forms_;
};

}  // namespace runde::api::web
