#pragma once
#include "api/web/phrase.hpp"

/// Words around every open page.
namespace runde::api::web::texts {

inline constexpr Phrase app{{.sie = "Runde", .en = "Runde"}};
inline constexpr Phrase quick_exit{
    {.sie = "Seite schnell verlassen", .leicht = "Schnell weg hier", .en = "Leave this page quickly"}};
inline constexpr Phrase quick_exit_hint{{
    .sie = "Noch {}-mal Esc drücken, um die Seite zu verlassen.",
    .leicht = "Drücken Sie noch {}-mal die Taste Esc. Dann ist die Seite weg.",
    .en = "Press Esc {} more times to leave this page.",
}};
inline constexpr Phrase skip{{.sie = "Zum Inhalt springen", .en = "Skip to content"}};
inline constexpr Phrase main_menu{{.sie = "Hauptmenü", .en = "Main menu"}};
inline constexpr Phrase nav_groups{{.sie = "Gruppe finden", .en = "Find a group"}};
inline constexpr Phrase nav_application{{.sie = "Meine Anfrage", .en = "My request"}};
inline constexpr Phrase nav_members{{.sie = "Für Mitglieder", .en = "For members"}};
inline constexpr Phrase nav_crisis{{.sie = "Hilfe in der Krise", .leicht = "Schnelle Hilfe", .en = "Help in a crisis"}};
inline constexpr Phrase footer_menu{{.sie = "Über diese Seite", .en = "About this site"}};
inline constexpr Phrase imprint{{.sie = "Impressum", .en = "Imprint"}};
inline constexpr Phrase privacy{{.sie = "Datenschutz", .en = "Privacy"}};
inline constexpr Phrase house_rules{{.sie = "Hausregeln", .leicht = "Regeln", .en = "House rules"}};
inline constexpr Phrase principles{{.sie = "Neun Grundsätze", .leicht = "9 Regeln für uns", .en = "Nine principles"}};
inline constexpr Phrase accessibility_page{{.sie = "Barrierefreiheit", .leicht = "Barriere-Freiheit", .en = "Accessibility"}};
inline constexpr Phrase choose_words{{.sie = "Sprache und Anrede", .leicht = "Sprache wählen", .en = "Language"}};
inline constexpr Phrase help_and_contact{{.sie = "Hilfe und Kontakt", .en = "Help and contact"}};
inline constexpr Phrase footer_contact{{
    .sie = "Sie kommen nicht weiter? Schreiben Sie uns.",
    .du = "Du kommst nicht weiter? Schreib uns.",
    .leicht = "Haben Sie Fragen? Schreiben Sie uns.",
    .en = "Stuck? Write to us.",
}};
inline constexpr Phrase footer_crisis{{
    .sie = "Dies ist kein Krisendienst. In Lebensgefahr: 112. Telefonseelsorge, rund um die Uhr und kostenlos: 0800 111 0 111.",
    .leicht =
        "Hier ist nicht immer jemand da. Sind Sie in Lebens-Gefahr? Rufen Sie 112 an. Geht es Ihnen sehr schlecht? Rufen Sie die "
        "Telefon-Seelsorge an: 0800 111 0 111. Der Anruf kostet nichts.",
    .en =
        "This is not a crisis service. If your life is in danger, call 112. Crisis line in Germany, day and night, free of charge: "
        "0800 111 0 111.",
}};
inline constexpr Phrase no_tracking{{
    .sie = "Diese Seite lädt nichts von fremden Servern und beobachtet niemanden.",
    .leicht = "Diese Seite beobachtet Sie nicht.",
    .en = "This site loads nothing from other servers and watches nobody.",
}};

// When something goes wrong
inline constexpr Phrase missing_title{{.sie = "Diese Seite gibt es nicht", .en = "This page does not exist"}};
inline constexpr Phrase missing_text{{
    .sie = "Vielleicht ist die Adresse unvollständig, oder die Seite ist nicht mehr da.",
    .leicht = "Vielleicht ist die Adresse falsch. Oder es gibt die Seite nicht mehr.",
    .en = "Perhaps the address is incomplete, or the page is no longer there.",
}};
inline constexpr Phrase refused_title{{.sie = "Das geht so nicht", .en = "That did not work"}};
inline constexpr Phrase forbidden_text{{
    .sie = "Dafür fehlt Ihnen hier die Berechtigung.",
    .du = "Dafür fehlt dir hier die Berechtigung.",
    .leicht = "Das dürfen Sie hier nicht.",
    .en = "You are not permitted to do this here.",
}};
inline constexpr Phrase too_often_title{{.sie = "Einen Augenblick bitte", .en = "One moment please"}};
inline constexpr Phrase too_often_text{{
    .sie = "Das waren sehr viele Anfragen in kurzer Zeit. Bitte warten Sie ein wenig und versuchen Sie es dann noch einmal.",
    .du = "Das waren sehr viele Anfragen in kurzer Zeit. Bitte warte ein wenig und versuch es dann noch einmal.",
    .leicht = "Das war zu schnell. Bitte warten Sie kurz. Versuchen Sie es dann noch einmal.",
    .en = "Too many requests in a short time. Please wait a little and try again.",
}};
inline constexpr Phrase fault_title{{.sie = "Etwas ist schiefgegangen", .en = "Something went wrong"}};
inline constexpr Phrase fault_text{{
    .sie = "Der Fehler liegt bei uns, nicht bei Ihnen. Bitte versuchen Sie es in ein paar Minuten noch einmal.",
    .du = "Der Fehler liegt bei uns, nicht bei dir. Bitte versuch es in ein paar Minuten noch einmal.",
    .leicht = "Das ist unser Fehler. Bitte versuchen Sie es später noch einmal.",
    .en = "The fault is ours, not yours. Please try again in a few minutes.",
}};
inline constexpr Phrase form_redrawn{{
    .sie = "Das Formular war zu lange offen. Was Sie geschrieben haben, steht noch da: Bitte senden Sie es noch einmal ab. Ein "
           "Passwort müssen Sie neu eingeben.",
    .du = "Das Formular war zu lange offen. Was du geschrieben hast, steht noch da: Bitte sende es noch einmal ab. Ein Passwort "
          "musst du neu eingeben.",
    .leicht = "Das hat zu lange gedauert. Ihr Text ist noch da. Bitte senden Sie noch einmal. Schreiben Sie Ihr Passwort neu.",
    .en = "The form was open for too long. What you wrote is still there: please send it once more. A password has to be entered "
          "anew.",
}};
inline constexpr Phrase stale_form{{
    .sie =
        "Das Formular ist abgelaufen, oder Ihr Browser nimmt keine Cookies an. Bitte gehen Sie zurück, laden Sie die Seite neu und "
        "senden Sie es noch einmal. Wir brauchen dafür ein Cookie, das nichts über Sie sagt und beim Schließen verschwindet.",
    .du = "Das Formular ist abgelaufen, oder dein Browser nimmt keine Cookies an. Bitte geh zurück, lade die Seite neu und sende "
          "es noch "
          "einmal. Wir brauchen dafür ein Cookie, das nichts über dich sagt und beim Schließen verschwindet.",
    .leicht = "Das hat zu lange gedauert. Bitte gehen Sie zurück. Laden Sie die Seite neu. Senden Sie noch einmal.",
    .en =
        "The form has expired, or your browser accepts no cookies. Please go back, reload the page and send it again. We need one "
        "cookie for this, which says nothing about you and disappears when you close the browser.",
}};
inline constexpr Phrase to_front{{.sie = "Zur Startseite", .en = "To the front page"}};
inline constexpr Phrase problems_title{{
    .sie = "Bitte sehen Sie noch einmal hin",
    .du = "Bitte sieh noch einmal hin",
    .leicht = "Da fehlt noch etwas",
    .en = "Please have another look",
}};
inline constexpr Phrase optional_field{{.sie = "freiwillig", .en = "optional"}};
inline constexpr Phrase why_asked{{.sie = "Warum wir fragen:", .en = "Why we ask:"}};

}  // namespace runde::api::web::texts
