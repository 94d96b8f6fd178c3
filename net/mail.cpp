#include "net/mail.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <array>
#include <condition_variable>
#include <cstring>
#include <ctime>
#include <deque>
#include <mutex>
#include <thread>

#include "net/asio_bridge.hpp"
#include "schema/signing.hpp"

namespace runde::net {
namespace {

/// "post@x" of "Office <post@x>".
std::string_view address_of(std::string_view from) {
    const auto open = from.rfind('<');
    if (open == from.npos || !from.ends_with('>')) return from;
    return from.substr(open + 1, from.size() - open - 2);
}

bool is_plain(std::string_view text) {
    for (const char c : text)
        if (c < ' ' || c > '~') return false;
    return true;
}

std::string one_line(std::string_view text) {
    std::string line(text);
    for (auto& c : line)
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
    return line;
}

std::string padded_base64(std::string_view bytes) {
    auto text = schema::base64(bytes);
    while (text.size() % 4 != 0) text += '=';
    return text;
}

/// Text of a header, as encoded words where it is not ASCII (RFC 2047: at most 75 characters each, whole characters).
std::string header_text(std::string_view text) {
    const auto line = one_line(text);
    if (is_plain(line)) return line;
    std::string encoded;
    std::string_view rest = line;
    while (!rest.empty()) {
        std::size_t length = std::min<std::size_t>(rest.size(), 42);
        while (length < rest.size() && length > 0 && (static_cast<unsigned char>(rest[length]) & 0xc0) == 0x80) --length;
        if (!encoded.empty()) encoded += "\r\n ";
        encoded += "=?utf-8?B?" + padded_base64(rest.substr(0, length)) + "?=";
        rest.remove_prefix(length);
    }
    return encoded;
}

std::string from_header(std::string_view from) {
    const auto address = address_of(from);
    if (address == from) return std::string(from);
    auto name = from.substr(0, from.rfind('<'));
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (!is_plain(name)) return fmt::format("{} <{}>", header_text(name), address);
    std::string quoted;
    for (const char c : name)
        if (c != '"' && c != '\\') quoted += c;
    return fmt::format("\"{}\" <{}>", quoted, address);
}

std::string mail_date(std::int64_t ms) {
    const std::time_t seconds = ms / 1000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000", days[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                       months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

/// What libcurl reads the message from.
struct Source {
    std::string_view left;
    static std::size_t read(char* to, std::size_t size, std::size_t count, void* source) {
        auto& left = static_cast<Source*>(source)->left;
        const auto n = std::min(left.size(), size * count);
        std::memcpy(to, left.data(), n);
        left.remove_prefix(n);
        return n;
    }
};

/// Blocks until the mail server has taken the mail.
void deliver(const MailOptions& options, const Mail& mail, std::string_view message) {
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), curl_easy_cleanup);
    if (!curl) throw MailFailed("no memory for a mail");
    const auto set = [&](CURLoption option, auto value) {
        if (curl_easy_setopt(curl.get(), option, value) != CURLE_OK) throw MailFailed("the mail options are not usable");
    };
    const std::string sender(address_of(options.from));
    // The path is the name we say hello with. The machine's own name is nobody's business.
    const auto url = fmt::format("{}://{}:{}/{}", options.tls == MailTls::implicit ? "smtps" : "smtp", options.server, options.port,
                                 sender.substr(sender.find('@') + 1));
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
    set(CURLOPT_USE_SSL, static_cast<long>(options.tls == MailTls::none ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options.trusted_ca_file.empty()) {
        set(CURLOPT_CAINFO, options.trusted_ca_file.c_str());
        set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    if (!options.user.empty()) {
        set(CURLOPT_USERNAME, options.user.c_str());
        set(CURLOPT_PASSWORD, options.password.c_str());
    }
    set(CURLOPT_MAIL_FROM, sender.c_str());
    const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> recipients(curl_slist_append(nullptr, mail.to.c_str()),
                                                                                 curl_slist_free_all);
    set(CURLOPT_MAIL_RCPT, recipients.get());
    Source source{message};
    set(CURLOPT_READFUNCTION, &Source::read);
    set(CURLOPT_READDATA, static_cast<void*>(&source));
    set(CURLOPT_UPLOAD, 1L);

    const auto outcome = curl_easy_perform(curl.get());
    if (outcome == CURLE_OK) return;
    long answer = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer);
    const auto why = fmt::format("{} (answer {})", curl_easy_strerror(outcome), answer);
    // A wrong password of ours is the operator's to mend; the mail itself is good.
    if (answer >= 500 && answer < 600 && answer != 530 && answer != 535 && outcome != CURLE_LOGIN_DENIED &&
        outcome != CURLE_USE_SSL_FAILED)
        throw MailRefused(why);
    throw MailFailed(why);
}

}  // namespace

bool is_mail_address(std::string_view text) {
    const auto at = text.find('@');
    if (at == text.npos || at == 0 || at + 1 == text.size() || text.size() > 254 || text.find('@', at + 1) != text.npos)
        return false;
    for (const char c : text)
        if (c <= ' ' || c > '~' || std::string_view("\"(),:;<>[\\]").find(c) != std::string_view::npos) return false;
    const auto host = text.substr(at + 1);
    return !host.starts_with('.') && !host.ends_with('.') && host.find("..") == host.npos && !text.starts_with('-');
}

bool is_mail_sender(std::string_view text) {
    const auto bare = address_of(text);
    return is_mail_address(bare) && one_line(text) == text;
}

std::string render_mail(const Mail& mail, std::string_view from, std::string_view message_id, std::int64_t date_ms) {
    auto message = fmt::format(
        "Date: {}\r\nFrom: {}\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}>\r\n"
        // Nobody's absence note shall answer it (RFC 3834).
        "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n",
        mail_date(date_ms), from_header(one_line(from)), one_line(mail.to), header_text(mail.subject), message_id);
    std::string text;
    for (const char c : mail.text) text += c == '\n' ? "\r\n" : std::string(1, c);
    const auto encoded = padded_base64(text);
    for (std::size_t at = 0; at < encoded.size(); at += 76) message += encoded.substr(at, 76) + "\r\n";
    return message;
}

struct Mailer::Impl {
    Impl(Runtime& of, MailOptions what) : runtime(of), options(std::move(what)) {
        if (options.server.empty()) return;
        curl_global_init(CURL_GLOBAL_DEFAULT);
        thread = std::thread([this] { work(); });
    }
    ~Impl() {
        if (!thread.joinable()) return;
        {
            const std::lock_guard lock(mutex);
            stopping = true;
        }
        changed.notify_all();
        thread.join();
        curl_global_cleanup();
    }

    void work() {
        std::unique_lock lock(mutex);
        for (;;) {
            changed.wait(lock, [this] { return stopping || !queue.empty(); });
            if (stopping) return;
            const auto next = std::move(queue.front());
            queue.pop_front();
            lock.unlock();
            next();
            lock.lock();
        }
    }

    bool submit(std::function<void()> job) {
        const std::lock_guard lock(mutex);
        if (queue.size() >= queue_limit) return false;
        queue.push_back(std::move(job));
        changed.notify_one();
        return true;
    }

    Runtime& runtime;
    const MailOptions options;
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::function<void()>> queue;
    bool stopping = false;
    std::thread thread;
};

Mailer::Mailer(Runtime& runtime, MailOptions options) : impl_(std::make_unique<Impl>(runtime, std::move(options))) {}
Mailer::~Mailer() = default;

bool Mailer::is_on() const { return !impl_->options.server.empty(); }

Task<> Mailer::send(Mail mail) {
    if (!is_on()) throw MailFailed("no mail server is configured");
    if (!is_mail_address(mail.to)) throw MailRefused("not an address");
    struct Delivery {
        Mail mail;
        std::string message;
        std::exception_ptr error;
    };
    // Shared with the other thread, because this coroutine may be destroyed (shutdown) while it still sends.
    const auto delivery = std::make_shared<Delivery>();
    const std::string sender(address_of(impl_->options.from));
    delivery->message =
        render_mail(mail, impl_->options.from, fmt::format("{}@{}", schema::random_token(24), sender.substr(sender.find('@') + 1)),
                    impl_->runtime.clock().now_ms());
    delivery->mail = std::move(mail);
    bool refused = false;
    const auto start = [this, delivery, &refused](std::function<void()> resume) {
        const auto both = [this, delivery, resume] {
            try {
                deliver(impl_->options, delivery->mail, delivery->message);
            } catch (...) {
                delivery->error = std::current_exception();
            }
            resume();
        };
        if (!impl_->submit(both)) {
            refused = true;
            resume();
        }
    };
    co_await suspend(start);
    if (refused) throw MailFailed("too many mails are waiting");
    if (delivery->error) std::rethrow_exception(delivery->error);
}

}  // namespace runde::net
