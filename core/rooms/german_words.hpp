#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace runde::rooms {

/// A word of a text as the search index knows it.
struct Word {
    std::string stem;                                    ///< "gruss" for Grüße, Gruesse and Gruß alike.
    std::size_t begin, end;                              ///< Its bytes in the text.
    bool is_common = false;                              ///< Stands in nearly every text ("und"): not indexed.
};

/// The words of a text: ICU finds them, spellings are folded (ä/ae, ß/ss, accents, case), Snowball's German stemmer
/// takes their endings. Text in other languages goes the same way, which is the same way for text and query.
/// At most 20,000 words; the rest of a longer text is not found.
std::vector<Word> words_of(std::string_view text);

/// Word and spelling without regard to endings: what is compared when stems alone would be too coarse.
std::string fold_spelling(std::string_view word);

/// Whether a part of a compound must be looked for: shorter parts stand in too many words by chance.
bool may_be_part(std::string_view stem);
/// "therapi" in "schmerztherapi": at its beginning or end, or within when it is long, with a word's length left over.
bool is_compound_of(std::string_view compound, std::string_view part);

}  // namespace runde::rooms
