#pragma once
#include <map>
#include <string>

#include "tests/support/test_server.hpp"

namespace runde::tests {

/// Keeps cookies and fills in forms; follows redirections. No script.
class Browser {
public:
    explicit Browser(TestServer& server) : server_(server) {}

    Answer get(const std::string& address) {
        page_ = ask("GET", address, "");
        for (int hops = 0; page_.status == 303 && hops < 3; ++hops)
            page_ = ask("GET", std::string(*page_.headers.find("Location")), "");
        return page_;
    }
    using Fields = std::map<std::string, std::string>;
    /// Sends a form of the page that was seen last, with its hidden token.
    Answer post(const std::string& address, Fields fields = {}) {
        if (!fields.contains("formular")) fields["formular"] = hidden("formular");
        std::string body;
        for (const auto& [name, value] : fields)
            body += (body.empty() ? "" : "&") + net::percent_encode(name) + "=" + net::percent_encode(value);
        page_ = ask("POST", address, body);
        if (page_.status == 303) return get(std::string(*page_.headers.find("Location")));
        return page_;
    }
    std::string hidden(const std::string& name) const {
        const auto key = "name=\"" + name + "\" value=\"";
        const auto at = page_.text.find(key);
        return at == std::string::npos
                   ? ""
                   : page_.text.substr(at + key.size(), page_.text.find('"', at + key.size()) - at - key.size());
    }
    std::string where() const { return at_; }

    std::map<std::string, std::string> cookies;
    std::string fetch_site = "same-origin";

private:
    Answer ask(std::string_view method, const std::string& address, std::string body) {
        net::Request request;
        request.method = method == "GET" ? net::Method::get : net::Method::post;
        request.target = address;
        request.path = address.substr(0, address.find_first_of("?#"));
        if (const auto question = address.find('?'); question != address.npos) {
            const auto query = address.substr(question + 1), name = query.substr(0, query.find('='));
            request.query.push_back({name, query.substr(name.size() + 1)});
        }
        request.client_address = "192.0.2.1";
        request.headers.add("Accept", "text/html");
        request.headers.add("Sec-Fetch-Site", fetch_site);
        if (method == "POST") request.headers.add("Content-Type", "application/x-www-form-urlencoded");
        std::string sent;
        for (const auto& [name, value] : cookies) sent += (sent.empty() ? "" : "; ") + name + "=" + value;
        if (!sent.empty()) request.headers.add("Cookie", sent);
        request.body = std::move(body);
        at_ = request.path;
        auto answer = server_.http(request);
        for (const auto& [name, line] : answer.headers) {
            if (name != "Set-Cookie") continue;
            const auto equals = line.find('=');
            const auto value = line.substr(equals + 1, line.find(';') - equals - 1);
            if (value.empty())
                cookies.erase(line.substr(0, equals));
            else
                cookies[line.substr(0, equals)] = value;
        }
        return answer;
    }

    TestServer& server_;
    Answer page_;
    std::string at_;
};

inline bool says(const Answer& answer, std::string_view text) { return answer.text.find(text) != std::string::npos; }

}  // namespace runde::tests
