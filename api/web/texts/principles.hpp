#pragma once
#include <array>

#include "api/web/phrase.hpp"

/// The nine principles of the statutory health insurers for funded digital self-help, and where each can be checked.
namespace runde::api::web::texts {

inline constexpr Phrase principles_lead{{
    .sie = "Die gesetzlichen Krankenkassen fördern digitale Selbsthilfe nach neun Grundsätzen. Hier steht, wie diese Seite sie "
           "einhält und wo "
           "Sie das selbst nachprüfen können.",
    .du = "Die gesetzlichen Krankenkassen fördern digitale Selbsthilfe nach neun Grundsätzen. Hier steht, wie diese Seite sie "
          "einhält und wo "
          "du das selbst nachprüfen kannst.",
    .leicht = "Für Selbst-Hilfe im Internet gibt es 9 Regeln. Die Kranken-Kassen haben sie gemacht. Hier steht, wie wir uns daran "
              "halten.",
    .en = "The statutory health insurers in Germany fund digital self-help by nine principles. This page says how this site keeps "
          "them and "
          "where you can check.",
}};
inline constexpr Phrase check_here{{.sie = "Nachprüfen:", .en = "Check:"}};

/// One principle. `where`: pages that show it; each `link` goes with the path at the same place.
struct Principle {
    Phrase title, kept;
    std::array<std::string_view, 2> paths{};
    std::array<const Phrase*, 2> links{};
};

inline constexpr Phrase link_organisation{{.sie = "Wer wir sind, auf der Startseite", .en = "Who we are, on the front page"}};
inline constexpr Phrase link_imprint{{.sie = "Impressum", .en = "Imprint"}};
inline constexpr Phrase link_directory{
    {.sie = "Gruppenverzeichnis, ohne Anmeldung", .en = "Directory of groups, without signing in"}};
inline constexpr Phrase link_privacy{{.sie = "Datenschutzhinweise", .leicht = "Datenschutz", .en = "Privacy notice"}};
inline constexpr Phrase link_rules{{.sie = "Hausregeln mit Stand", .leicht = "Regeln", .en = "House rules with their date"}};

inline constexpr std::array<Principle, 9> nine_principles{{
    {.title = {{.sie = "Transparenz", .leicht = "Wir sagen, wer wir sind", .en = "Transparency"}},
     .kept = {{.sie = "Wer diese Seite betreibt, mit welchem Ziel, wer sie verantwortet und wer sie bezahlt, steht offen da.",
               .leicht = "Sie können lesen: Wer macht diese Seite? Und wer bezahlt sie?",
               .en = "Who runs this site, to what end, who is responsible and who pays for it is said openly."}},
     .paths = {"/", "/impressum"},
     .links = {&link_organisation, &link_imprint}},
    {.title = {{.sie = "Leichter Kontakt", .leicht = "Sie können uns leicht erreichen", .en = "Easy contact"}},
     .kept = {{.sie = "Am Fuß jeder Seite steht, wie man uns erreicht; im Impressum, bis wann wir antworten.",
               .leicht = "Unten auf jeder Seite steht, wie Sie uns erreichen.",
               .en = "The foot of every page says how to reach us; the imprint says by when we answer."}},
     .paths = {"/impressum"},
     .links = {&link_imprint}},
    {.title = {{.sie = "Keine Bedingungen", .leicht = "Alle dürfen lesen", .en = "No conditions"}},
     .kept = {{.sie =
                   "Alle offenen Seiten sind ohne Konto, ohne Mitgliedschaft und ohne JavaScript zu lesen. Niemand wird durch das "
                   "Mitmachen "
                   "Mitglied eines Vereins. Angemeldet wird sich nur für geschützte Gruppen, damit dort alle offen reden können.",
               .leicht = "Diese Seiten können alle lesen. Sie müssen sich nicht anmelden. Sie müssen kein Mitglied sein.",
               .en = "All open pages can be read without an account, without membership and without JavaScript. Nobody becomes a "
                     "member of "
                     "an association by taking part. Signing in is only for protected groups, so that everybody there can speak "
                     "freely."}},
     .paths = {"/gruppen"},
     .links = {&link_directory}},
    {.title =
         {{.sie = "Nachvollziehbare Informationen", .leicht = "Sie wissen, woher ein Text ist", .en = "Traceable information"}},
     .kept = {{.sie = "Unter Texten stehen Stand und Verantwortliche. Frühere Fassungen bleiben erhalten. Was Mitglieder "
                      "schreiben, ist als "
                      "Erfahrung kenntlich und trägt Namen und Zeit.",
               .leicht = "Unter unseren Texten steht: Wer ist dafür verantwortlich? Und von wann ist der Text?",
               .en = "Texts say when they were written and who answers for them. Earlier versions are kept. What members write is "
                     "recognisable as experience and carries name and time."}},
     .paths = {"/hausregeln", "/datenschutz"},
     .links = {&link_rules, &link_privacy}},
    {.title = {{.sie = "Datenschutz", .en = "Data protection"}},
     .kept =
         {{.sie =
               "Was gespeichert wird, wozu und wie lange, steht in den Datenschutzhinweisen. Anfragen löschen sich von selbst; wer "
               "möchte, bekommt vorher eine Kopie.",
           .leicht = "Sie können lesen, was wir speichern. Ihre Anfrage wird von allein gelöscht.",
           .en = "The privacy notice says what is stored, what for and how long. Requests erase themselves; whoever wishes gets a "
                 "copy "
                 "before."}},
     .paths = {"/datenschutz"},
     .links = {&link_privacy}},
    {.title = {{.sie = "Technische Sicherheit", .leicht = "Die Technik ist sicher", .en = "Technical security"}},
     .kept = {{.sie = "Verbindungen sind verschlüsselt (TLS 1.2 oder neuer). Passwörter werden nur als Argon2id-Prüfwert "
                      "gespeichert. Die Seite "
                      "erlaubt keine eingebetteten Skripte; das prüft jeder Browser an ihrer Content-Security-Policy.",
               .leicht =
                   "Unterwegs kann niemand mit-lesen. Ihr Passwort speichern wir nicht. Wir speichern nur eine Prüf-Zahl davon.",
               .en = "Connections are encrypted (TLS 1.2 or newer). Passwords are stored only as an Argon2id check value. The site "
                     "allows no "
                     "embedded scripts; every browser checks that by its Content-Security-Policy."}}},
    {.title = {{.sie = "Datensparsamkeit", .leicht = "Wir fragen nur, was wir brauchen", .en = "Data minimisation"}},
     .kept =
         {{.sie =
               "Ein Konto braucht einen Fantasienamen und ein Passwort, sonst nichts. Jede Frage einer Gruppe nennt ihren Grund. "
               "E-Mail "
               "und Telefon sind immer freiwillig. Gesetzt werden höchstens drei kleine Cookies: welche Sprache Sie gewählt haben, "
               "ein Formularschutz und, wenn Sie zu Ihrer Anfrage zurückkommen, die Anmeldung dafür.",
           .du = "Ein Konto braucht einen Fantasienamen und ein Passwort, sonst nichts. Jede Frage einer Gruppe nennt ihren Grund. "
                 "E-Mail "
                 "und Telefon sind immer freiwillig. Gesetzt werden höchstens drei kleine Cookies: welche Sprache du gewählt hast, "
                 "ein "
                 "Formularschutz und, wenn du zu deiner Anfrage zurückkommst, die Anmeldung dafür.",
           .leicht = "Sie brauchen nur einen Namen und ein Passwort. Den Namen können Sie erfinden. E-Mail und Telefon müssen Sie "
                     "nicht sagen.",
           .en = "An account needs a made-up name and a password, nothing else. Every question of a group says why it is asked. "
                 "E-mail "
                 "and phone are always optional. At most three small cookies are set: the language you chose, a protection of "
                 "forms and, "
                 "when you come back to your request, being signed in for it."}},
     .paths = {"/gruppen"},
     .links = {&link_directory}},
    {.title =
         {{.sie = "Keine Weitergabe, keine Beobachtung", .leicht = "Wir geben nichts weiter", .en = "No forwarding, no tracking"}},
     .kept = {{.sie = "Diese Seiten laden nichts von fremden Servern: keine Schriften, keine Zähler, keine Karten. Daten von "
                      "Personen gehen an "
                      "niemanden, außer an Gruppen, denen Sie selbst beitreten.",
               .du = "Diese Seiten laden nichts von fremden Servern: keine Schriften, keine Zähler, keine Karten. Daten von "
                     "Personen gehen an "
                     "niemanden, außer an Gruppen, denen du selbst beitrittst.",
               .leicht = "Wir sagen niemandem, dass Sie hier waren. Keine andere Firma schaut zu.",
               .en = "These pages load nothing from other servers: no fonts, no counters, no maps. Personal data go to nobody but "
                     "to groups "
                     "that you join yourself."}}},
    {.title = {{.sie = "Keine sozialen Netzwerke", .leicht = "Kein Facebook, kein Instagram", .en = "No social networks"}},
     .kept = {{.sie = "Keine Anmeldung über soziale Netzwerke, keine Knöpfe, keine eingebetteten Inhalte von dort.",
               .leicht = "Sie brauchen kein Facebook. Und kein anderes Netzwerk.",
               .en = "No signing in through social networks, no buttons, no embedded content from there."}}},
}};

}  // namespace runde::api::web::texts
