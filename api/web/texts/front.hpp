#pragma once
#include "api/web/phrase.hpp"

/// The front page and the help in a crisis.
namespace runde::api::web::texts {

inline constexpr Phrase front_window{{.sie = "Willkommen", .en = "Welcome"}};
inline constexpr Phrase front_title{{
    .sie = "Gemeinsam ist vieles leichter",
    .en = "Many things are easier together",
}};
inline constexpr Phrase front_lead{{
    .sie = "In einer Selbsthilfegruppe treffen Sie Menschen, die Ähnliches erleben. Sie hören zu, erzählen, fragen – unter dem "
           "Namen, den Sie "
           "selbst wählen.",
    .du = "In einer Selbsthilfegruppe triffst du Menschen, die Ähnliches erleben. Du hörst zu, erzählst, fragst – unter dem Namen, "
          "den du "
          "selbst wählst.",
    .leicht =
        "In einer Selbst-Hilfe-Gruppe treffen sich Menschen. Sie haben die gleiche Krankheit oder die gleichen Sorgen. Sie reden "
        "miteinander. Das hilft vielen. Ihren Namen müssen Sie nicht sagen.",
    .en = "In a self-help group you meet people who go through something similar. You listen, tell, ask – under the name that you "
          "choose.",
}};
inline constexpr Phrase search_label{{
    .sie = "Worum geht es Ihnen?",
    .du = "Worum geht es dir?",
    .leicht = "Welches Thema suchen Sie?",
    .en = "What is it about?",
}};
inline constexpr Phrase search_hint{{
    .sie = "Zum Beispiel: Krebs, Angst, Trauer, Angehörige, ein Ort",
    .leicht = "Zum Beispiel: Krebs, Angst, Trauer",
    .en = "For example: cancer, anxiety, grief, relatives, a place",
}};
inline constexpr Phrase search_button{{.sie = "Gruppe suchen", .en = "Search groups"}};
inline constexpr Phrase all_groups{{.sie = "Alle Gruppen ansehen", .en = "See all groups"}};

inline constexpr Phrase steps_title{{
    .sie = "So finden Sie in eine Gruppe",
    .du = "So findest du in eine Gruppe",
    .leicht = "So kommen Sie in eine Gruppe",
    .en = "How to get into a group",
}};
inline constexpr Phrase step_find{{
    .sie = "Gruppe aussuchen. Lesen können Sie ohne Konto.",
    .du = "Gruppe aussuchen. Lesen kannst du ohne Konto.",
    .leicht = "Suchen Sie eine Gruppe aus.",
    .en = "Choose a group. You can read without an account.",
}};
inline constexpr Phrase step_ask{{
    .sie = "Anfragen, mit einem Fantasienamen und einem Passwort. E-Mail und Telefon sind freiwillig.",
    .leicht = "Schreiben Sie uns. Denken Sie sich einen Namen aus. Und ein Passwort.",
    .en = "Ask to join, with a made-up name and a password. E-mail and phone are optional.",
}};
inline constexpr Phrase step_talk{{
    .sie = "Wenn die Gruppe das möchte: ein kurzes Gespräch, zu einer Zeit, die Ihnen passt.",
    .du = "Wenn die Gruppe das möchte: ein kurzes Gespräch, zu einer Zeit, die dir passt.",
    .leicht = "Manche Gruppen wollen Sie erst kennen-lernen. Dann gibt es ein kurzes Gespräch.",
    .en = "If the group wishes so: a short talk, at a time that suits you.",
}};
inline constexpr Phrase step_join{{
    .sie = "Mitlesen und mitschreiben, sobald Sie sich trauen.",
    .du = "Mitlesen und mitschreiben, sobald du dich traust.",
    .leicht = "Dann sind Sie dabei. Sie können lesen. Und schreiben, wenn Sie möchten.",
    .en = "Read along, and write as soon as you feel like it.",
}};

inline constexpr Phrase promise_title{{.sie = "Worauf Sie sich verlassen können",
                                       .du = "Worauf du dich verlassen kannst",
                                       .leicht = "Das versprechen wir",
                                       .en = "What you can rely on"}};
inline constexpr Phrase promise_erase{{
    .sie = "Ihre Anfrage löscht sich von selbst: {} nach der Entscheidung, oder sofort, wenn Sie sie zurückziehen.",
    .du = "Deine Anfrage löscht sich von selbst: {} nach der Entscheidung, oder sofort, wenn du sie zurückziehst.",
    .leicht = "Ihre Anfrage wird gelöscht. Das passiert von allein. Spätestens {} nach unserer Antwort.",
    .en = "Your request erases itself: {} after the decision, or at once when you withdraw it.",
}};
inline constexpr Phrase promise_unseen{{
    .sie = "Vor der Aufnahme sieht niemand aus der Gruppe, dass Sie angefragt haben. Nur das Team für die Aufnahme liest Ihre "
           "Anfrage.",
    .du =
        "Vor der Aufnahme sieht niemand aus der Gruppe, dass du angefragt hast. Nur das Team für die Aufnahme liest deine Anfrage.",
    .leicht = "Nur wenige Menschen lesen Ihre Anfrage. Das sind die Menschen, die über die Aufnahme entscheiden.",
    .en = "Before you are admitted nobody in the group sees that you have asked. Only the admission team reads your request.",
}};
inline constexpr Phrase promise_free{{
    .sie = "Es kostet nichts, es gibt keine Werbung, und Sie müssen nirgends Mitglied werden.",
    .du = "Es kostet nichts, es gibt keine Werbung, und du musst nirgends Mitglied werden.",
    .leicht = "Es kostet nichts. Es gibt keine Werbung.",
    .en = "It costs nothing, there is no advertising, and you need not become a member of anything.",
}};
inline constexpr Phrase promise_principles{
    {.sie = "Neun Grundsätze, und woran man sie prüfen kann", .en = "Nine principles, and how to check them"}};

inline constexpr Phrase members_title{{.sie = "Schon dabei?", .leicht = "Sind Sie schon dabei?", .en = "Already taking part?"}};
inline constexpr Phrase members_link{{.sie = "Zu Ihren Gruppen", .du = "Zu deinen Gruppen", .en = "To your groups"}};
inline constexpr Phrase request_link{{.sie = "Zu Ihrer Anfrage", .du = "Zu deiner Anfrage", .en = "To your request"}};

inline constexpr Phrase not_set_up_title{{
    .sie = "Hier entsteht etwas",
    .en = "Something is growing here",
}};
inline constexpr Phrase not_set_up{{
    .sie = "Dieser Ort wird gerade eingerichtet: Noch steht hier nicht, wer ihn betreibt. Bitte schauen Sie in ein paar Tagen "
           "wieder vorbei.",
    .du =
        "Dieser Ort wird gerade eingerichtet: Noch steht hier nicht, wer ihn betreibt. Schau gern in ein paar Tagen wieder vorbei.",
    .leicht = "Wir bauen diese Seite noch. Bitte kommen Sie in ein paar Tagen wieder.",
    .en = "This place is being set up: it does not say yet who runs it. Please come back in a few days.",
}};
inline constexpr Phrase not_set_up_team{{
    .sie = "Sie richten ihn ein? Melden Sie sich an und wählen Sie „Team“, dann „Organisation“.",
    .du = "Du richtest ihn ein? Melde dich an und wähle „Team“, dann „Organisation“.",
    .en = "You are setting it up? Sign in and choose “Team”, then “Organisation”.",
}};

// Help in a crisis
inline constexpr Phrase crisis_window{{.sie = "Hilfe", .en = "Help"}};
inline constexpr Phrase crisis_lead{{
    .sie = "Eine Selbsthilfegruppe ist kein Krisendienst. Hier ist nicht immer jemand da. Unter diesen Nummern schon: anonym und, "
           "wo nichts "
           "anderes steht, kostenlos und rund um die Uhr.",
    .leicht = "Eine Gruppe kann nicht immer sofort helfen. Diese Nummern können Sie anrufen. Sie müssen Ihren Namen nicht sagen.",
    .en = "A self-help group is not a crisis service. There is not always somebody here. At these numbers in Germany there is: "
          "anonymously "
          "and, unless it says otherwise, free of charge and round the clock.",
}};
inline constexpr Phrase crisis_emergency{
    {.sie = "Notruf: in Lebensgefahr", .leicht = "Not-Ruf: bei Lebens-Gefahr", .en = "Emergency: if a life is in danger"}};
inline constexpr Phrase crisis_talk{{.sie = "TelefonSeelsorge",
                                     .leicht = "Telefon-Seelsorge: reden, wenn es Ihnen schlecht geht",
                                     .en = "TelefonSeelsorge: somebody to talk to"}};
inline constexpr Phrase crisis_doctor{{
    .sie = "Ärztlicher Bereitschaftsdienst, wenn es nicht bis morgen warten kann",
    .leicht = "Arzt: wenn es nicht bis morgen warten kann",
    .en = "Doctor on call, when it cannot wait until tomorrow",
}};
inline constexpr Phrase crisis_violence{{
    .sie = "Hilfetelefon Gewalt gegen Frauen, auch in Leichter Sprache und in Gebärdensprache",
    .leicht = "Hilfe-Telefon: Gewalt gegen Frauen. Auch in Leichter Sprache",
    .en = "Violence against women, in many languages",
}};
inline constexpr Phrase crisis_young{{
    .sie = "Nummer gegen Kummer, für Kinder und Jugendliche (montags bis samstags von 14 bis 20 Uhr)",
    .leicht = "Nummer gegen Kummer: für Kinder und Jugendliche. Montag bis Samstag von 14 bis 20 Uhr",
    .en = "For children and young people (Monday to Saturday, 2 pm to 8 pm)",
}};
inline constexpr Phrase crisis_exit_title{{.sie = "Wenn jemand mitliest",
                                           .leicht = "Wenn jemand auf Ihren Bildschirm schaut",
                                           .en = "If somebody looks over your shoulder"}};
inline constexpr Phrase crisis_exit{{
    .sie = "„Seite schnell verlassen“ oben auf jeder Seite führt sofort zum Wetterbericht oder einer anderen Seite, über die sich "
           "niemand "
           "wundert. Drei Mal die Taste Esc tut dasselbe. Der Verlauf Ihres Browsers kann trotzdem zeigen, dass Sie hier waren.",
    .du = "„Seite schnell verlassen“ oben auf jeder Seite führt sofort zum Wetterbericht oder einer anderen Seite, über die sich "
          "niemand "
          "wundert. Drei Mal die Taste Esc tut dasselbe. Der Verlauf deines Browsers kann trotzdem zeigen, dass du hier warst.",
    .leicht = "Oben auf jeder Seite ist ein Knopf. Er heißt: Schnell weg hier. Drücken Sie den Knopf. Dann kommt sofort eine "
              "andere Seite. "
              "Sie können auch 3-mal die Taste Esc drücken.",
    .en = "“Leave this page quickly” at the top of every page leads at once to the weather report or another page that nobody "
          "wonders "
          "about. Pressing Esc three times does the same. Your browser's history may still show that you were here.",
}};
inline constexpr Phrase call_number{{.sie = "Anrufen: {}", .en = "Call {}"}};

}  // namespace runde::api::web::texts
