#include "core/selfhelp/admission_texts.hpp"

#include <fmt/format.h>

#include <ctime>

namespace runde::selfhelp::admission {
namespace {

struct InRegisters {
    std::string_view what, sie, du, leicht, en;
};

// {group}, {said}, {link} and {when} are filled in. A refusal names no person, no number and nothing about the group.
constexpr InRegisters texts[] = {
    {"received",
     "Danke für Ihre Anfrage an „{group}“. Sie ist angekommen. Hier lesen nur Sie und die Menschen, die neue Mitglieder begleiten; "
     "die "
     "Gruppe sieht nichts davon. Sie können hier schreiben, Ihre Angaben ändern oder die Anfrage zurückziehen, jederzeit.",
     "Danke für deine Anfrage an „{group}“. Sie ist angekommen. Hier lesen nur du und die Menschen, die neue Mitglieder begleiten; "
     "die "
     "Gruppe sieht nichts davon. Du kannst hier schreiben, deine Angaben ändern oder die Anfrage zurückziehen, jederzeit.",
     "Danke für Ihre Anfrage an „{group}“. Die Anfrage ist da. Hier lesen nur Sie und das Team. Die Gruppe liest hier nicht mit. "
     "Sie können "
     "hier schreiben. Sie können die Anfrage zurücknehmen. Das geht immer.",
     "Thank you for asking to join “{group}”. Your application has arrived. Only you and the people who accompany newcomers read "
     "here; "
     "the group sees nothing of it. You can write here, change what you said or withdraw, at any time."},
    {"corrected", "Ihre Angaben sind geändert.", "Deine Angaben sind geändert.", "Ihre Angaben sind geändert.",
     "What you said has been changed."},
    {"slot_picked", "Das Gespräch ist vereinbart: {when}.", "Das Gespräch ist vereinbart: {when}.",
     "Der Termin für das Gespräch ist: {when}.", "The interview is agreed: {when}."},
    {"slot_given_back", "Der Termin ist abgesagt. Sie können einen anderen wählen.",
     "Der Termin ist abgesagt. Du kannst einen anderen wählen.", "Der Termin fällt aus. Sie können einen anderen Termin wählen.",
     "The appointment is cancelled. You can pick another one."},
    {"interviewed", "Danke für das Gespräch. Über die Aufnahme wird nun entschieden.",
     "Danke für das Gespräch. Über die Aufnahme wird nun entschieden.", "Danke für das Gespräch. Das Team entscheidet jetzt.",
     "Thank you for the talk. A decision will follow."},
    {"waiting",
     "Das Team möchte Sie gern aufnehmen. Zurzeit ist kein Platz frei; sobald einer frei wird, sind Sie dabei. Von Zeit zu "
     "Zeit fragen wir hier, ob Sie noch warten möchten; antworten Sie dann bitte, sonst löscht sich die Anfrage.",
     "Das Team möchte dich gern aufnehmen. Zurzeit ist kein Platz frei; sobald einer frei wird, bist du dabei. Von Zeit zu "
     "Zeit fragen wir hier, ob du noch warten möchtest; antworte dann bitte, sonst löscht sich die Anfrage.",
     "Das Team möchte Sie aufnehmen. Im Moment ist kein Platz frei. Sie stehen auf der Warteliste. Wird ein Platz frei, dann sind "
     "Sie dabei. Manchmal fragen wir: Wollen Sie noch warten? Dann antworten Sie bitte. Sonst wird Ihre Anfrage gelöscht.",
     "The team would like to have you. There is no seat at the moment; as soon as there is one you are in. From time "
     "to time we ask here whether you still want to wait; please answer then, or the application erases itself."},
    {"admitted", "Willkommen! Sie sind in „{group}“ aufgenommen. Die Einladungen in die Räume der Gruppe sind unterwegs. {said}",
     "Willkommen! Du bist in „{group}“ aufgenommen. Die Einladungen in die Räume der Gruppe sind unterwegs. {said}",
     "Willkommen! Sie sind jetzt in der Gruppe „{group}“. Sie bekommen Einladungen in die Räume der Gruppe. {said}",
     "Welcome! You have been admitted to “{group}”. Invitations to the group's rooms are on their way. {said}"},
    {"declined",
     "Diese Gruppe kann Sie nicht aufnehmen. Das sagt nichts über Sie und Ihr Anliegen. {said} Ihre Angaben und dieser Raum werden "
     "in "
     "einigen Tagen gelöscht. Die Kontaktstelle hilft Ihnen gern, etwas Passendes zu finden.",
     "Diese Gruppe kann dich nicht aufnehmen. Das sagt nichts über dich und dein Anliegen. {said} Deine Angaben und dieser Raum "
     "werden in "
     "einigen Tagen gelöscht. Die Kontaktstelle hilft dir gern, etwas Passendes zu finden.",
     "Sie können in dieser Gruppe nicht mitmachen. Sie haben nichts falsch gemacht. {said} Ihre Angaben werden in einigen Tagen "
     "gelöscht. "
     "Die Kontaktstelle hilft Ihnen weiter.",
     "This group cannot admit you. That says nothing about you and what you need. {said} What you told us and this room will be "
     "erased "
     "in some days. The contact office will gladly help you find something that fits."},
    {"reminder",
     "Wir haben länger nichts von Ihnen gehört. Möchten Sie Ihre Anfrage aufrechterhalten? Schreiben Sie hier ein Wort; sonst wird "
     "sie in "
     "einigen Tagen mit allen Angaben gelöscht.",
     "Wir haben länger nichts von dir gehört. Möchtest du deine Anfrage aufrechterhalten? Schreib hier ein Wort; sonst wird sie in "
     "einigen "
     "Tagen mit allen Angaben gelöscht.",
     "Wir haben lange nichts von Ihnen gehört. Wollen Sie noch in die Gruppe? Dann schreiben Sie hier ein Wort. Sonst wird Ihre "
     "Anfrage "
     "gelöscht.",
     "We have not heard from you for a while. Do you still want to join? Write a word here; otherwise your application and "
     "everything you "
     "told us will be erased in some days."},
};

std::string_view pick(const InRegisters& text, Register way) {
    switch (way) {
        case Register::sie: return text.sie;
        case Register::du: return text.du;
        case Register::leicht: return text.leicht;
        case Register::en: return text.en;
    }
    return text.sie;
}

void fill(std::string& text, std::string_view name, std::string_view value) {
    for (auto at = text.find(name); at != text.npos; at = text.find(name, at + value.size())) text.replace(at, name.size(), value);
}

}  // namespace

NoticeText notice(std::string_view what, Register way, const About& about) {
    for (const auto& text : texts) {
        if (text.what != what) continue;
        std::string plain(pick(text, way));
        fill(plain, "{group}", about.group);
        fill(plain, "{when}", about.when);
        fill(plain, "{said}", about.said);
        for (auto at = plain.find("  "); at != plain.npos; at = plain.find("  ")) plain.erase(at, 1);
        while (plain.ends_with(' ')) plain.pop_back();
        return {plain};
    }
    return {};
}

NoticeText questions(Register way, const std::vector<Field>& fields) {
    if (fields.empty()) return {};
    std::string text;
    switch (way) {
        case Register::sie:
            text = "Das fragt die Gruppe alle, die neu kommen. Schreiben Sie hier, was Sie davon erzählen möchten:";
            break;
        case Register::du: text = "Das fragt die Gruppe alle, die neu kommen. Schreib hier, was du davon erzählen möchtest:"; break;
        case Register::leicht: text = "Die Gruppe hat Fragen. Sie können die Fragen hier beantworten:"; break;
        case Register::en: text = "This is what the group asks newcomers. Write here what you would like to tell:"; break;
    }
    for (const auto& field : fields) {
        const bool english = way == Register::en && !field.label_en.empty();
        text += fmt::format("\n– {} ({})", english ? field.label_en : field.label,
                            english && !field.reason_en.empty() ? field.reason_en : field.reason);
    }
    return {text};
}

net::Mail mail(std::string to, Register way, const About& about) {
    std::string text;
    switch (way) {
        case Register::sie: text = "Guten Tag,\n\nes gibt eine neue Nachricht für Sie."; break;
        case Register::du: text = "Hallo,\n\nes gibt eine neue Nachricht für dich."; break;
        case Register::leicht: text = "Guten Tag,\n\nSie haben eine neue Nachricht."; break;
        case Register::en: text = "Hello,\n\nthere is a new message for you."; break;
    }
    const bool english = way == Register::en;
    if (!about.link.empty()) text += (english ? " You can read it here:\n" : " Lesen können Sie sie hier:\n") + about.link;
    if (way == Register::du && !about.link.empty()) fill(text, "Lesen können Sie sie hier", "Lesen kannst du sie hier");
    text += english ? "\n\nThis mail says no more than that, on purpose. You cannot answer it.\n"
                    : "\n\nMehr steht mit Absicht nicht in dieser Mail. Antworten auf sie liest niemand.\n";
    return {std::move(to), english ? "New message" : "Neue Nachricht", std::move(text)};
}

std::string reception_name(Register way, std::string_view group) {
    return way == Register::en ? fmt::format("Reception: {}", group) : fmt::format("Empfang: {}", group);
}

std::string calendar_title(Register way) { return way == Register::en ? "Talk" : "Gespräch"; }

std::string local_time(std::int64_t ms, Register way) {
    const auto last_sunday = [](int year, int month) {
        std::tm day{};
        day.tm_year = year - 1900;
        day.tm_mon = month - 1;
        day.tm_mday = 31;  // March and October have 31 days.
        day.tm_hour = 1;   // 01:00 UTC, when clocks change in the European Union.
        const auto end = timegm(&day);
        return end - std::int64_t{day.tm_wday} * 24 * 3600;
    };
    std::time_t seconds = ms / 1000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    const bool summer = seconds >= last_sunday(utc.tm_year + 1900, 3) && seconds < last_sunday(utc.tm_year + 1900, 10);
    seconds += summer ? 7200 : 3600;
    std::tm local{};
    gmtime_r(&seconds, &local);
    return way == Register::en ? fmt::format("{:04}-{:02}-{:02}, {:02}:{:02} (Berlin)", local.tm_year + 1900, local.tm_mon + 1,
                                             local.tm_mday, local.tm_hour, local.tm_min)
                               : fmt::format("{:02}.{:02}.{:04}, {:02}:{:02} Uhr", local.tm_mday, local.tm_mon + 1,
                                             local.tm_year + 1900, local.tm_hour, local.tm_min);
}

}  // namespace runde::selfhelp::admission
