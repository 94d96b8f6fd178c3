#include "tests/bench/http.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <system_error>

namespace runde::bench {

Target::Target(std::string_view url) {
    constexpr std::string_view scheme = "http://";
    if (!url.starts_with(scheme)) throw std::runtime_error("the server's URL must begin with http://");
    auto rest = url.substr(scheme.size());
    rest = rest.substr(0, rest.find('/'));
    host_ = rest;
    const auto colon = rest.rfind(':');
    const std::string name(rest.substr(0, colon)), port(colon == rest.npos ? "80" : rest.substr(colon + 1));
    addrinfo wanted{}, *found = nullptr;
    wanted.ai_family = AF_INET;
    wanted.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(name.c_str(), port.c_str(), &wanted, &found) != 0 || !found)
        throw std::runtime_error("cannot resolve " + host_);
    address_ = *reinterpret_cast<sockaddr_in*>(found->ai_addr);
    freeaddrinfo(found);
}

void Connection::drop() {
    if (file_ >= 0) close(file_);
    file_ = -1;
    in_.clear();
}

Task<> Connection::open() {
    file_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (file_ < 0) throw std::system_error(errno, std::generic_category(), "socket");
    const int yes = 1;
    setsockopt(file_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    loop_.watch(file_, watched_);
    const auto& address = target_.address();
    if (connect(file_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        if (errno != EINPROGRESS) throw std::system_error(errno, std::generic_category(), "connect");
        co_await loop_.writable(watched_);
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(file_, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) throw std::system_error(error, std::generic_category(), "connect");
    }
}

Task<> Connection::write(std::string_view text) {
    while (!text.empty()) {
        const auto sent = send(file_, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            text.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN) {
            co_await loop_.writable(watched_);
        } else {
            throw std::system_error(errno, std::generic_category(), "send");
        }
    }
}

Task<> Connection::fill() {
    for (;;) {
        const auto before = in_.size();
        const std::size_t room = before < 16 * 1024 ? 16 * 1024 : 256 * 1024;
        in_.resize(before + room);
        const auto got = recv(file_, in_.data() + before, room, 0);
        in_.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
        if (got > 0) co_return;
        if (got == 0) throw std::runtime_error("the server closed the connection");
        if (errno != EAGAIN) throw std::system_error(errno, std::generic_category(), "recv");
        co_await loop_.readable(watched_);
    }
}

namespace {

/// The value of a header in the head of an answer, names in any case.
std::string_view header(std::string_view head, std::string_view name) {
    for (std::size_t at = head.find("\r\n"); at != head.npos && at + 2 < head.size(); at = head.find("\r\n", at + 2)) {
        const auto line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
        if (line.size() <= name.size() || line[name.size()] != ':') continue;
        if (strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
        const auto value = line.substr(name.size() + 1);
        return value.substr(std::min(value.find_first_not_of(' '), value.size()));
    }
    return {};
}

std::size_t number(std::string_view text, int base) {
    std::size_t value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value, base).ec != std::errc())
        throw std::runtime_error("not an HTTP answer");
    return value;
}

}  // namespace

Task<std::string> Connection::read_chunks(std::size_t at) {
    std::string body;
    for (;;) {
        std::size_t end;
        while ((end = in_.find("\r\n", at)) == std::string::npos) co_await fill();
        const auto size = number(std::string_view(in_).substr(at, end - at), 16);
        at = end + 2;
        while (in_.size() < at + size + 2) co_await fill();
        body.append(in_, at, size);
        at += size + 2;
        if (size == 0) break;
    }
    in_.erase(0, at);
    co_return body;
}

Task<Answer> Connection::read_answer() {
    std::size_t end;
    while ((end = in_.find("\r\n\r\n")) == std::string::npos) co_await fill();
    const std::string head = in_.substr(0, end);
    Answer answer;
    answer.status = static_cast<int>(number(std::string_view(head).substr(std::min<std::size_t>(9, head.size()), 3), 10));
    const bool closes = header(head, "Connection") == "close";
    if (const auto length = header(head, "Content-Length"); !length.empty()) {
        const auto size = number(length, 10);
        while (in_.size() < end + 4 + size) co_await fill();
        answer.body = in_.substr(end + 4, size);
        in_.erase(0, end + 4 + size);
    } else {
        auto body = co_await read_chunks(end + 4);
        answer.body = std::move(body);
    }
    if (closes) drop();
    co_return answer;
}

Task<Answer> Connection::request(std::string_view method, std::string_view path, std::string_view token, std::string_view body) {
    auto text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", method, path, target_.host());
    if (!token.empty()) text += fmt::format("Authorization: Bearer {}\r\n", token);
    if (method != "GET") text += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
    text += "\r\n";
    text += body;
    try {
        if (file_ < 0) co_await open();
        co_await write(text);
        auto answer = co_await read_answer();
        co_return answer;
    } catch (...) {
        drop();
        throw;
    }
}

std::string_view field(std::string_view json, std::string_view name) {
    const auto key = fmt::format("\"{}\"", name);
    auto at = json.find(key);
    if (at == json.npos) return {};
    at = json.find('"', json.find(':', at + key.size()));
    if (at == json.npos) return {};
    return json.substr(at + 1, json.find('"', at + 1) - at - 1);
}

std::string percent_encoded(std::string_view text) {
    std::string encoded;
    for (const unsigned char c : text) {
        if (std::isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~')
            encoded += static_cast<char>(c);
        else
            encoded += fmt::format("%{:02X}", c);
    }
    return encoded;
}

}  // namespace runde::bench
