// tests/broker/sleepers_test.cc: who is woken, and who is left to sleep.
//
// In one thread, on bus and mailbox as they are. That no wake-up is lost between threads is shown
// by tests/stress and tests/model.
#include "broker/sleepers.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <vector>

#include "broker/bus.h"
#include "core/mailbox.h"

namespace fanfare {
namespace {

struct Plain {
  void unref() const {}
  std::size_t bytes() const { return 1; }
};

constexpr TopicHash wanted{1}, unwanted{2};

class SleepersTest : public testing::Test {
 protected:
  static BusOptions options() {
    BusOptions made;
    made.slots = 16;
    made.workers = 3;
    return made;
  }
  bool lie_down(unsigned worker) { return sleepers_.lie_down(worker, bus_, mailboxes_[worker]); }
  void release(TopicHash topic) {
    const auto index = bus_.claim(1, 1);
    ASSERT_TRUE(index.has_value());
    bus_.release(*index, &event_, topic);
  }
  std::vector<unsigned> woken_for(TopicHash topic) {
    std::vector<unsigned> woken;
    const std::array<TopicHash, 1> topics{topic};
    const unsigned count = wake_readers(sleepers_, bus_, std::span<const InterestFilter>(filters_),
                                        topics, [&](unsigned worker) { woken.push_back(worker); });
    EXPECT_EQ(count, woken.size());
    return woken;
  }

  const Plain event_{};
  BasicBus<Plain> bus_{options()};
  Sleepers sleepers_;
  std::array<InterestFilter, 3> filters_;
  std::array<Mailbox<int>, 3> mailboxes_;
};
using Workers = std::vector<unsigned>;

TEST_F(SleepersTest, a_worker_with_nothing_to_do_may_sleep) {
  EXPECT_TRUE(lie_down(1));
  EXPECT_TRUE(sleepers_.is_asleep(1));
  EXPECT_EQ(sleepers_.count(), 1u);
  sleepers_.get_up(1);
  EXPECT_EQ(sleepers_.count(), 0u);
}

TEST_F(SleepersTest, a_worker_with_an_event_or_a_message_stays_up) {
  mailboxes_[0].push(5);
  EXPECT_FALSE(lie_down(0));
  EXPECT_FALSE(sleepers_.is_asleep(0));
  release(wanted);
  EXPECT_FALSE(lie_down(1));
  EXPECT_EQ(sleepers_.count(), 0u);
}

TEST_F(SleepersTest, only_a_worker_that_wants_the_topic_is_woken) {
  filters_[0].add(wanted);
  filters_[2].add_all();
  for (unsigned worker = 0; worker < 3; ++worker) ASSERT_TRUE(lie_down(worker));
  release(wanted);
  EXPECT_EQ(woken_for(wanted), (Workers{0, 2}));
  EXPECT_TRUE(sleepers_.is_asleep(1));
  EXPECT_TRUE(woken_for(wanted).empty());  // one wake a sleep
}

TEST_F(SleepersTest, any_topic_wakes_everyone) {
  for (unsigned worker = 0; worker < 3; ++worker) ASSERT_TRUE(lie_down(worker));
  release(any_topic);
  EXPECT_EQ(woken_for(any_topic), (Workers{0, 1, 2}));
}

TEST_F(SleepersTest, a_worker_that_holds_a_quarter_of_the_ring_is_woken_for_anything) {
  ASSERT_TRUE(lie_down(0));
  for (int i = 0; i < 3; ++i) {
    release(unwanted);
    EXPECT_TRUE(woken_for(unwanted).empty());
  }
  release(unwanted);
  EXPECT_EQ(woken_for(unwanted), (Workers{0}));
}

TEST_F(SleepersTest, who_lies_down_behind_a_claim_is_woken_by_any_release) {
  const auto open = bus_.claim(1, 1);
  filters_[0].add(wanted);
  release(wanted);  // behind the open slot: cannot be read
  ASSERT_TRUE(lie_down(0));
  bus_.release(*open, &event_, unwanted);
  EXPECT_EQ(woken_for(unwanted), (Workers{0}));
  sleepers_.get_up(0);
  bus_.advance(0, EventNumber{2});
  ASSERT_TRUE(lie_down(0));  // and quietly again
  release(unwanted);
  EXPECT_TRUE(woken_for(unwanted).empty());
}

TEST_F(SleepersTest, a_refused_claim_wakes_who_is_behind_wanted_or_not) {
  ASSERT_TRUE(lie_down(0));
  ASSERT_TRUE(lie_down(1));
  release(unwanted);
  sleepers_.get_up(1);
  bus_.advance(1, EventNumber{1});
  ASSERT_TRUE(lie_down(1));
  Workers woken;
  wake_laggards(sleepers_, bus_, [&](unsigned worker) { woken.push_back(worker); });
  EXPECT_EQ(woken, (Workers{0}));
}

TEST_F(SleepersTest, a_message_wakes_its_receiver_once) {
  ASSERT_TRUE(lie_down(2));
  unsigned woken = 99;
  const auto wake = [&](unsigned worker) { woken = worker; };
  EXPECT_TRUE(mailboxes_[2].push(1));
  EXPECT_TRUE(sleepers_.wake_one(2, wake));
  EXPECT_EQ(woken, 2u);
  EXPECT_FALSE(sleepers_.wake_one(2, wake));
  EXPECT_FALSE(sleepers_.wake_one(0, wake));  // awake
}

TEST(Sleepers, the_last_of_sixty_four_workers_has_a_bit_too) {
  BusOptions options;
  options.slots = 2;
  options.workers = 64;
  const BasicBus<Plain> bus(options);
  const Mailbox<int> mailbox;
  Sleepers sleepers;
  ASSERT_TRUE(sleepers.lie_down(63, bus, mailbox));
  EXPECT_EQ(sleepers.wake_if([](unsigned worker) { return worker == 63; }, [](unsigned) {}), 1u);
}

}  // namespace
}  // namespace fanfare
