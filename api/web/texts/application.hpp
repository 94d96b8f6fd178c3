#pragma once
#include <array>
#include <string_view>

#include "api/web/phrase.hpp"

/// Asking to join, coming back to it, and everything an applicant sees.
namespace runde::api::web::texts {

// Asking
inline constexpr Phrase ask_window{{.sie = "Anfrage", .en = "Request"}};
inline constexpr Phrase ask_title{{.sie = "Anfrage an „{}“", .en = "Request to “{}”"}};
inline constexpr Phrase ask_lead{{
    .sie = "Schreiben Sie nur, was Sie möchten. Das lesen allein die Menschen, die über die Aufnahme entscheiden; die Gruppe "
           "selbst sieht nichts "
           "davon.",
    .du = "Schreib nur, was du möchtest. Das lesen allein die Menschen, die über die Aufnahme entscheiden; die Gruppe selbst sieht "
          "nichts davon.",
    .leicht = "Schreiben Sie nur, was Sie möchten. Nur wenige Menschen lesen das. Die Gruppe liest es nicht.",
    .en = "Write only what you want to. Only the people who decide about admission read it; the group itself sees nothing of it.",
}};
inline constexpr Phrase pseudonym{{.sie = "Fantasiename", .leicht = "Ihr Fantasie-Name", .en = "Made-up name"}};
inline constexpr Phrase pseudonym_why{{
    .sie = "Damit Sie zu Ihrer Anfrage zurückfinden. Lieber nicht Ihr richtiger Name. Kleinbuchstaben, Ziffern und . _ - /",
    .du = "Damit du zu deiner Anfrage zurückfindest. Lieber nicht dein richtiger Name. Kleinbuchstaben, Ziffern und . _ - /",
    .leicht = "Denken Sie sich einen Namen aus. Nehmen Sie nicht Ihren echten Namen. Nehmen Sie kleine Buchstaben.",
    .en = "So that you find back to your request. Better not your real name. Lower-case letters, digits and . _ - /",
}};
inline constexpr Phrase password{{.sie = "Passwort", .en = "Password"}};
inline constexpr Phrase password_why{{
    .sie = "Damit nur Sie zurückfinden. Mindestens acht Zeichen; mehrere Wörter hintereinander sind sicher und leicht zu merken. "
           "Wir können es "
           "Ihnen nicht wieder sagen: Schreiben Sie es sich auf.",
    .du = "Damit nur du zurückfindest. Mindestens acht Zeichen; mehrere Wörter hintereinander sind sicher und leicht zu merken. "
          "Wir können es "
          "dir nicht wieder sagen: Schreib es dir auf.",
    .leicht = "Denken Sie sich ein Passwort aus. Es braucht 8 Zeichen oder mehr. Schreiben Sie es sich auf. Wir kennen es nicht.",
    .en = "So that only you find back. At least eight characters; several words in a row are safe and easy to remember. We cannot "
          "tell it to "
          "you again: write it down.",
}};
inline constexpr Phrase account_part{
    {.sie = "Damit Sie zurückfinden", .du = "Damit du zurückfindest", .en = "So that you find back"}};
inline constexpr Phrase questions_part{{.sie = "Was die Gruppe fragt", .en = "What the group asks"}};
inline constexpr Phrase contact_part{{.sie = "Bescheid bekommen", .leicht = "Nachricht bekommen", .en = "Being told"}};
inline constexpr Phrase contact_lead{{
    .sie = "Beides ist freiwillig. Ohne sehen Sie hier selbst nach, ob es etwas Neues gibt.",
    .du = "Beides ist freiwillig. Ohne siehst du hier selbst nach, ob es etwas Neues gibt.",
    .leicht = "Das müssen Sie nicht aus-füllen.",
    .en = "Both are optional. Without them you look here whether there is news.",
}};
inline constexpr Phrase email{{.sie = "E-Mail", .en = "E-mail"}};
inline constexpr Phrase email_why{{
    .sie = "Wir schreiben nur „Es gibt etwas Neues“, nie worum es geht. Die Adresse wird mit der Anfrage gelöscht.",
    .leicht = "Wir schreiben Ihnen nur: Es gibt etwas Neues. Danach löschen wir die Adresse.",
    .en = "We only write “there is news”, never what it is about. The address is erased with the request.",
}};
inline constexpr Phrase phone{{.sie = "Telefon", .en = "Phone"}};
inline constexpr Phrase phone_why{{
    .sie = "Nur, wenn Sie am Telefon sprechen möchten. Die Nummer wird mit der Anfrage gelöscht.",
    .du = "Nur, wenn du am Telefon sprechen möchtest. Die Nummer wird mit der Anfrage gelöscht.",
    .leicht = "Nur wenn Sie am Telefon sprechen wollen. Danach löschen wir die Nummer.",
    .en = "Only if you want to talk by phone. The number is erased with the request.",
}};
inline constexpr Phrase consent{{
    .sie = "Ich bin einverstanden, dass meine Antworten bis zum Löschen gespeichert werden, auch wenn sie von meiner Gesundheit "
           "handeln. Ich "
           "kann das jederzeit zurücknehmen.",
    .leicht = "Ich bin einverstanden: Sie dürfen meine Antworten speichern. Ich kann später Nein sagen. Dann löschen Sie alles.",
    .en = "I agree that my answers are stored until they are erased, even where they are about my health. I can take this back at "
          "any time.",
}};
inline constexpr Phrase consent_missing{{
    .sie = "Ohne Ihr Einverständnis dürfen wir die Anfrage nicht speichern.",
    .du = "Ohne dein Einverständnis dürfen wir die Anfrage nicht speichern.",
    .leicht = "Bitte sagen Sie Ja. Sonst dürfen wir nichts speichern.",
    .en = "Without your consent we may not store the request.",
}};
inline constexpr Phrase read_privacy{
    {.sie = "Datenschutzhinweise lesen", .leicht = "Mehr zum Datenschutz", .en = "Read the privacy notice"}};
inline constexpr Phrase send_request{{.sie = "Anfrage senden", .leicht = "Anfrage ab-schicken", .en = "Send request"}};
inline constexpr Phrase answer_missing{{
    .sie = "Bitte beantworten Sie: {}",
    .du = "Bitte beantworte: {}",
    .leicht = "Bitte füllen Sie das aus: {}",
    .en = "Please answer: {}",
}};
inline constexpr Phrase too_long{{
    .sie = "Das ist zu lang. Höchstens {} Zeichen passen hinein; bitte kürzen Sie den Text.",
    .du = "Das ist zu lang. Höchstens {} Zeichen passen hinein; bitte kürz den Text.",
    .leicht = "Der Text ist zu lang. Es passen {} Zeichen hinein. Bitte schreiben Sie weniger.",
    .en = "That is too long. At most {} characters fit in; please shorten the text.",
}};
inline constexpr Phrase name_taken{{
    .sie = "Diesen Namen gibt es hier schon. Bitte wählen Sie einen anderen.",
    .du = "Diesen Namen gibt es hier schon. Bitte wähl einen anderen.",
    .leicht = "Diesen Namen gibt es schon. Bitte nehmen Sie einen anderen Namen.",
    .en = "This name exists here already. Please choose another one.",
}};
inline constexpr Phrase name_wrong{{
    .sie = "Der Name darf nur aus Kleinbuchstaben, Ziffern und . _ - / bestehen.",
    .leicht = "Nehmen Sie nur kleine Buchstaben und Zahlen.",
    .en = "The name may only consist of lower-case letters, digits and . _ - /",
}};
inline constexpr Phrase password_weak{{
    .sie = "Dieses Passwort ist zu kurz oder zu leicht zu erraten. Nehmen Sie zum Beispiel vier Wörter hintereinander.",
    .du = "Dieses Passwort ist zu kurz oder zu leicht zu erraten. Nimm zum Beispiel vier Wörter hintereinander.",
    .leicht = "Das Passwort ist zu kurz. Nehmen Sie zum Beispiel 4 Wörter hintereinander.",
    .en = "This password is too short or too easy to guess. Take four words in a row, for example.",
}};
inline constexpr Phrase email_wrong{{
    .sie = "Das sieht nicht wie eine E-Mail-Adresse aus.",
    .en = "That does not look like an e-mail address.",
}};
inline constexpr Phrase phone_wrong{
    {.sie = "Das sieht nicht wie eine Telefonnummer aus.", .en = "That does not look like a phone number."}};
inline constexpr Phrase have_account{{
    .sie = "Sie haben hier schon einen Namen und ein Passwort?",
    .du = "Du hast hier schon einen Namen und ein Passwort?",
    .leicht = "Haben Sie hier schon einen Namen?",
    .en = "You already have a name and a password here?",
}};
inline constexpr Phrase only_with_account{{
    .sie = "Hier können Sie nur mit einem Konto anfragen, das Sie schon haben. Die Kontaktstelle hilft Ihnen gern weiter.",
    .du = "Hier kannst du nur mit einem Konto anfragen, das du schon hast. Die Kontaktstelle hilft dir gern weiter.",
    .leicht = "Für eine Anfrage brauchen Sie ein Konto. Haben Sie kein Konto? Die Kontaktstelle hilft Ihnen.",
    .en = "Here you can only ask with an account that you have already. The contact office is glad to help.",
}};
inline constexpr Phrase account_elsewhere{{
    .sie = "Sie haben ein Konto bei einer anderen Stelle oder auf einem anderen Matrix-Server?",
    .du = "Du hast ein Konto bei einer anderen Stelle oder auf einem anderen Matrix-Server?",
    .leicht = "Haben Sie ein Konto bei einer anderen Stelle?",
    .en = "You have an account at another office or on another Matrix server?",
}};
inline constexpr Phrase elsewhere_title{{.sie = "Mit einem Konto von anderswo",
                                         .leicht = "Mit einem Konto von einer anderen Stelle",
                                         .en = "With an account from elsewhere"}};
inline constexpr Phrase elsewhere_lead{{
    .sie = "Ein neues Konto brauchen Sie nicht. Wir schicken Ihrem Konto eine Nachricht mit einem Link. So wissen wir, dass es "
           "Ihres ist.",
    .du = "Ein neues Konto brauchst du nicht. Wir schicken deinem Konto eine Nachricht mit einem Link. So wissen wir, dass es "
          "deines ist.",
    .leicht = "Sie brauchen kein neues Konto. Sie bekommen eine Nachricht von uns. In der Nachricht ist ein Link.",
    .en = "You need no new account. We send yours a message with a link. So we know that it is yours.",
}};
inline constexpr Phrase matrix_address{
    {.sie = "Ihre Matrix-Adresse", .du = "Deine Matrix-Adresse", .leicht = "Ihre Matrix-Adresse", .en = "Your Matrix address"}};
inline constexpr Phrase matrix_address_hint{{
    .sie = "Sie steht in Ihrer App bei den Einstellungen und sieht so aus: @name:server.de",
    .du = "Sie steht in deiner App bei den Einstellungen und sieht so aus: @name:server.de",
    .leicht = "Die Adresse steht in Ihrer App bei den Einstellungen. Sie sieht so aus: @name:server.de",
    .en = "Your app shows it in its settings. It looks like this: @name:server.org",
}};
inline constexpr Phrase matrix_address_wrong{{
    .sie = "Das ist keine Matrix-Adresse. Sie beginnt mit @ und hat einen Doppelpunkt, zum Beispiel @name:server.de",
    .leicht = "Das ist keine Matrix-Adresse. Eine Matrix-Adresse sieht so aus: @name:server.de",
    .en = "That is no Matrix address. It begins with @ and has a colon, for example @name:server.org",
}};
inline constexpr Phrase matrix_address_ours{{
    .sie = "Dieses Konto ist hier bei uns. Melden Sie sich mit Name und Passwort an.",
    .du = "Dieses Konto ist hier bei uns. Melde dich mit Name und Passwort an.",
    .leicht = "Dieses Konto ist bei uns. Bitte melden Sie sich mit Namen und Passwort an.",
    .en = "That account is one of ours. Please sign in with name and password.",
}};
inline constexpr Phrase send_link{{.sie = "Link schicken", .en = "Send the link"}};
inline constexpr Phrase link_sent_title{{.sie = "Sehen Sie in Ihrer App nach",
                                         .du = "Sieh in deiner App nach",
                                         .leicht = "Sehen Sie in Ihre App",
                                         .en = "Have a look at your app"}};
inline constexpr Phrase link_sent{{
    .sie = "Wenn es {} gibt, finden Sie dort gleich eine Einladung in den Raum „Bestätigung“. Nehmen Sie sie an und öffnen Sie den "
           "Link "
           "darin, am besten in diesem Browser. Er gilt eine halbe Stunde.",
    .du = "Wenn es {} gibt, findest du dort gleich eine Einladung in den Raum „Bestätigung“. Nimm sie an und öffne den Link darin, "
          "am "
          "besten in diesem Browser. Er gilt eine halbe Stunde.",
    .leicht =
        "Gibt es {}? Dann bekommen Sie jetzt in Ihrer App eine Einladung. Der Raum heißt „Bestätigung“. Nehmen Sie die Einladung "
        "an. Tippen Sie dort auf den Link. Sie haben eine halbe Stunde Zeit.",
    .en = "If {} exists, an invitation to the room “Confirmation” arrives there soon. Accept it and open the link in it, best in "
          "this "
          "browser. It works for half an hour.",
}};
inline constexpr Phrase enter_title{{.sie = "Schön, dass Sie da sind", .du = "Schön, dass du da bist", .en = "Good to see you"}};
inline constexpr Phrase enter_lead{{
    .sie = "Hier geht es weiter für {}. Geben Sie diesen Link niemandem.",
    .du = "Hier geht es weiter für {}. Gib diesen Link niemandem.",
    .leicht = "Hier geht es weiter für {}. Geben Sie den Link niemandem.",
    .en = "This leads on for {}. Give this link to nobody.",
}};
inline constexpr Phrase enter{{.sie = "Weiter", .en = "Continue"}};
inline constexpr Phrase link_over_title{{.sie = "Dieser Link gilt nicht mehr", .en = "This link does not work any more"}};
inline constexpr Phrase link_over{{
    .sie = "Er gilt eine halbe Stunde und nur einmal. Sie können sich einen neuen schicken lassen.",
    .du = "Er gilt eine halbe Stunde und nur einmal. Du kannst dir einen neuen schicken lassen.",
    .leicht = "Der Link geht nur eine halbe Stunde lang. Und nur ein Mal. Sie können einen neuen Link bekommen.",
    .en = "It works for half an hour, and once. You can have a new one sent.",
}};
inline constexpr Phrase talk_in_app{{
    .sie = "Das Gespräch führen Sie in Ihrer Matrix-App, mit dem Konto {}: Dort wartet die Einladung in den Empfang.",
    .du = "Das Gespräch führst du in deiner Matrix-App, mit dem Konto {}: Dort wartet die Einladung in den Empfang.",
    .leicht =
        "Sie schreiben mit dem Team in Ihrer App. Ihr Konto ist {}. Dort finden Sie eine Einladung. Der Raum heißt „Empfang“.",
    .en = "The talk is in your Matrix app, with the account {}: the invitation to the reception waits there.",
}};
inline constexpr Phrase rooms_in_app{{
    .sie = "Die Räume der Gruppe finden Sie in Ihrer App.",
    .du = "Die Räume der Gruppe findest du in deiner App.",
    .leicht = "Die Räume der Gruppe sind in Ihrer App.",
    .en = "The group's rooms are in your app.",
}};
inline constexpr Phrase ask_as{{.sie = "Sie fragen an als {}.", .du = "Du fragst an als {}.", .en = "You ask as {}."}};
inline constexpr Phrase yes{{.sie = "Ja", .en = "Yes"}};
inline constexpr Phrase no{{.sie = "Nein", .en = "No"}};
inline constexpr Phrase no_answer{{.sie = "keine Angabe", .leicht = "Ich sage nichts dazu", .en = "no answer"}};

// Coming back
inline constexpr Phrase back_title{
    {.sie = "Zurück zu Ihrer Anfrage", .du = "Zurück zu deiner Anfrage", .en = "Back to your request"}};
inline constexpr Phrase back_lead{{
    .sie = "Mit dem Namen und dem Passwort, die Sie sich ausgedacht haben.",
    .du = "Mit dem Namen und dem Passwort, die du dir ausgedacht hast.",
    .en = "With the name and the password that you made up.",
}};
inline constexpr Phrase sign_in{{.sie = "Anmelden", .en = "Sign in"}};
inline constexpr Phrase sign_out{{.sie = "Abmelden", .en = "Sign out"}};
inline constexpr Phrase sign_in_wrong{{
    .sie = "Name oder Passwort stimmen nicht. Vielleicht hat sich die Anfrage auch schon gelöscht.",
    .leicht = "Der Name oder das Passwort ist falsch. Vielleicht ist die Anfrage schon gelöscht.",
    .en = "Name or password are wrong. Perhaps the request has already erased itself.",
}};
inline constexpr Phrase signed_in_as{{.sie = "Angemeldet als {}", .en = "Signed in as {}"}};
inline constexpr Phrase no_requests{{
    .sie = "Von Ihnen liegt keine Anfrage vor. Vielleicht hat sie sich schon gelöscht.",
    .du = "Von dir liegt keine Anfrage vor. Vielleicht hat sie sich schon gelöscht.",
    .leicht = "Wir haben keine Anfrage von Ihnen. Vielleicht ist sie schon gelöscht.",
    .en = "There is no request of yours. Perhaps it has already erased itself.",
}};
inline constexpr Phrase your_requests{{.sie = "Ihre Anfragen", .du = "Deine Anfragen", .en = "Your requests"}};

// Where it stands. In the order of selfhelp::admission::State.
struct StateWords {
    std::string_view state;
    Phrase title, meaning;
};
inline constexpr std::array<StateWords, 7> states{{
    {"received",
     {{.sie = "Ihre Anfrage ist angekommen", .du = "Deine Anfrage ist angekommen", .en = "Your request has arrived"}},
     {{.sie = "Das Aufnahmeteam liest sie und meldet sich hier.",
       .leicht = "Das Team liest Ihre Anfrage. Das Team antwortet Ihnen hier auf dieser Seite.",
       .en = "The admission team reads it and answers here."}}},
    {"interview",
     {{.sie = "Ihr Gespräch ist verabredet", .du = "Dein Gespräch ist verabredet", .en = "Your talk is arranged"}},
     {{.sie = "Danach entscheidet das Team und meldet sich hier.",
       .leicht = "Nach dem Gespräch antwortet das Team hier auf dieser Seite.",
       .en = "After it the team decides and answers here."}}},
    {"waiting",
     {{.sie = "Sie stehen auf der Warteliste",
       .du = "Du stehst auf der Warteliste",
       .leicht = "Sie sind auf der Warte-Liste",
       .en = "You are on the waiting list"}},
     {{.sie = "Die Gruppe möchte Sie aufnehmen, sobald ein Platz frei wird. Dann sagen wir hier Bescheid. Von Zeit zu Zeit fragen "
              "wir, ob Sie noch warten möchten; ohne Antwort löscht sich die Anfrage an dem Tag, der unten steht.",
       .du = "Die Gruppe möchte dich aufnehmen, sobald ein Platz frei wird. Dann sagen wir hier Bescheid. Von Zeit zu Zeit fragen "
             "wir, ob du noch warten möchtest; ohne Antwort löscht sich die Anfrage an dem Tag, der unten steht.",
       .leicht =
           "Es ist gerade kein Platz frei. Wird ein Platz frei? Dann sagen wir Ihnen Bescheid. Manchmal fragen wir: Wollen Sie "
           "noch warten? Dann antworten Sie bitte. Sonst wird Ihre Anfrage gelöscht.",
       .en = "The group wants to let you in as soon as there is a seat. We will say so here. From time to time we ask whether you "
             "still want to wait; without an answer the request erases itself on the day given below."}}},
    {"admitted",
     {{.sie = "Willkommen! Sie sind aufgenommen",
       .du = "Willkommen! Du bist aufgenommen",
       .leicht = "Willkommen! Sie sind dabei",
       .en = "Welcome! You are in"}},
     {{.sie = "Lesen Sie jetzt die Regeln der Gruppe und nehmen Sie sie an. Dann sind ihre Räume für Sie offen.",
       .du = "Lies jetzt die Regeln der Gruppe und nimm sie an. Dann sind ihre Räume für dich offen.",
       .leicht = "Lesen Sie jetzt die Regeln. Sagen Sie Ja zu den Regeln. Dann können Sie lesen und schreiben.",
       .en = "Now read the group's rules and accept them. Then its rooms are open to you."}}},
    {"declined",
     {{.sie = "Diesmal leider nicht", .leicht = "Es hat nicht geklappt", .en = "Not this time, we are sorry"}},
     {{.sie = "Das sagt nichts über Sie. Vielleicht passt eine andere Gruppe besser, oder ein Gespräch mit der Kontaktstelle hilft "
              "weiter.",
       .du = "Das sagt nichts über dich. Vielleicht passt eine andere Gruppe besser, oder ein Gespräch mit der Kontaktstelle hilft "
             "weiter.",
       .leicht = "Das liegt nicht an Ihnen. Vielleicht passt eine andere Gruppe besser zu Ihnen.",
       .en = "That says nothing about you. Perhaps another group suits you better, or a talk with the contact office helps."}}},
    {"withdrawn",
     {{.sie = "Sie haben Ihre Anfrage zurückgezogen",
       .du = "Du hast deine Anfrage zurückgezogen",
       .leicht = "Sie haben Ihre Anfrage zurück-genommen",
       .en = "You have withdrawn your request"}},
     {{.sie = "Alles dazu wird gerade gelöscht.", .leicht = "Wir löschen alles.", .en = "Everything about it is being erased."}}},
    {"lapsed",
     {{.sie = "Diese Anfrage ist abgelaufen", .leicht = "Diese Anfrage ist zu alt", .en = "This request has lapsed"}},
     {{.sie = "Lange hat sich niemand gemeldet, deshalb wird sie gelöscht. Sie können jederzeit neu anfragen.",
       .du = "Lange hat sich niemand gemeldet, deshalb wird sie gelöscht. Du kannst jederzeit neu anfragen.",
       .leicht = "Lange hat niemand geschrieben. Deshalb wird sie gelöscht. Sie können neu anfragen.",
       .en = "Nobody has reacted for long, so it is being erased. You can ask again at any time."}}},
}};

struct LogWords {
    std::string_view what;
    Phrase words;
};
inline constexpr std::array<LogWords, 10> log_entries{{
    {"received", {{.sie = "Anfrage angekommen", .en = "Request arrived"}}},
    {"corrected", {{.sie = "Angaben geändert", .en = "Answers changed"}}},
    {"slot_picked", {{.sie = "Termin ausgesucht", .en = "Time chosen"}}},
    {"slot_given_back", {{.sie = "Termin zurückgegeben", .en = "Time given back"}}},
    {"interviewed", {{.sie = "Gespräch geführt", .en = "Talk held"}}},
    {"waiting", {{.sie = "Auf die Warteliste gesetzt", .leicht = "Auf der Warte-Liste", .en = "Put on the waiting list"}}},
    {"admitted", {{.sie = "Aufgenommen", .en = "Admitted"}}},
    {"declined", {{.sie = "Abgesagt", .en = "Declined"}}},
    {"withdrawn", {{.sie = "Zurückgezogen", .leicht = "Zurück-genommen", .en = "Withdrawn"}}},
    {"lapsed", {{.sie = "Abgelaufen", .en = "Lapsed"}}},
}};

// Not decided yet, but talked with.
inline constexpr StateWords interview_held{
    "interview",
    {{.sie = "Ihr Gespräch war", .du = "Dein Gespräch war", .leicht = "Das Gespräch war", .en = "Your talk has taken place"}},
    {{.sie = "Jetzt entscheidet das Team und meldet sich hier.",
      .leicht = "Jetzt entscheidet das Team. Das Team antwortet Ihnen hier auf dieser Seite.",
      .en = "Now the team decides and answers here."}}};

inline constexpr Phrase request_to{{.sie = "Anfrage an {}", .en = "Request to {}"}};
inline constexpr Phrase from_the_team{{.sie = "Das Team schreibt", .en = "The team writes"}};
inline constexpr Phrase history_title{
    {.sie = "Was bisher geschah", .leicht = "Das ist schon passiert", .en = "What happened so far"}};
inline constexpr Phrase erases_at{{
    .sie = "Diese Anfrage löscht sich von selbst, spätestens am {}.",
    .leicht = "Wir löschen diese Anfrage. Spätestens am {}.",
    .en = "This request erases itself, on {} at the latest.",
}};
inline constexpr Phrase remember_title{{.sie = "Bitte merken", .en = "Please remember"}};
inline constexpr Phrase remember{{
    .sie = "So kommen Sie zurück: auf dieser Seite „Meine Anfrage“ wählen, Name {} und Ihr Passwort eingeben.",
    .du = "So kommst du zurück: auf dieser Seite „Meine Anfrage“ wählen, Name {} und dein Passwort eingeben.",
    .leicht = "So kommen Sie zurück: Drücken Sie auf „Meine Anfrage“. Schreiben Sie den Namen {} und Ihr Passwort.",
    .en = "How to come back: choose “My request” on this site, enter the name {} and your password.",
}};
inline constexpr Phrase accept_rules_now{
    {.sie = "Regeln lesen und annehmen", .leicht = "Regeln lesen und Ja sagen", .en = "Read and accept the rules"}};
inline constexpr Phrase to_members_page{{.sie = "Zur Seite der Mitglieder", .en = "To the members' page"}};

// Slots
inline constexpr Phrase slots_title{
    {.sie = "Termin für das Gespräch", .leicht = "Termin für ein Gespräch", .en = "Time for the talk"}};
inline constexpr Phrase slots_lead{{
    .sie = "Suchen Sie sich einen Termin aus. Sie können ihn später zurückgeben und einen anderen nehmen.",
    .du = "Such dir einen Termin aus. Du kannst ihn später zurückgeben und einen anderen nehmen.",
    .leicht = "Suchen Sie einen Termin aus. Sie können ihn später ändern.",
    .en = "Choose a time. You can give it back later and take another one.",
}};
inline constexpr Phrase no_slots{{
    .sie = "Gerade ist kein Termin frei. Das Team bietet neue an; schreiben Sie gern unten, wann es Ihnen passt.",
    .du = "Gerade ist kein Termin frei. Das Team bietet neue an; schreib gern unten, wann es dir passt.",
    .leicht = "Gerade ist kein Termin frei. Schreiben Sie unten, wann Sie Zeit haben.",
    .en = "There is no free time at the moment. The team will offer new ones; write below when it suits you.",
}};
inline constexpr Phrase pick_slot{{.sie = "Diesen Termin nehmen", .en = "Take this time"}};
inline constexpr Phrase slot_missing{
    {.sie = "Bitte wählen Sie einen Termin.", .du = "Bitte wähl einen Termin.", .en = "Please choose a time."}};
inline constexpr Phrase your_slot{{.sie = "Ihr Termin", .du = "Dein Termin", .en = "Your time"}};
inline constexpr Phrase calendar_file{
    {.sie = "Als Kalenderdatei (.ics) speichern", .leicht = "Im Kalender speichern", .en = "Save as calendar file (.ics)"}};
inline constexpr Phrase give_slot_back{{.sie = "Termin zurückgeben", .leicht = "Termin ändern", .en = "Give this time back"}};
inline constexpr std::array<StateWords, 4> ways{{
    {"chat", {{.sie = "im Chat", .en = "by chat"}}, {{.sie = "Hier auf dieser Seite, unten.", .en = "Here on this page, below."}}},
    {"phone", {{.sie = "am Telefon", .en = "by phone"}}, {{.sie = "Nummer: {}", .en = "Number: {}"}}},
    {"video", {{.sie = "per Video", .en = "by video"}}, {{.sie = "Link: {}", .en = "Link: {}"}}},
    {"in_person", {{.sie = "vor Ort", .en = "in person"}}, {{.sie = "Ort: {}", .en = "Place: {}"}}},
}};

// The reception
inline constexpr Phrase talk_title{{.sie = "Mit dem Team schreiben", .en = "Write with the team"}};
inline constexpr Phrase talk_lead{{
    .sie = "Das lesen nur Sie und das Aufnahmeteam. Es wird mit der Anfrage gelöscht.",
    .du = "Das lesen nur du und das Aufnahmeteam. Es wird mit der Anfrage gelöscht.",
    .leicht = "Das lesen nur Sie und das Team. Später wird alles gelöscht.",
    .en = "Only you and the admission team read this. It is erased with the request.",
}};
inline constexpr Phrase talk_opens_soon{{
    .sie = "Dieser Raum wird gerade geöffnet. Bitte laden Sie die Seite gleich noch einmal.",
    .du = "Dieser Raum wird gerade geöffnet. Bitte lade die Seite gleich noch einmal.",
    .leicht = "Bitte laden Sie die Seite gleich noch einmal.",
    .en = "This room is being opened. Please reload the page in a moment.",
}};
inline constexpr Phrase nothing_said{{.sie = "Noch hat niemand etwas geschrieben.", .en = "Nobody has written anything yet."}};
inline constexpr Phrase your_message{{.sie = "Ihre Nachricht", .du = "Deine Nachricht", .en = "Your message"}};
inline constexpr Phrase send_message{{.sie = "Absenden", .en = "Send"}};
inline constexpr Phrase message_empty{
    {.sie = "Bitte schreiben Sie erst etwas.", .du = "Bitte schreib erst etwas.", .en = "Please write something first."}};
inline constexpr Phrase look_again{{.sie = "Nachsehen, ob es Neues gibt", .leicht = "Gibt es etwas Neues?", .en = "Look for news"}};
inline constexpr Phrase you{{.sie = "Sie", .du = "Du", .en = "You"}};
inline constexpr Phrase the_server{{.sie = "Nachricht vom Server", .leicht = "Vom Computer", .en = "From the server"}};

// One's own data
inline constexpr Phrase own_data_title{{.sie = "Ihre Angaben", .du = "Deine Angaben", .en = "Your answers"}};
inline constexpr Phrase change_answers{{.sie = "Angaben ändern", .en = "Change answers"}};
inline constexpr Phrase save_changes{{.sie = "Änderungen speichern", .en = "Save changes"}};
inline constexpr Phrase copy{{.sie = "Alles herunterladen, was dazu gespeichert ist",
                              .leicht = "Alles herunter-laden",
                              .en = "Download everything that is stored about it"}};
inline constexpr Phrase stay_title{
    {.sie = "Noch interessiert?", .leicht = "Möchten Sie noch in die Gruppe?", .en = "Still interested?"}};
inline constexpr Phrase stay{{.sie = "Ja, Anfrage behalten", .en = "Yes, keep my request"}};
inline constexpr Phrase withdraw_title{
    {.sie = "Anfrage zurückziehen", .leicht = "Anfrage zurück-nehmen", .en = "Withdraw the request"}};
inline constexpr Phrase withdraw_lead{{
    .sie = "Damit wird alles sofort gelöscht: Ihre Antworten, Nachrichten und, wenn Sie keiner Gruppe angehören, auch der Name und "
           "das Passwort. "
           "Das lässt sich nicht rückgängig machen.",
    .du = "Damit wird alles sofort gelöscht: deine Antworten, Nachrichten und, wenn du keiner Gruppe angehörst, auch der Name und "
          "das Passwort. "
          "Das lässt sich nicht rückgängig machen.",
    .leicht = "Dann löschen wir sofort alles. Das kann man nicht zurück-holen.",
    .en = "This erases everything at once: your answers, messages and, unless you are in a group, also the name and the password. "
          "It cannot be "
          "undone.",
}};
inline constexpr Phrase withdraw{
    {.sie = "Zurückziehen und alles löschen", .leicht = "Alles löschen", .en = "Withdraw and erase everything"}};
inline constexpr Phrase erase_title{{.sie = "Jetzt schon löschen", .leicht = "Jetzt löschen", .en = "Erase it now"}};
inline constexpr Phrase erase_lead{{
    .sie = "Damit nehmen Sie Ihr Einverständnis zurück: Ihre Antworten, die Nachrichten und die Notizen des Teams werden sofort "
           "gelöscht. Die Entscheidung bleibt, wie sie ist.",
    .du = "Damit nimmst du dein Einverständnis zurück: deine Antworten, die Nachrichten und die Notizen des Teams werden sofort "
          "gelöscht. Die Entscheidung bleibt, wie sie ist.",
    .leicht = "Dann löschen wir sofort alles. Die Entscheidung bleibt gleich. Das kann man nicht zurück-holen.",
    .en = "This takes back your consent: your answers, the messages and the team's notes are erased at once. The decision stays "
          "what it is.",
}};
inline constexpr Phrase erase_now{{.sie = "Sofort löschen", .leicht = "Jetzt löschen", .en = "Erase at once"}};
inline constexpr Phrase erased{{
    .sie = "Was zu Ihrer Anfrage gespeichert war, wird in diesen Minuten gelöscht.",
    .du = "Was zu deiner Anfrage gespeichert war, wird in diesen Minuten gelöscht.",
    .leicht = "Wir löschen jetzt alles.",
    .en = "What was stored about your request is being erased in these minutes.",
}};
inline constexpr Phrase said_at_knock{
    {.sie = "Beim Anklopfen gesagt", .leicht = "Das haben Sie beim An-klopfen gesagt", .en = "Said when knocking"}};
inline constexpr Phrase gone_title{{.sie = "Alles ist gelöscht", .en = "Everything is erased"}};
inline constexpr Phrase gone{{
    .sie = "Ihre Anfrage ist zurückgezogen, und was dazu gespeichert war, wird in diesen Minuten gelöscht. Sie sind hier immer "
           "willkommen.",
    .du = "Deine Anfrage ist zurückgezogen, und was dazu gespeichert war, wird in diesen Minuten gelöscht. Du bist hier immer "
          "willkommen.",
    .leicht = "Wir löschen jetzt alles. Sie können jederzeit wieder-kommen.",
    .en = "Your request is withdrawn, and what was stored about it is being erased in these minutes. You are always welcome here.",
}};

}  // namespace runde::api::web::texts
