#pragma once
#include <deque>
#include <string>
#include <vector>

#include "schema/ids.hpp"
#include "storage/sync.hpp"

namespace runde::rooms {

/// The newest receipts of a room that is in memory, so that a /sync need not read them.
class ReceiptLog {
public:
    /// `floor`: the stream's head when the room came into memory; older receipts stand in the database alone.
    explicit ReceiptLog(schema::Position floor) : floor_(floor) {}

    void add(storage::StoredReceipt receipt) {
        receipts_.push_back(std::move(receipt));
        if (receipts_.size() <= most) return;
        floor_ = receipts_.front().pos;
        receipts_.pop_front();
    }
    bool reaches(schema::Position since) const { return since >= floor_; }
    /// Those in (since, up_to] that `reader` may see: everybody's public ones and the reader's private ones. Of
    /// several of one kind only the newest.
    std::vector<storage::StoredReceipt> after(schema::Position since, schema::Position up_to, std::string_view reader) const;

private:
    static constexpr std::size_t most = 512;
    std::deque<storage::StoredReceipt> receipts_;
    schema::Position floor_;
};

}  // namespace runde::rooms
