#include "core/rooms/reading.hpp"

#include <algorithm>

namespace runde::rooms {
namespace {

constexpr EventNid main_line{0};

int baseline(const Reading& reading) { return reading.push_class & PushClass::baseline_bits; }

/// Adds what an exception says beside what the common count says of the same event.
void add(Counts& counts, const Reading::Exception& exception, bool baseline_counts) {
    const bool in_baseline = exception.counted && baseline_counts;
    if (exception.kind > 0 && !in_baseline) ++counts.notifications;
    if (exception.kind < 0 && in_baseline) --counts.notifications;
    if (exception.kind == 2) ++counts.highlights;
}

}  // namespace

const Reading::Thread* Reading::thread(EventNid root) const {
    const auto found = threads.find(root);
    return found == threads.end() || found->second.read_ord < all_ord ? nullptr : &found->second;
}

Ord Reading::read_in(EventNid root) const {
    if (root == main_line) return read_ord;
    const auto* own = thread(root);
    return own ? own->read_ord : all_ord;
}

bool Reading::read_main(Ord ord, int n_main) {
    if (ord <= read_ord) return false;
    read_ord = ord;
    base_main = n_main;
    forget_read_exceptions();
    return true;
}

void Reading::give_place(EventNid root, int n_thread) {
    if (!thread(root)) threads.insert_or_assign(root, Thread{all_ord, n_thread});
}

bool Reading::read_thread(EventNid root, Ord ord, int n_thread) {
    if (ord <= read_in(root)) return false;
    const auto* own = thread(root);
    base_threads += n_thread - (own ? own->base : 0);
    threads.insert_or_assign(root, Thread{ord, n_thread});
    if (unread_threads) unread_threads.reset();
    forget_read_exceptions();
    return true;
}

std::vector<EventNid> Reading::read_beyond(Ord ord) const {
    std::vector<EventNid> roots;
    for (const auto& [root, place] : threads)
        if (place.read_ord > ord) roots.push_back(root);
    return roots;
}

bool Reading::read_all(Ord ord, int n_main, int n_all, const std::map<EventNid, int>& n_at) {
    const bool main = read_main(ord, n_main);
    if (ord <= all_ord) return main;
    all_ord = ord;
    base_threads = n_all - n_main;
    std::erase_if(threads, [&](const auto& entry) { return entry.second.read_ord <= ord; });
    for (const auto& [root, place] : threads) {
        const auto before = n_at.find(root);
        base_threads += place.base - (before == n_at.end() ? 0 : before->second);
    }
    unread_threads.reset();
    forget_read_exceptions();
    return true;
}

void Reading::forget_read_exceptions() {
    std::erase_if(exceptions, [&](const Exception& exception) { return exception.ord <= read_in(exception.root); });
}

std::map<EventNid, Reading::UnreadThread> unread_threads_of(const Reading& reading, const std::vector<ThreadCounter>& threads) {
    std::map<EventNid, Reading::UnreadThread> unread;
    for (const auto& thread : threads) {
        const auto* own = reading.thread(thread.root);
        const int n = thread.n - (own ? own->base : thread.n_before);
        if (n > 0) unread.emplace(thread.root, Reading::UnreadThread{thread.root_id, n});
    }
    return unread;
}

Unread unread_of(const Reading& reading, int n_main, int n_all, const Withdrawn& withdrawn) {
    Unread unread;
    if (baseline(reading) == PushClass::muted) return unread;
    const bool counts_all = baseline(reading) == PushClass::all;
    if (counts_all) {
        unread.main.notifications = n_main - reading.base_main;
        unread.threads.notifications = reading.unread_in_threads(n_main, n_all);
        for (auto entry = withdrawn.upper_bound(std::min(reading.read_ord, reading.all_ord)); entry != withdrawn.end(); ++entry)
            if (entry->first > reading.read_in(entry->second))
                --(entry->second == main_line ? unread.main : unread.threads).notifications;
    }
    for (const auto& exception : reading.exceptions)
        if (exception.ord > reading.read_in(exception.root))
            add(exception.root == main_line ? unread.main : unread.threads, exception, counts_all);
    unread.main.notifications = std::max(unread.main.notifications, 0);
    unread.threads.notifications = std::max(unread.threads.notifications, 0);
    return unread;
}

std::map<std::string, Counts> unread_by_thread(const Reading& reading, const Withdrawn& withdrawn) {
    std::map<std::string, Counts> counts;
    if (baseline(reading) == PushClass::muted) return counts;
    const bool counts_all = baseline(reading) == PushClass::all;
    if (counts_all && reading.unread_threads) {
        for (const auto& [root, unread] : *reading.unread_threads) counts[unread.root_id].notifications = unread.n;
        for (auto entry = withdrawn.upper_bound(reading.all_ord); entry != withdrawn.end(); ++entry) {
            const auto thread = reading.unread_threads->find(entry->second);
            if (thread != reading.unread_threads->end() && entry->first > reading.read_in(entry->second))
                --counts[thread->second.root_id].notifications;
        }
    }
    for (const auto& exception : reading.exceptions)
        if (exception.root != main_line && exception.ord > reading.read_in(exception.root))
            add(counts[exception.root_id], exception, counts_all);
    std::erase_if(counts, [](const auto& entry) { return entry.second.notifications <= 0 && entry.second.highlights <= 0; });
    return counts;
}

}  // namespace runde::rooms
