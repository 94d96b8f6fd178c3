#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace runde::tests {

/// A client that sends exactly the bytes it is told to, for what no proper HTTP library would send. Blocking,
/// with a time limit of 10 seconds on everything; throws std::runtime_error.
class RawHttp {
public:
    explicit RawHttp(std::uint16_t port);
    RawHttp(RawHttp&& other) noexcept;
    ~RawHttp();

    struct Answer {
        int status = 0;
        std::map<std::string, std::string> headers;  ///< Names in lower case.
        std::string body;
        std::string errcode() const;  ///< Of a Matrix error; "" if there is none.
    };

    void send(std::string_view bytes);
    /// Sends what the socket takes until the server closes or has had enough; returns how much it was.
    std::size_t send_as_much_as_possible(std::string_view bytes);
    /// The next answer, also chunked or until the end of the connection. `head_only`: of a HEAD request.
    Answer receive(bool head_only = false);
    Answer ask(std::string_view bytes) {
        send(bytes);
        return receive();
    }
    /// Waits until the server has closed the connection (true) or sends something else (false).
    bool is_closed_by_server();
    /// Half-closes: no more will be sent.
    void finish_sending();
    void close();

    /// "GET PATH HTTP/1.1" with a Host and an empty body.
    static std::string get(std::string_view path, std::string_view more_headers = "");
    static std::string post(std::string_view path, std::string_view body, std::string_view more_headers = "");

private:
    std::string take(std::size_t bytes);
    std::string take_line();
    bool fill();

    int socket_;
    std::string received_;
};

}  // namespace runde::tests
