#pragma once
#include "api/web/phrase.hpp"

/// Accepting a group's rules.
namespace runde::api::web::texts {

inline constexpr Phrase rules_window{{.sie = "Regeln", .en = "Rules"}};
inline constexpr Phrase rules_of_group{{.sie = "Die Regeln von „{}“", .leicht = "Die Regeln: {}", .en = "The rules of “{}”"}};
inline constexpr Phrase rules_lead{{
    .sie = "Alle in der Gruppe haben diesen Regeln zugestimmt. Bitte lesen Sie sie, bevor Sie mitlesen und mitschreiben.",
    .du = "Alle in der Gruppe haben diesen Regeln zugestimmt. Bitte lies sie, bevor du mitliest und mitschreibst.",
    .leicht = "Das sind die Regeln. Alle in der Gruppe halten sich daran. Bitte lesen Sie die Regeln.",
    .en = "Everybody in the group has agreed to these rules. Please read them before you read along and write.",
}};
inline constexpr Phrase rules_for{
    {.sie = "Sie nehmen an als {}.", .du = "Du nimmst an als {}.", .leicht = "Ihr Name hier: {}.", .en = "You accept as {}."}};
inline constexpr Phrase rules_promise{{
    .sie = "Ich habe die Regeln gelesen und halte mich daran.",
    .leicht = "Ich habe die Regeln gelesen. Ich halte mich daran.",
    .en = "I have read the rules and will keep them.",
}};
inline constexpr Phrase rules_accept{{.sie = "Annehmen", .leicht = "Ja", .en = "Accept"}};
inline constexpr Phrase rules_tick_first{{
    .sie = "Bitte bestätigen Sie, dass Sie die Regeln gelesen haben.",
    .du = "Bitte bestätige, dass du die Regeln gelesen hast.",
    .leicht = "Bitte machen Sie zuerst ein Häkchen.",
    .en = "Please confirm that you have read the rules.",
}};
inline constexpr Phrase rules_changed{{
    .sie = "Die Regeln haben sich gerade geändert. Bitte lesen Sie die neue Fassung.",
    .du = "Die Regeln haben sich gerade geändert. Bitte lies die neue Fassung.",
    .leicht = "Die Regeln sind neu. Bitte lesen Sie noch einmal.",
    .en = "The rules have just changed. Please read the new version.",
}};
inline constexpr Phrase rules_accepted_title{
    {.sie = "Danke! Alles ist offen", .leicht = "Danke! Sie sind dabei", .en = "Thank you! Everything is open"}};
inline constexpr Phrase rules_accepted{{
    .sie = "Sie haben die Regeln angenommen. Die Räume der Gruppe sind jetzt für Sie offen, auf der Seite der Mitglieder und in "
           "jeder Matrix-App.",
    .du = "Du hast die Regeln angenommen. Die Räume der Gruppe sind jetzt für dich offen, auf der Seite der Mitglieder und in "
          "jeder Matrix-App.",
    .leicht = "Sie haben Ja gesagt. Jetzt können Sie in der Gruppe lesen und schreiben.",
    .en = "You have accepted the rules. The group's rooms are now open to you, on the members' page and in every Matrix app.",
}};
inline constexpr Phrase rules_close_window{{
    .sie = "Kamen Sie aus einer App? Dann können Sie dieses Fenster schließen.",
    .du = "Kamst du aus einer App? Dann kannst du dieses Fenster schließen.",
    .leicht = "Sie können dieses Fenster jetzt schließen.",
    .en = "Did you come from an app? Then you can close this window.",
}};
inline constexpr Phrase rules_none{{
    .sie = "Diese Gruppe hat keine eigenen Regeln. Es gelten die Hausregeln.",
    .en = "This group has no rules of its own. The house rules apply.",
}};

}  // namespace runde::api::web::texts
