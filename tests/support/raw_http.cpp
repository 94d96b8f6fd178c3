#include "tests/support/raw_http.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cctype>
#include <stdexcept>
#include <utility>

namespace runde::tests {

RawHttp::RawHttp(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{10, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("cannot connect");
}

RawHttp::RawHttp(RawHttp&& other) noexcept : socket_(std::exchange(other.socket_, -1)), received_(std::move(other.received_)) {}

RawHttp::~RawHttp() { close(); }

void RawHttp::close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

std::string RawHttp::Answer::errcode() const {
    boost::system::error_code error;
    const auto json = boost::json::parse(body, error);
    if (error || !json.is_object() || !json.as_object().contains("errcode")) return "";
    return std::string(json.at("errcode").as_string());
}

void RawHttp::send(std::string_view bytes) {
    if (send_as_much_as_possible(bytes) != bytes.size()) throw std::runtime_error("the server does not read on");
}

std::size_t RawHttp::send_as_much_as_possible(std::string_view bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const auto now = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (now <= 0) break;
        sent += static_cast<std::size_t>(now);
    }
    return sent;
}

bool RawHttp::fill() {
    char buffer[16384];
    const auto got = recv(socket_, buffer, sizeof buffer, 0);
    if (got < 0) throw std::runtime_error("no answer within 10 seconds, or the connection was reset");
    received_.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
}

std::string RawHttp::take(std::size_t bytes) {
    while (received_.size() < bytes)
        if (!fill()) throw std::runtime_error("the server closed in the middle of an answer");
    auto taken = received_.substr(0, bytes);
    received_.erase(0, bytes);
    return taken;
}

std::string RawHttp::take_line() {
    std::size_t end = 0;
    while ((end = received_.find("\r\n")) == std::string::npos)
        if (!fill()) throw std::runtime_error("the server closed in the middle of an answer");
    auto line = take(end);
    take(2);
    return line;
}

RawHttp::Answer RawHttp::receive(bool head_only) {
    Answer answer;
    do {  // "100 Continue" is no answer yet.
        const auto status_line = take_line();
        if (!status_line.starts_with("HTTP/1.1 ")) throw std::runtime_error("no HTTP answer: " + status_line);
        answer.status = std::stoi(status_line.substr(9));
        for (auto line = take_line(); !line.empty(); line = take_line()) {
            const auto colon = line.find(':');
            auto name = line.substr(0, colon);
            std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
            answer.headers[name] = line.substr(line.find_first_not_of(' ', colon + 1));
        }
    } while (answer.status == 100);
    if (head_only || answer.status == 204 || answer.status == 304) return answer;
    if (answer.headers.contains("content-length")) {
        answer.body = take(std::stoul(answer.headers["content-length"]));
    } else if (answer.headers["transfer-encoding"] == "chunked") {
        for (auto size = std::stoul(take_line(), nullptr, 16); size > 0; size = std::stoul(take_line(), nullptr, 16)) {
            answer.body += take(size);
            take(2);
        }
        take(2);
    } else {
        while (fill()) {
        }
        answer.body = std::exchange(received_, {});
    }
    return answer;
}

bool RawHttp::is_closed_by_server() { return received_.empty() && !fill(); }
void RawHttp::finish_sending() { shutdown(socket_, SHUT_WR); }

std::string RawHttp::get(std::string_view path, std::string_view more_headers) {
    return fmt::format("GET {} HTTP/1.1\r\nHost: hearth.test\r\n{}\r\n", path, more_headers);
}

std::string RawHttp::post(std::string_view path, std::string_view body, std::string_view more_headers) {
    return fmt::format("POST {} HTTP/1.1\r\nHost: hearth.test\r\nContent-Length: {}\r\n{}\r\n{}", path, body.size(), more_headers,
                       body);
}

}  // namespace runde::tests
