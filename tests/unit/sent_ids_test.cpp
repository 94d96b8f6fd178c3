#include "core/rooms/sent_ids.hpp"

#include <doctest/doctest.h>

using runde::rooms::SentIds;
using runde::schema::DeviceNid;

namespace {
constexpr DeviceNid annas{1}, bens{2};
constexpr std::int64_t day = 24LL * 3600 * 1000;
}  // namespace

TEST_CASE("a new room knows that nobody has sent anything") {
    SentIds ids(true);
    CHECK_FALSE(ids.must_learn(annas));
    CHECK_FALSE(ids.may_have(annas, "t1"));
    ids.add(annas, "t1", day);
    CHECK(ids.may_have(annas, "t1"));
    CHECK_FALSE(ids.may_have(bens, "t1"));
    CHECK_FALSE(ids.may_have(annas, "t2"));
}

TEST_CASE("a room from the database learns what each device has sent") {
    SentIds ids;
    CHECK(ids.must_learn(annas));
    CHECK(ids.may_have(annas, "t1"));  // Not known yet.
    ids.learned(annas, {"t1", "t2"}, true);
    CHECK_FALSE(ids.must_learn(annas));
    CHECK(ids.may_have(annas, "t2"));
    CHECK_FALSE(ids.may_have(annas, "t3"));
    CHECK(ids.must_learn(bens));

    // Too many to learn: each one is asked for.
    ids.learned(bens, {"b1"}, false);
    CHECK_FALSE(ids.must_learn(bens));
    CHECK(ids.may_have(bens, "b2"));
}

TEST_CASE("an id is remembered for as long as storage keeps it, and not for ever") {
    SentIds ids(true);
    ids.add(annas, "t1", 10 * day);
    ids.add(annas, "t2", 11 * day);
    CHECK(ids.may_have(annas, "t1"));
    ids.add(annas, "t3", 12 * day);
    CHECK(ids.may_have(annas, "t2"));
    ids.add(annas, "t4", 14 * day);
    CHECK_FALSE(ids.may_have(annas, "t1"));
    CHECK(ids.may_have(annas, "t4"));
}

TEST_CASE("a room that has seen too much asks, until that is past") {
    SentIds ids(true, 2);
    ids.add(annas, "t1", 10 * day);
    ids.add(annas, "t2", 10 * day);
    CHECK_FALSE(ids.may_have(annas, "t9"));
    ids.add(annas, "t3", 10 * day);
    CHECK(ids.may_have(annas, "t9"));
    CHECK(ids.may_have(annas, "t3"));
    ids.add(annas, "t4", 12 * day);
    ids.add(annas, "t5", 14 * day);
    CHECK_FALSE(ids.may_have(annas, "t9"));
}
