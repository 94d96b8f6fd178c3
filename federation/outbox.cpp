#include "federation/outbox.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schema/json.hpp"

namespace runde::federation {

using schema::quoted;

void Outbox::add(Pdu pdu, std::int64_t now) {
    newest_ = std::max(newest_, pdu.pos);
    if (behind_) return;  // It comes from the database.
    if (is_away(now) || queue_.size() >= most_queued) {
        drop_queue();
        return;
    }
    queue_.push_back(std::move(pdu));
}

void Outbox::drop_queue() {
    queue_.clear();
    covered_.reset();
    behind_ = true;
}

void Outbox::add_typing(const std::string& room, const std::string& user, bool typing, std::int64_t now) {
    if (is_away(now)) return;
    const std::pair key(room, user);
    if (typing_.size() >= most_typing && !typing_.contains(key)) return;
    typing_.insert_or_assign(key, Typing{typing, now + typing_life});
}

void Outbox::add_receipt(const std::string& room, const std::string& user, const std::string& thread, std::string event_id,
                         std::int64_t ts) {
    ReceiptKey key(room, user, thread);
    if (receipts_.size() >= (failure_ ? most_receipts_away : most_receipts) && !receipts_.contains(key)) return;
    receipts_.insert_or_assign(std::move(key), Receipt{std::move(event_id), ts});
}

void Outbox::add_edu(std::string json, std::int64_t now) {
    if (!is_away(now) && others_.size() < most_others) others_.push_back(std::move(json));
}

Outbox::Action Outbox::step(std::int64_t now) {
    if (is_busy()) return Rest{};
    std::erase_if(typing_, [&](const auto& entry) { return entry.second.until <= now; });
    if (!has_work()) return Rest{};
    if (is_away(now)) return Wait{failure_->retry_at};
    if (queue_.empty() && behind_) {
        loading_ = true;
        return Load{sent_};
    }
    return compose();
}

Outbox::Send Outbox::compose() {
    Send send;
    InFlight flight{.upto = sent_, .pdus = {}, .covered = {}, .receipts = {}};
    if (queue_.empty()) at_once_ = most_pdus;
    while (!queue_.empty() && send.pdus.size() < at_once_) {
        flight.upto = queue_.front().pos;
        send.pdus.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    flight.pdus = send.pdus;
    if (queue_.empty() && covered_) {
        flight.covered = std::exchange(covered_, std::nullopt);
        flight.upto = std::max(flight.upto, *flight.covered);
    }
    // After a refusal nothing else may be the reason for the next.
    if (at_once_ == most_pdus) compose_edus(send, flight);
    flight.edus = send.edus.size();
    in_flight_ = std::move(flight);
    return send;
}

void Outbox::compose_edus(Send& send, InFlight& flight) {
    while (!others_.empty() && send.edus.size() < most_edus) {
        send.edus.push_back(std::move(others_.front()));
        others_.pop_front();
    }
    for (auto entry = typing_.begin(); entry != typing_.end() && send.edus.size() < most_edus; entry = typing_.erase(entry))
        send.edus.push_back(fmt::format(R"({{"content":{{"room_id":{},"typing":{},"user_id":{}}},"edu_type":"m.typing"}})",
                                        quoted(entry->first.first), entry->second.typing, quoted(entry->first.second)));
    compose_receipts(send, flight);
}

/// One m.receipt can hold one receipt of a person in a room, so those of several threads go into several.
void Outbox::compose_receipts(Send& send, InFlight& flight) {
    while (!receipts_.empty() && send.edus.size() < most_edus) {
        std::map<std::string, std::map<std::string, std::string>> rooms;
        for (auto entry = receipts_.begin(); entry != receipts_.end();) {
            const auto& [room, user, thread] = entry->first;
            auto& place = rooms[room][user];
            if (!place.empty()) {
                ++entry;
                continue;
            }
            // In the order of canonical JSON: what is signed is these bytes.
            const auto thread_member = thread.empty() ? "" : fmt::format(R"("thread_id":{},)", quoted(thread));
            place = fmt::format(R"({{"data":{{{}"ts":{}}},"event_ids":[{}]}})", thread_member, entry->second.ts,
                                quoted(entry->second.event_id));
            flight.receipts.insert(receipts_.extract(entry++));
        }
        std::string content;
        for (const auto& [room, users] : rooms) {
            std::string list;
            for (const auto& [user, receipt] : users) list += (list.empty() ? "" : ",") + quoted(user) + ":" + receipt;
            content += fmt::format(R"({}{}:{{"m.read":{{{}}}}})", content.empty() ? "" : ",", quoted(room), list);
        }
        send.edus.push_back(fmt::format(R"({{"content":{{{}}},"edu_type":"m.receipt"}})", content));
    }
}

void Outbox::delivered(std::int64_t) {
    if (!in_flight_) return;
    sent_ = std::max(sent_, in_flight_->upto);
    in_flight_.reset();
    failure_.reset();
    at_once_ = std::min(most_pdus, at_once_ * 2);
}

void Outbox::refused() {
    if (!in_flight_) return;
    const auto n = in_flight_->pdus.size();
    if (n == 0 || (n == 1 && in_flight_->edus == 0)) {
        delivered(0);
        return;
    }
    at_once_ = std::max<std::size_t>(1, n / 2);
    queue_.insert(queue_.begin(), std::make_move_iterator(in_flight_->pdus.begin()),
                  std::make_move_iterator(in_flight_->pdus.end()));
    covered_ = in_flight_->covered;
    in_flight_.reset();
}

void Outbox::failed(std::int64_t now, double jitter) {
    if (!in_flight_) return;
    if (in_flight_->upto > sent_ || !queue_.empty()) drop_queue();
    receipts_.merge(in_flight_->receipts);  // A newer one of the same kind stays.
    in_flight_.reset();
    typing_.clear();
    others_.clear();
    pause(now, jitter);
}

void Outbox::pause(std::int64_t now, double jitter) {
    const auto length = failure_ ? std::min(failure_->pause * 2, longest_pause) : first_pause;
    const auto since = failure_ ? failure_->since : now;
    const auto retry_at = now + static_cast<std::int64_t>(static_cast<double>(length) * jitter);
    failure_ = Failure{since, retry_at, length, now, failure_ && failure_->contacted};
}

void Outbox::loaded(std::vector<Pdu> pdus, Position upto, bool complete) {
    if (!loading_) return;
    loading_ = false;
    queue_.assign(std::make_move_iterator(pdus.begin()), std::make_move_iterator(pdus.end()));
    if (!complete) return;  // Still behind: what follows is loaded when this is delivered.
    behind_ = newest_ > upto;
    if (queue_.empty())
        sent_ = std::max(sent_, upto);
    else
        covered_ = upto;
}

void Outbox::load_failed(std::int64_t now, double jitter) {
    loading_ = false;
    pause(now, jitter);
}

void Outbox::contact(std::int64_t now) {
    if (!failure_) return;
    const auto earliest = std::exchange(failure_->contacted, true) ? failure_->tried_at + least_pause : now;
    failure_->retry_at = std::min(failure_->retry_at, earliest);
}

bool Outbox::skip_to(Position upto) {
    if (behind_ || is_busy() || !queue_.empty() || upto <= sent_) return false;
    sent_ = upto;
    return true;
}

}  // namespace runde::federation
