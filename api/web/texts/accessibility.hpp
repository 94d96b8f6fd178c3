#pragma once
#include "api/web/phrase.hpp"

/// The statement on accessibility (BITV 2.0 § 7, BGG § 12b), and what annex 2 of BITV 2.0 wants to be said in plain language: what
/// is here, how to find one's way, where the statement is.
namespace runde::api::web::texts {

inline constexpr Phrase accessibility_state_title{
    {.sie = "Wie zugänglich diese Seite ist", .leicht = "Kann jeder diese Seite benutzen?", .en = "How accessible this site is"}};
inline constexpr Phrase accessibility_state{{
    .sie =
        "Diese Seite soll den Regeln WCAG 2.2 (Stufe AA) und der BITV 2.0 entsprechen. Alle offenen Seiten gehen mit der Tastatur, "
        "mit Vorleseprogrammen, ohne JavaScript, ohne Bilder und auf Bildschirmen ab 320 Punkten Breite. Ein Programm (axe) "
        "prüft sie bei der Entwicklung; Menschen haben sie nicht vollständig geprüft. Diese Erklärung beruht auf einer "
        "Selbstbewertung.",
    .leicht = "Alle sollen diese Seite benutzen können. Die Seite geht mit der Tastatur. Ein Computer kann die Seite vorlesen. Die "
              "Seite geht auch auf kleinen Handys. Ein Programm prüft das immer wieder.",
    .en = "This site is meant to meet WCAG 2.2 (level AA) and the German BITV 2.0. All open pages work with the keyboard, with "
          "screen "
          "readers, without JavaScript, without pictures and on screens from 320 points of width. A program (axe) checks them "
          "during development; people have not checked them completely. This statement rests on a self-assessment.",
}};
inline constexpr Phrase accessibility_gaps_title{
    {.sie = "Was noch fehlt", .leicht = "Was noch nicht gut ist", .en = "What is missing"}};
inline constexpr Phrase accessibility_gap_texts{{
    .sie =
        "Texte der Organisation und der Gruppen gibt es nicht immer in Leichter Sprache; dann steht dort die gewöhnliche Fassung.",
    .leicht = "Manche Texte sind noch schwer. Die Gruppen haben sie geschrieben.",
    .en = "Texts of the organisation and its groups are not always there in plain language; then the ordinary version is shown.",
}};
inline constexpr Phrase accessibility_gap_sign{{
    .sie = "Ein Video in Deutscher Gebärdensprache gibt es noch nicht. Wenn Sie in Gebärdensprache mit uns sprechen möchten, "
           "schreiben "
           "Sie uns; wir suchen gemeinsam einen Weg.",
    .du =
        "Ein Video in Deutscher Gebärdensprache gibt es noch nicht. Wenn du in Gebärdensprache mit uns sprechen möchtest, schreib "
        "uns; wir suchen gemeinsam einen Weg.",
    .leicht = "Es gibt noch kein Video in Gebärden-Sprache. Möchten Sie in Gebärden-Sprache mit uns reden? Dann schreiben Sie uns.",
    .en = "There is no video in German sign language yet. If you would like to talk to us in sign language, write to us; we will "
          "find "
          "a way together.",
}};
inline constexpr Phrase accessibility_gap_apps{{
    .sie = "Was Mitglieder in ihren Räumen schreiben und welche Matrix-App sie benutzen, liegt nicht in unserer Hand.",
    .leicht = "Was Menschen in den Gruppen schreiben, prüfen wir nicht.",
    .en = "What members write in their rooms, and which Matrix app they use, is not in our hands.",
}};
inline constexpr Phrase accessibility_report_title{
    {.sie = "Etwas geht nicht?", .leicht = "Etwas geht nicht?", .en = "Something does not work?"}};
inline constexpr Phrase accessibility_report{{
    .sie = "Sagen Sie uns, was nicht geht und womit Sie die Seite benutzen. Wir antworten und versuchen, es zu beheben.",
    .du = "Sag uns, was nicht geht und womit du die Seite benutzt. Wir antworten und versuchen, es zu beheben.",
    .leicht = "Schreiben Sie uns. Sagen Sie uns, was nicht geht. Wir wollen es besser machen.",
    .en = "Tell us what does not work and what you use the site with. We answer and try to mend it.",
}};
inline constexpr Phrase accessibility_conciliation_title{
    {.sie = "Schlichtung", .leicht = "Hilfe bei Streit", .en = "Conciliation"}};
inline constexpr Phrase accessibility_conciliation{{
    .sie = "Hilft das nicht, können Sie bei öffentlichen Stellen des Bundes die Schlichtungsstelle nach dem "
           "Behindertengleichstellungsgesetz anrufen; die Länder haben eigene Stellen. Das Verfahren kostet nichts.",
    .du = "Hilft das nicht, kannst du bei öffentlichen Stellen des Bundes die Schlichtungsstelle nach dem "
          "Behindertengleichstellungsgesetz anrufen; die Länder haben eigene Stellen. Das Verfahren kostet nichts.",
    .leicht = "Wir haben Ihnen nicht geholfen? Dann hilft Ihnen eine Schlichtungs-Stelle. Sie hilft bei Streit. Das kostet nichts.",
    .en = "If that does not help, the conciliation body under the German Disability Equality Act can be called for federal public "
          "bodies; the states have bodies of their own. It costs nothing.",
}};
inline constexpr Phrase conciliation_link{{.sie = "schlichtungsstelle-bgg.de", .en = "schlichtungsstelle-bgg.de (German)"}};
inline constexpr Phrase plain_language_title{
    {.sie = "Leichte Sprache", .leicht = "Diese Seite in Leichter Sprache", .en = "Plain language"}};
inline constexpr Phrase plain_language_hint{{
    .sie = "Unten auf jeder Seite können Sie „Leichte Sprache“ wählen; die wichtigsten unserer eigenen Texte gibt es auch so. Hier "
           "steht in "
           "Leichter "
           "Sprache, worum es geht und wie man sich zurechtfindet:",
    .du = "Unten auf jeder Seite kannst du „Leichte Sprache“ wählen; die wichtigsten unserer eigenen Texte gibt es auch so. Hier "
          "steht in "
          "Leichter "
          "Sprache, worum es geht und wie man sich zurechtfindet:",
    .leicht = "Sie lesen diese Seite in Leichter Sprache. Unten auf jeder Seite können Sie das ändern.",
    .en =
        "At the bottom of every page you can choose “Leichte Sprache”, plain German. In it, this is what the site is about and how "
        "to find one's way:",
}};
/// Always in Leichte Sprache, whatever the reader has chosen.
inline constexpr std::string_view plain_language_tour[] = {
    "Auf dieser Seite finden Sie Selbst-Hilfe-Gruppen. In einer Gruppe reden Menschen miteinander. Sie haben die gleichen Sorgen.",
    "Oben auf der Seite steht: Gruppen. Dort suchen Sie eine Gruppe. Jede Gruppe hat eine Karte. Auf der Karte steht, worum es "
    "geht.",
    "Auf der Karte ist ein Knopf. Damit fragen Sie: Kann ich mitmachen? Sie brauchen keinen echten Namen.",
    "Oben steht auch: Hilfe in der Krise. Dort stehen Telefon-Nummern. Dort hilft man Ihnen sofort.",
    "Ganz oben ist ein Knopf: Seite schnell verlassen. Dann kommt sofort eine andere Seite.",
};

}  // namespace runde::api::web::texts
