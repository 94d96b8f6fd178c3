#pragma once
#include <array>
#include <string_view>

#include "api/web/phrase.hpp"

/// The directory of groups, a group's card, and what is asked of newcomers.
namespace runde::api::web::texts {

inline constexpr Phrase groups_title{{.sie = "Gruppen", .en = "Groups"}};
inline constexpr Phrase groups_lead{{
    .sie = "Gruppen von uns und von Stellen, mit denen wir zusammenarbeiten. Wer in einer Gruppe ist und wie viele es sind, steht "
           "nirgends.",
    .leicht = "Das sind unsere Gruppen. Und Gruppen von anderen Vereinen. Niemand sieht, wer in einer Gruppe ist.",
    .en = "Groups of ours and of organisations that we work with. Who is in a group, and how many, is not said anywhere.",
}};
inline constexpr Phrase filter_topic{{.sie = "Thema", .en = "Topic"}};
inline constexpr Phrase all_topics{{.sie = "Alle Themen", .en = "All topics"}};
inline constexpr Phrase filter_region{{.sie = "Region oder Ort", .leicht = "Ort", .en = "Region or place"}};
inline constexpr Phrase filter_form{
    {.sie = "Wie trifft sie sich?", .leicht = "Wie trifft sich die Gruppe?", .en = "How does it meet?"}};
inline constexpr Phrase any_form{{.sie = "Egal", .en = "Any way"}};
inline constexpr Phrase found_none{{
    .sie = "Dazu haben wir keine Gruppe gefunden. Versuchen Sie es mit weniger Wörtern, oder schreiben Sie uns: Vielleicht "
           "entsteht gerade eine.",
    .du =
        "Dazu haben wir keine Gruppe gefunden. Versuch es mit weniger Wörtern, oder schreib uns: Vielleicht entsteht gerade eine.",
    .leicht = "Wir haben keine Gruppe gefunden. Suchen Sie mit einem anderen Wort. Oder schreiben Sie uns.",
    .en = "We have found no group for that. Try fewer words, or write to us: perhaps one is just being founded.",
}};
inline constexpr Phrase no_groups_yet{{.sie = "Hier gibt es noch keine Gruppen.", .en = "There are no groups here yet."}};
inline constexpr Phrase found_one{{.sie = "1 Gruppe", .en = "1 group"}};
inline constexpr Phrase found_many{{.sie = "{} Gruppen", .en = "{} groups"}};
inline constexpr Phrase more_groups{{.sie = "Weitere Gruppen", .en = "More groups"}};
inline constexpr Phrase partner_silent{{
    .sie = "Von manchen Partnern wissen wir gerade nicht, ob ihre Angaben noch stimmen.",
    .en = "Of some partners we do not know at the moment whether what they say still holds.",
}};

/// What the words of a card mean.
struct Label {
    std::string_view value;
    Phrase label;
};
inline constexpr std::array<Label, 3> forms{{
    {"place", {{.sie = "vor Ort", .leicht = "Treffen an einem Ort", .en = "in person"}}},
    {"online", {{.sie = "online", .leicht = "im Internet", .en = "online"}}},
    {"phone", {{.sie = "am Telefon", .en = "by phone"}}},
}};
inline constexpr std::array<Label, 3> openness{{
    {"open", {{.sie = "offen für Neue", .leicht = "Sie können mit-machen", .en = "open to newcomers"}}},
    {"full", {{.sie = "zurzeit voll", .leicht = "Die Gruppe ist gerade voll", .en = "full at the moment"}}},
    {"starting", {{.sie = "entsteht gerade", .leicht = "Die Gruppe ist neu", .en = "just starting"}}},
}};
inline constexpr std::array<Label, 3> contact_roles{{
    {"office", {{.sie = "die Kontaktstelle", .leicht = "die Kontakt-Stelle", .en = "the contact office"}}},
    {"moderators", {{.sie = "die Moderation der Gruppe", .leicht = "die Leitung der Gruppe", .en = "the group's moderators"}}},
    {"board", {{.sie = "der Vorstand", .en = "the board"}}},
}};
inline constexpr std::array<Label, 9> accessibility{{
    {"wheelchair", {{.sie = "mit Rollstuhl erreichbar", .leicht = "Gut mit dem Roll-Stuhl", .en = "wheelchair accessible"}}},
    {"plain_language", {{.sie = "Leichte Sprache", .en = "plain language"}}},
    {"sign_language", {{.sie = "Gebärdensprache", .leicht = "Gebärden-Sprache", .en = "sign language"}}},
    {"hearing_loop", {{.sie = "Hörschleife", .leicht = "Anlage für Hör-Geräte", .en = "hearing loop"}}},
    {"captions", {{.sie = "Untertitel", .leicht = "Unter-Titel", .en = "captions"}}},
    {"large_print", {{.sie = "große Schrift", .en = "large print"}}},
    {"screen_reader",
     {{.sie = "mit Bildschirmleser nutzbar", .leicht = "Für blinde Menschen geeignet", .en = "works with screen readers"}}},
    {"no_camera_needed", {{.sie = "ohne Kamera möglich", .leicht = "Sie brauchen keine Kamera", .en = "no camera needed"}}},
    {"free_of_charge", {{.sie = "kostenlos", .leicht = "Kostet nichts", .en = "free of charge"}}},
}};
inline constexpr std::array<Label, 8> languages{{
    {"de", {{.sie = "Deutsch", .en = "German"}}},
    {"en", {{.sie = "Englisch", .en = "English"}}},
    {"tr", {{.sie = "Türkisch", .en = "Turkish"}}},
    {"ru", {{.sie = "Russisch", .en = "Russian"}}},
    {"ar", {{.sie = "Arabisch", .en = "Arabic"}}},
    {"uk", {{.sie = "Ukrainisch", .en = "Ukrainian"}}},
    {"pl", {{.sie = "Polnisch", .en = "Polish"}}},
    {"fr", {{.sie = "Französisch", .en = "French"}}},
}};

// The card
inline constexpr Phrase card_window{{.sie = "Gruppe", .en = "Group"}};
inline constexpr Phrase back_to_groups{{.sie = "Zu allen Gruppen", .en = "To all groups"}};
inline constexpr Phrase fact_meets{{.sie = "Treffen", .leicht = "So trifft sich die Gruppe", .en = "Meets"}};
inline constexpr Phrase fact_place{{.sie = "Ort", .en = "Place"}};
inline constexpr Phrase fact_languages{{.sie = "Sprachen", .en = "Languages"}};
inline constexpr Phrase fact_accessibility{
    {.sie = "Barrierefreiheit", .leicht = "Das ist leicht zugänglich", .en = "Accessibility"}};
inline constexpr Phrase fact_contact{{.sie = "Es antwortet", .leicht = "Es antwortet Ihnen", .en = "Who answers"}};
inline constexpr Phrase how_it_goes{
    {.sie = "So läuft die Aufnahme", .leicht = "So kommen Sie in die Gruppe", .en = "How admission works"}};
inline constexpr Phrase mode_open{{
    .sie = "Sie fragen an und sind gleich dabei, sobald Sie die Regeln angenommen haben.",
    .du = "Du fragst an und bist gleich dabei, sobald du die Regeln angenommen hast.",
    .leicht = "Sie fragen an. Sie sagen Ja zu den Regeln. Dann sind Sie dabei.",
    .en = "You ask and are in at once, as soon as you have accepted the rules.",
}};
inline constexpr Phrase mode_on_request{{
    .sie = "Sie fragen an. Jemand aus dem Team liest das und nimmt Sie auf; ein Gespräch ist nicht nötig, aber möglich.",
    .du = "Du fragst an. Jemand aus dem Team liest das und nimmt dich auf; ein Gespräch ist nicht nötig, aber möglich.",
    .leicht = "Sie fragen an. Jemand liest Ihre Anfrage. Dann bekommen Sie eine Antwort.",
    .en = "You ask. Somebody from the team reads it and lets you in; a talk is not necessary, but possible.",
}};
inline constexpr Phrase mode_with_interview{{
    .sie = "Sie fragen an und suchen sich einen Termin für ein kurzes Gespräch aus: im Chat, am Telefon, per Video oder vor Ort. "
           "Danach "
           "entscheidet das Team.",
    .du =
        "Du fragst an und suchst dir einen Termin für ein kurzes Gespräch aus: im Chat, am Telefon, per Video oder vor Ort. Danach "
        "entscheidet das Team.",
    .leicht = "Sie fragen an. Dann suchen Sie einen Termin aus. Wir sprechen kurz mit Ihnen. Danach bekommen Sie eine Antwort.",
    .en = "You ask and choose a time for a short talk: by chat, phone, video or in person. Then the team decides.",
}};
inline constexpr Phrase ask_to_join{
    {.sie = "Bei dieser Gruppe anfragen", .leicht = "Bei der Gruppe anfragen", .en = "Ask to join this group"}};
inline constexpr Phrase ask_waiting_list{
    {.sie = "Auf die Warteliste setzen lassen", .leicht = "Auf die Warte-Liste", .en = "Join the waiting list"}};
inline constexpr Phrase full_no_list{{
    .sie = "Die Gruppe ist zurzeit voll. Vielleicht passt eine andere, oder Sie schauen später wieder herein.",
    .du = "Die Gruppe ist zurzeit voll. Vielleicht passt eine andere, oder du schaust später wieder herein.",
    .leicht = "Die Gruppe ist voll. Bitte kommen Sie später wieder.",
    .en = "The group is full at the moment. Perhaps another one suits you, or come back later.",
}};
inline constexpr Phrase at_partner{{
    .sie = "Diese Gruppe gehört zu {}. Die Anfrage geht dorthin und nicht an uns.",
    .leicht = "Die Gruppe gehört zu {}. Sie fragen dort an.",
    .en = "This group belongs to {}. Your request goes there and not to us.",
}};
inline constexpr Phrase with_matrix{{
    .sie = "Sie haben schon ein Matrix-Konto? Klopfen Sie mit Ihrer App an {} an.",
    .du = "Du hast schon ein Matrix-Konto? Klopf mit deiner App an {} an.",
    .en = "You already have a Matrix account? Knock at {} with your app.",
}};
inline constexpr Phrase group_rules_title{{.sie = "Die Regeln der Gruppe", .en = "The group's rules"}};

}  // namespace runde::api::web::texts
