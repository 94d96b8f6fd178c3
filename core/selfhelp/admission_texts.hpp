#pragma once
#include <string>
#include <string_view>

#include "core/selfhelp/admission.hpp"
#include "core/selfhelp/service_account.hpp"
#include "core/selfhelp/texts.hpp"
#include "net/mail.hpp"

/// What the server itself says to an applicant, in the register they chose.
namespace runde::selfhelp::admission {

/// What is filled into the texts.
struct About {
    std::string group;       ///< The group's name, as on its card.
    std::string link;        ///< Where to read and answer; may be empty.
    std::string said = {};   ///< What somebody of the team wrote, for "admitted" and "declined".
    std::string when = {};   ///< Of the interview.
};

/// The notice in the reception for a line of the log (admission::Step::log), and for "reminder"; empty for what needs none.
NoticeText notice(std::string_view what, Register way, const About& about);
/// What the form asks, for somebody who came by knocking and has not seen it.
NoticeText questions(Register way, const std::vector<Field>& fields);
/// A mail says that there is news, and where; nothing of what it is, not even which group.
net::Mail mail(std::string to, Register way, const About& about);
std::string reception_name(Register way, std::string_view group);
std::string calendar_title(Register way);

/// "2026-11-23 18:30" in Central European time, as a German reader expects it: "23.11.2026, 18:30 Uhr".
std::string local_time(std::int64_t ms, Register way);

}  // namespace runde::selfhelp::admission
