#include "core/rooms/german_words.hpp"

#include <libstemmer.h>
#include <unicode/brkiter.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utext.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>

namespace runde::rooms {
namespace {

constexpr std::size_t most_words = 20'000, longest_word = 100;

struct DropStemmer {
    void operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }
};

/// One per thread: a stemmer keeps its last word.
std::string stem(const std::string& word) {
    thread_local const std::unique_ptr<sb_stemmer, DropStemmer> stemmer(sb_stemmer_new("german", "UTF_8"));
    if (!stemmer) throw std::runtime_error("libstemmer has no German");
    const auto* stemmed =
        sb_stemmer_stem(stemmer.get(), reinterpret_cast<const sb_symbol*>(word.data()), static_cast<int>(word.size()));
    return {reinterpret_cast<const char*>(stemmed), static_cast<std::size_t>(sb_stemmer_length(stemmer.get()))};
}

bool is_vowel(char16_t c) { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == u'ä' || c == u'ö'; }

/// Lower case, compatible forms, no accents but the umlauts; "ae" and the like become umlauts, so that both
/// spellings of a name meet. "ue" after a vowel or q is none: neue, Bauer, Quelle.
std::string fold(const icu::UnicodeString& word) {
    UErrorCode status = U_ZERO_ERROR;
    const auto* decompose = icu::Normalizer2::getNFKDInstance(status);
    auto folded = word;
    folded.foldCase();  // ß becomes ss here.
    const auto parts = decompose->normalize(folded, status);
    if (U_FAILURE(status)) return {};
    icu::UnicodeString plain;
    for (int i = 0; i < parts.length(); ++i) {
        const auto c = parts[i];
        if (c == 0x0308 && !plain.isEmpty()) {
            const auto before = plain[plain.length() - 1];
            const char16_t umlaut = before == 'a' ? u'ä' : before == 'o' ? u'ö' : before == 'u' ? u'ü' : 0;
            if (umlaut) plain.setCharAt(plain.length() - 1, umlaut);
        } else if (u_charType(c) != U_NON_SPACING_MARK) {
            plain.append(c);
        }
    }
    icu::UnicodeString joined;
    for (int i = 0; i < plain.length(); ++i) {
        const auto c = plain[i];
        const auto before = i > 0 ? plain[i - 1] : char16_t{0};
        const bool with_e = i + 1 < plain.length() && plain[i + 1] == 'e';
        const bool is_umlaut = with_e && (c == 'a' || c == 'o' || (c == 'u' && before != 'q' && !is_vowel(before)));
        if (is_umlaut) {
            joined.append(c == 'a' ? u'ä' : c == 'o' ? u'ö' : u'ü');
            ++i;
        } else {
            joined.append(c);
        }
    }
    std::string utf8;
    joined.toUTF8String(utf8);
    return utf8;
}

/// Stems of words that say nothing alone. Sorted.
constexpr std::array common{"aber", "alle", "all",  "als",  "also", "am",    "an",   "and",  "auch", "auf",   "aus",  "bei",
                            "bin",  "bis",  "da",   "dann", "das",  "dass",  "dein", "dem",  "den",  "denn",  "der",  "des",
                            "die",  "dies", "doch", "dort", "du",   "durch", "ein",  "er",   "es",   "fur",   "hab",  "hat",
                            "ich",  "ihr",  "im",   "in",   "is",   "ist",   "ja",   "kann", "mal",  "man",   "mein", "mich",
                            "mir",  "mit",  "nach", "noch", "nun",  "nur",   "ob",   "oder", "of",   "schon", "sein", "sich",
                            "sie",  "sind", "so",   "the",  "to",   "uber",  "um",   "und",  "uns",  "unser", "von",  "vor",
                            "war",  "was",  "wenn", "wer",  "werd", "wie",   "wir",  "wird", "zu",   "zum",   "zur"};

bool is_common(std::string_view stem) { return std::find(common.begin(), common.end(), stem) != common.end(); }

}  // namespace

std::string fold_spelling(std::string_view word) {
    return fold(icu::UnicodeString::fromUTF8(icu::StringPiece(word.data(), static_cast<int>(word.size()))));
}

std::vector<Word> words_of(std::string_view text) {
    std::vector<Word> words;
    UErrorCode status = U_ZERO_ERROR;
    thread_local const std::unique_ptr<icu::BreakIterator> breaks(
        icu::BreakIterator::createWordInstance(icu::Locale::getGerman(), status));
    UText utext = UTEXT_INITIALIZER;
    utext_openUTF8(&utext, text.data(), static_cast<std::int64_t>(text.size()), &status);
    if (U_FAILURE(status) || !breaks) throw std::runtime_error("ICU cannot break text into words");
    breaks->setText(&utext, status);
    for (int begin = breaks->first(), end = breaks->next(); end != icu::BreakIterator::DONE && words.size() < most_words;
         begin = end, end = breaks->next()) {
        if (breaks->getRuleStatus() < UBRK_WORD_NUMBER) continue;  // Spaces and punctuation.
        const auto from = static_cast<std::size_t>(begin), to = static_cast<std::size_t>(end);
        if (to - from > longest_word) continue;
        auto stemmed = stem(fold_spelling(text.substr(from, to - from)));
        if (stemmed.empty()) continue;
        const bool says_nothing = is_common(stemmed);
        words.push_back({std::move(stemmed), from, to, says_nothing});
    }
    utext_close(&utext);
    return words;
}

bool may_be_part(std::string_view stem) { return stem.size() >= 4; }

bool is_compound_of(std::string_view compound, std::string_view part) {
    constexpr std::size_t least_rest = 3;
    if (!may_be_part(part) || compound.size() < part.size() + least_rest) return false;
    if (compound.starts_with(part) || compound.ends_with(part)) return true;
    const auto at = compound.find(part);
    return part.size() >= 6 && at != compound.npos && at >= least_rest && compound.size() - at - part.size() >= least_rest;
}

}  // namespace runde::rooms
