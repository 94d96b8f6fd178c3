#include "api/web/view.hpp"

namespace runde::api::web {

namespace {

/// Collects lines of one kind and closes what it opened when another kind begins.
class ProseWriter {
public:
    explicit ProseWriter(int level) : level_(level) {}

    void line(std::string_view line) {
        while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
        if (line.empty()) return flush();
        if (line.starts_with("# ")) {
            flush();
            done_ += level_ == 2 ? html("<h2>{}</h2>", line.substr(2)) : html("<h3>{}</h3>", line.substr(2));
        } else if (line.starts_with("- ")) {
            if (!paragraph_.empty()) flush();
            items_ += html("<li>{}</li>", line.substr(2));
        } else {
            if (!items_.empty()) flush();
            paragraph_ += paragraph_.empty() ? html("{}", line) : html("<br>{}", line);
        }
    }
    Html finish() {
        flush();
        return std::move(done_);
    }

private:
    void flush() {
        if (!items_.empty()) done_ += html("<ul>{}</ul>", items_);
        if (!paragraph_.empty()) done_ += html("<p>{}</p>", paragraph_);
        items_ = paragraph_ = {};
    }
    int level_;
    Html done_, items_, paragraph_;
};

}  // namespace

Html prose(std::string_view text, int level) {
    ProseWriter writer(level);
    while (!text.empty()) {
        const auto end = text.find('\n');
        writer.line(text.substr(0, end));
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
    return writer.finish();
}

}  // namespace runde::api::web
