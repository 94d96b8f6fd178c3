#pragma once
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "net/runtime.hpp"

namespace runde::net {

/// How the connection to the mail server is protected.
enum class MailTls {
    starttls,  ///< Plain at first, then TLS; no TLS, no mail.
    implicit,  ///< TLS from the first byte (port 465).
    none,      ///< Only for a mail server on this machine.
};

struct MailOptions {
    std::string server;                    ///< Empty: no mail is sent.
    std::uint16_t port = 587;
    MailTls tls = MailTls::starttls;
    std::string user, password;            ///< Empty: without signing in.
    std::string from;                      ///< "office@hearth.example" or "Office <office@hearth.example>"
    std::string trusted_ca_file;           ///< Instead of the system's certificate authorities.
    Milliseconds timeout{30'000};          ///< For one mail, all in all.
};

struct Mail {
    std::string to;       ///< An address that is_mail_address().
    std::string subject;  ///< UTF-8, one line.
    std::string text;     ///< UTF-8, plain.
};

/// The mail server does not want this mail (5xx): trying again is of no use. The text names no address.
struct MailRefused : std::runtime_error {
    using std::runtime_error::runtime_error;
};
/// It could not be reached, spoke no TLS, has the wrong certificate, does not know us, or asks to come back later.
struct MailFailed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// "name@host" as a mail server takes it: ASCII, one "@", no blanks, quotes or control characters, at most 254 bytes.
bool is_mail_address(std::string_view text);

/// The same, also with a name before it: "Office <office@hearth.example>".
bool is_mail_sender(std::string_view text);

/// Sends mails by SMTP, one after the other, on a thread of its own: a slow mail server holds up nothing but mails.
/// Nothing is kept: what must not be lost is a job (core/selfhelp/jobs).
class Mailer {
public:
    static constexpr std::size_t queue_limit = 64;

    Mailer(Runtime& runtime, MailOptions options);
    ~Mailer();  ///< Waits for the mail under way, at most its timeout.
    Mailer(const Mailer&) = delete;
    Mailer& operator=(const Mailer&) = delete;

    /// False: no mail server is configured; send() then throws MailFailed.
    bool is_on() const;
    /// Returns when the mail server has taken the mail. Throws MailRefused, MailFailed (also when the queue is full).
    Task<> send(Mail mail);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The message as it goes to the mail server (RFC 5322, MIME); `date_ms` for its Date. Lines end with CRLF.
std::string render_mail(const Mail& mail, std::string_view from, std::string_view message_id, std::int64_t date_ms);

}  // namespace runde::net
