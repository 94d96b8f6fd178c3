#pragma once
#include "api/web/phrase.hpp"

/// Imprint, privacy notice, house rules; who the organisation is.
namespace runde::api::web::texts {

inline constexpr Phrase who_we_are{{.sie = "Wer wir sind", .en = "Who we are"}};
inline constexpr Phrase kind_association{
    {.sie = "Selbsthilfeverein", .leicht = "Selbst-Hilfe-Verein", .en = "Self-help association"}};
inline constexpr Phrase kind_contact_office{
    {.sie = "Selbsthilfekontaktstelle", .leicht = "Kontakt-Stelle für Selbst-Hilfe", .en = "Contact office for self-help"}};
inline constexpr Phrase kind_working_group{
    {.sie = "Landesarbeitsgemeinschaft", .leicht = "Arbeits-Gemeinschaft", .en = "State working group"}};
inline constexpr Phrase fact_kind{{.sie = "Art", .leicht = "Was wir sind", .en = "Kind"}};
inline constexpr Phrase fact_region{{.sie = "Region", .leicht = "Wo wir arbeiten", .en = "Region"}};
inline constexpr Phrase fact_responsible{{.sie = "Verantwortlich", .leicht = "Wer verantwortlich ist", .en = "Responsible"}};
inline constexpr Phrase fact_funding{{.sie = "Finanzierung", .leicht = "Wer bezahlt", .en = "Funding"}};
inline constexpr Phrase fact_server{
    {.sie = "Standort des Servers", .leicht = "Wo der Computer steht", .en = "Location of the server"}};
inline constexpr Phrase fact_email{{.sie = "E-Mail", .en = "E-mail"}};
inline constexpr Phrase fact_phone{{.sie = "Telefon", .en = "Phone"}};
inline constexpr Phrase fact_address{{.sie = "Anschrift", .leicht = "Adresse", .en = "Address"}};
inline constexpr Phrase fact_hours{{.sie = "Erreichbar", .leicht = "Wann wir da sind", .en = "Hours"}};
inline constexpr Phrase fact_website{{.sie = "Website", .leicht = "Internet-Seite", .en = "Website"}};
inline constexpr Phrase fact_answer{{.sie = "Antwort", .leicht = "Wann wir antworten", .en = "Answer"}};
inline constexpr Phrase answer_within{{
    .sie = "spätestens nach {} Tagen",
    .leicht = "Nach höchstens {} Tagen",
    .en = "within {} days at the latest",
}};
inline constexpr Phrase answer_next_day{
    {.sie = "spätestens am nächsten Tag", .leicht = "Am nächsten Tag", .en = "by the next day at the latest"}};
inline constexpr Phrase contact_title{{.sie = "So erreichen Sie uns", .du = "So erreichst du uns", .en = "How to reach us"}};
inline constexpr Phrase more_about_us{
    {.sie = "Impressum und alles Weitere", .leicht = "Mehr über uns", .en = "Imprint and everything else"}};

inline constexpr Phrase text_as_of{
    {.sie = "Stand: {}, Fassung {}", .leicht = "Geschrieben am: {}. Nummer {}", .en = "As of {}, version {}"}};
inline constexpr Phrase text_by{{.sie = "Verantwortlich: {}", .leicht = "Geschrieben von: {}", .en = "Responsible: {}"}};
inline constexpr Phrase only_in_german{{
    .sie = "Diesen Text gibt es noch nicht in der gewählten Sprache.",
    .leicht = "Diesen Text gibt es noch nicht in Leichter Sprache.",
    .en = "This text does not exist in English yet.",
}};
inline constexpr Phrase not_written{{
    .sie = "Dieser Text ist noch nicht geschrieben. Fragen beantworten wir gern.",
    .leicht = "Diesen Text gibt es noch nicht. Sie können uns fragen.",
    .en = "This text has not been written yet. We are happy to answer questions.",
}};

inline constexpr Phrase technical_title{
    {.sie = "Was die Technik speichert", .leicht = "Was der Computer speichert", .en = "What the software stores"}};
inline constexpr Phrase technical_lead{{
    .sie = "Dieser Teil kommt vom Programm selbst und gilt immer.",
    .leicht = "Das gilt immer.",
    .en = "This part comes from the program itself and always holds.",
}};
inline constexpr Phrase technical_reading{{
    .sie = "Beim Lesen der offenen Seiten: nichts über Sie. Internetadressen (IP) stehen in keinem Protokoll.",
    .du = "Beim Lesen der offenen Seiten: nichts über dich. Internetadressen (IP) stehen in keinem Protokoll.",
    .leicht = "Sie lesen nur? Dann speichern wir nichts über Sie.",
    .en = "While you read the open pages: nothing about you. Internet addresses (IP) are not in any log.",
}};
inline constexpr Phrase technical_cookies{{
    .sie = "Höchstens drei Cookies, alle nur von uns: die gewählte Sprache (ein Jahr), ein Formularschutz und die Anmeldung zu "
           "Ihrer Anfrage "
           "(beide, bis Sie den Browser schließen). Keines davon verfolgt Sie.",
    .du = "Höchstens drei Cookies, alle nur von uns: die gewählte Sprache (ein Jahr), ein Formularschutz und die Anmeldung zu "
          "deiner Anfrage "
          "(beide, bis du den Browser schließt). Keines davon verfolgt dich.",
    .leicht = "Der Computer merkt sich Ihre Sprache. Und für kurze Zeit, dass Sie angemeldet sind.",
    .en = "At most three cookies, all of them ours: the chosen language (a year), a protection of forms and being signed in for "
          "your request "
          "(both until you close the browser). None of them follows you.",
}};
/// Two times: after the decision, without reaction.
inline constexpr Phrase technical_application{{
    .sie = "Bei einer Anfrage an eine Gruppe: Ihr Fantasiename, ein Prüfwert Ihres Passworts, Ihre Antworten und, nur wenn Sie "
           "möchten, eine E-Mail-Adresse oder Telefonnummer. Das lesen nur die Menschen, die über die Aufnahme entscheiden. Es "
           "löscht sich {} nach der Entscheidung, wenn {} niemand reagiert, oder sofort, wenn Sie die Anfrage zurückziehen. Übrig "
           "bleibt nur eine Zahl.",
    .du = "Bei einer Anfrage an eine Gruppe: dein Fantasiename, ein Prüfwert deines Passworts, deine Antworten und, nur wenn du "
          "möchtest, eine E-Mail-Adresse oder Telefonnummer. Das lesen nur die Menschen, die über die Aufnahme entscheiden. Es "
          "löscht sich {} nach der Entscheidung, wenn {} niemand reagiert, oder sofort, wenn du die Anfrage zurückziehst. Übrig "
          "bleibt nur eine Zahl.",
    .leicht = "Sie fragen bei einer Gruppe an? Dann speichern wir Ihre Antworten. Nur wenige Menschen lesen sie. Später wird alles "
              "gelöscht: {} nach unserer Antwort. Oder wenn Sie sich {} nicht mehr melden.",
    .en = "When you ask to join a group: your made-up name, a check value of your password, your answers and, only if you wish, "
          "an e-mail address or phone number. Only the people who decide about admission read this. It erases itself {} after the "
          "decision, after {} without reaction, or at once when you withdraw. What remains is a number.",
}};
inline constexpr Phrase technical_member{{
    .sie = "Als Mitglied einer Gruppe: was Sie dort schreiben, wer es lesen darf, und auf welchen Geräten Sie angemeldet sind. "
           "Ihre Beiträge "
           "können Sie jederzeit löschen.",
    .du = "Als Mitglied einer Gruppe: was du dort schreibst, wer es lesen darf, und auf welchen Geräten du angemeldet bist. Deine "
          "Beiträge "
          "kannst du jederzeit löschen.",
    .leicht = "Sie sind in einer Gruppe? Dann speichern wir, was Sie schreiben. Sie können es wieder löschen.",
    .en = "As a member of a group: what you write there, who may read it, and on which devices you are signed in. You can delete "
          "your posts at "
          "any time.",
}};
inline constexpr Phrase technical_rights{{
    .sie = "Sie dürfen jederzeit wissen, was über Sie gespeichert ist, es berichtigen und löschen lassen. Schreiben Sie uns; "
           "beschweren können "
           "Sie sich auch bei der Datenschutzaufsicht Ihres Bundeslandes.",
    .du = "Du darfst jederzeit wissen, was über dich gespeichert ist, es berichtigen und löschen lassen. Schreib uns; beschweren "
          "kannst du dich "
          "auch bei der Datenschutzaufsicht deines Bundeslandes.",
    .leicht = "Sie dürfen fragen, was wir über Sie wissen. Sie dürfen sagen: Löschen Sie das.",
    .en = "You may always know what is stored about you, and have it corrected and erased. Write to us; you may also complain to "
          "the data "
          "protection authority.",
}};

}  // namespace runde::api::web::texts
