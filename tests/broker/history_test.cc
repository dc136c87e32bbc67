// tests/broker/history_test.cc: what is kept, what is answered, and that what was dropped is always
// known.
#include "broker/history.h"

#include <array>
#include <deque>

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace fanfare {
namespace {

class HistoryTest : public ::testing::Test {
 protected:
  void use(TopicPolicy policy, History::Limits limits = {64_MiB, 1000, 10'000}) {
    policies_ = std::make_unique<TopicPolicies>(policy);
    history_ = std::make_unique<History>(*policies_, Home{0, 1}, limits);
  }
  void SetUp() override { use({}); }

  // Publishes and keeps; returns its number.
  uint64_t keep(std::string_view topic, std::string_view data = "x") {
    EventRef event = Event::make({std::span(&topic, 1), {}, data, DataKind::text, 0});
    const_cast<Event*>(event.get())->number_it({Epoch{1}, EventNumber{++number_}}, wall_, now_);
    history_->keep(*event, topic, topic_hash(topic));
    return number_;
  }
  HistoryAnswer ask(std::string_view name, uint64_t after, StartRule rule = StartRule::position,
                    uint32_t newest = 0) {
    HistoryAsk asked{*Subscription::of(name),
                     rule,
                     EventNumber{after},
                     EventNumber{number_},
                     since_,
                     newest,
                     64_KiB};
    return history_->answer(asked, now_);
  }
  static std::vector<uint64_t> numbers(const HistoryAnswer& answer) {
    std::vector<uint64_t> all;
    for (const EventRef& event : answer.events) all.push_back(event->number().value);
    return all;
  }
  using Numbers = std::vector<uint64_t>;

  std::unique_ptr<TopicPolicies> policies_;
  std::unique_ptr<History> history_;
  uint64_t number_ = 0;
  Instant now_{std::chrono::seconds(1000)};
  WallTime wall_{std::chrono::seconds(1'000'000)}, since_{};
};

TEST_F(HistoryTest, answers_what_came_after_a_position) {
  keep("a"), keep("b"), keep("a");
  EXPECT_EQ(numbers(ask("a", 0)), (Numbers{1, 3}));
  EXPECT_EQ(numbers(ask("a", 1)), (Numbers{3}));
  EXPECT_EQ(numbers(ask("a", 3)), (Numbers{}));
  EXPECT_FALSE(ask("a", 0).lost);
  EXPECT_EQ(ask("a", 0).upto.value, 3u);
}

TEST_F(HistoryTest, a_pattern_scans_the_log_in_order) {
  keep("t/1"), keep("u/1"), keep("t/2"), keep("t/1/x");
  EXPECT_EQ(numbers(ask("t/*", 0)), (Numbers{1, 3}));
  EXPECT_EQ(numbers(ask("t/**", 0)), (Numbers{1, 3, 4}));
  EXPECT_EQ(numbers(ask("**", 2)), (Numbers{3, 4}));
}

TEST_F(HistoryTest, beyond_its_count_the_oldest_go_and_that_is_known) {
  TopicPolicy policy;
  policy.history_events = 3;
  use(policy);
  for (int i = 0; i < 5; ++i) keep("a");
  EXPECT_EQ(numbers(ask("a", 0, StartRule::earliest)), (Numbers{3, 4, 5}));
  EXPECT_TRUE(ask("a", 0).lost);
  EXPECT_TRUE(ask("a", 1).lost);
  EXPECT_FALSE(ask("a", 2).lost) << "2 was the newest that was dropped";
  EXPECT_FALSE(ask("a", 0, StartRule::earliest).lost);
}

TEST_F(HistoryTest, an_old_position_on_a_quiet_topic_is_no_gap) {
  TopicPolicy policy;
  policy.history_events = 3;
  use(policy);
  const uint64_t quiet = keep("quiet");
  for (int i = 0; i < 50; ++i) keep("busy");
  EXPECT_FALSE(ask("quiet", quiet).lost);
  EXPECT_EQ(numbers(ask("quiet", 0)), (Numbers{quiet}));
  EXPECT_FALSE(ask("never-published", 1).lost);
}

TEST_F(HistoryTest, age_drops_events_and_that_is_known) {
  keep("a");
  now_ += std::chrono::minutes(6);
  const uint64_t young = keep("a");
  history_->expire(now_);
  EXPECT_EQ(numbers(ask("a", 0)), (Numbers{young}));
  EXPECT_TRUE(ask("a", 0).lost);
  EXPECT_FALSE(ask("a", 1).lost);
  EXPECT_EQ(history_->sizes().events, 1u);
}

TEST_F(HistoryTest, what_is_too_old_is_not_answered_even_before_it_is_dropped) {
  keep("a");
  now_ += std::chrono::minutes(6);
  EXPECT_EQ(numbers(ask("a", 0)), (Numbers{}));
  EXPECT_TRUE(ask("a", 0).lost);
}

TEST_F(HistoryTest, the_retained_outlive_every_age) {
  TopicPolicy policy;
  policy.retain = 1;
  use(policy);
  keep("a");
  const uint64_t newest = keep("a");
  now_ += std::chrono::hours(24);
  history_->expire(now_);
  EXPECT_EQ(numbers(ask("a", 0)), (Numbers{newest}));
}

TEST_F(HistoryTest, the_newest_of_each_topic_are_counted_back) {
  keep("t/1"), keep("t/1"), keep("t/2"), keep("t/1");
  EXPECT_EQ(numbers(ask("t/*", 0, StartRule::newest, 1)), (Numbers{3, 4}));
  EXPECT_EQ(numbers(ask("t/1", 0, StartRule::newest, 2)), (Numbers{2, 4}));
  EXPECT_EQ(numbers(ask("t/1", 0, StartRule::newest, 100)), (Numbers{1, 2, 4}));
}

TEST_F(HistoryTest, since_begins_with_the_first_event_of_that_time) {
  keep("a");
  wall_ += std::chrono::seconds(10);
  keep("a");
  wall_ += std::chrono::seconds(10);
  keep("a");
  since_ = wall_ - std::chrono::seconds(10);
  EXPECT_EQ(numbers(ask("a", 0, StartRule::since)), (Numbers{2, 3}));
  EXPECT_FALSE(ask("a", 0, StartRule::since).lost);
}

TEST_F(HistoryTest, the_global_cap_holds_and_tells) {
  use({}, {20'000, 1000, 10'000});
  for (int i = 0; i < 100; ++i) keep(fmt::format("t/{}", i % 10), std::string(1000, 'x'));
  EXPECT_LE(history_->sizes().bytes, 20'000u);
  EXPECT_TRUE(ask("t/*", 0).lost);
  EXPECT_FALSE(numbers(ask("t/*", 0)).empty());
}

TEST_F(HistoryTest, beyond_the_topic_limit_the_least_recently_used_goes_with_a_gap) {
  use({}, {64_MiB, 4, 10'000});
  for (int i = 0; i < 10; ++i) keep(fmt::format("t/{}", i));
  EXPECT_LE(history_->sizes().topics, 4u);
  EXPECT_TRUE(ask("t/0", 0).lost);
  EXPECT_FALSE(ask("t/0", 1).lost) << "its only event was 1";
  EXPECT_FALSE(ask("t/9", 0).lost);
}

TEST_F(HistoryTest, a_topic_in_use_is_not_the_one_that_goes) {
  use({}, {64_MiB, 4, 10'000});
  for (int i = 0; i < 4; ++i) keep(fmt::format("t/{}", i));
  for (int i = 4; i < 40; ++i) {
    keep("t/0");
    keep(fmt::format("t/{}", i));
  }
  EXPECT_EQ(numbers(ask("t/0", 0)).size(), 37u);
  EXPECT_FALSE(history_->has_topic("t/1"));
}

TEST_F(HistoryTest, what_goes_is_found_among_numbers_with_holes_of_any_size) {
  TopicPolicy policy;
  policy.history_events = 3;
  use(policy);
  for (unsigned i = 0; i < 2000; ++i) {
    keep(fmt::format("t/{}", i * i % 13));
    number_ += i % 97 == 0 ? 100'000 : i % 7;  // of other workers' topics
  }
  EXPECT_LE(history_->sizes().events, 13u * 3);
  for (unsigned t = 0; t < 13; ++t) {
    const std::string topic = fmt::format("t/{}", t);
    if (!history_->has_topic(topic)) continue;  // no square has this rest
    EXPECT_EQ(numbers(ask(topic, 0)).size(), 3u) << topic;
  }
}

TEST_F(HistoryTest, an_event_of_two_topics_where_only_one_is_remembered) {
  use({}, {64_MiB, 1, 10'000});
  const std::array<std::string_view, 2> topics = {"a", "b"};
  for (int i = 0; i < 3; ++i) {
    keep("other");
    const EventRef event = Event::make({topics, {}, "x", DataKind::text, 0});
    const_cast<Event*>(event.get())->number_it({Epoch{1}, EventNumber{++number_}}, wall_, now_);
    for (const auto topic : topics) history_->keep(*event, topic, topic_hash(topic));
    EXPECT_EQ(numbers(ask("b", number_ - 1)), (Numbers{number_}));
    EXPECT_EQ(history_->sizes().events, 1u);
  }
}

TEST_F(HistoryTest, one_answer_is_bounded_and_says_how_far_it_goes) {
  for (int i = 0; i < 40; ++i) keep("a", std::string(10'000, 'x'));
  uint64_t after = 0;
  Numbers all;
  for (int pages = 0; pages < 40 && after < number_; ++pages) {
    const HistoryAnswer answer = ask("a", after);
    ASSERT_GT(answer.upto.value, after) << "a page that brings nothing";
    for (const uint64_t n : numbers(answer)) {
      if (n <= answer.upto.value) all.push_back(n);
    }
    after = answer.upto.value;
  }
  EXPECT_EQ(all.size(), 40u);
}

TEST_F(HistoryTest, a_long_scan_is_cut_and_goes_on_from_there) {
  use({}, {64_MiB, 1000, 50});
  keep("wanted");
  for (int i = 0; i < 200; ++i) keep("other");
  const uint64_t last = keep("wanted");
  uint64_t after = 0;
  Numbers all;
  for (int pages = 0; pages < 20 && after < number_; ++pages) {
    const HistoryAnswer answer = ask("**", after);
    for (const EventRef& event : answer.events) {
      if (event->topic() == "wanted") all.push_back(event->number().value);
    }
    ASSERT_GT(answer.upto.value, after);
    after = answer.upto.value;
  }
  EXPECT_EQ(all, (Numbers{1, last}));
}

TEST_F(HistoryTest, a_later_page_of_an_earliest_replay_knows_what_went_between) {
  TopicPolicy policy;
  policy.history_events = 3;
  use(policy);
  for (int i = 0; i < 4; ++i) keep("a");
  EXPECT_FALSE(ask("a", 0, StartRule::earliest).lost) << "a beginning is never a gap";
  EXPECT_FALSE(ask("a", 2, StartRule::earliest).lost);
  for (int i = 0; i < 4; ++i) keep("a");  // 3 to 5 go
  EXPECT_TRUE(ask("a", 2, StartRule::earliest).lost);
  EXPECT_TRUE(ask("*", 2, StartRule::earliest).lost);
  EXPECT_FALSE(ask("a", 5, StartRule::earliest).lost);
}

TEST_F(HistoryTest, a_later_page_of_the_newest_knows_what_went_between) {
  TopicPolicy policy;
  policy.history_events = 3;
  use(policy);
  for (int i = 0; i < 5; ++i) keep("a");
  EXPECT_FALSE(ask("a", 0, StartRule::newest, 9).lost);
  const auto ask_upto_5 = [&](uint32_t newest) {
    HistoryAsk asked{*Subscription::of("a"),
                     StartRule::newest,
                     EventNumber{3},
                     EventNumber{5},
                     since_,
                     newest,
                     64_KiB};
    return history_->answer(asked, now_).lost;
  };
  EXPECT_FALSE(ask_upto_5(2));
  keep("a"), keep("a");  // 3 and 4 go
  EXPECT_TRUE(ask_upto_5(2)) << "4 was one of the newest two";
  EXPECT_FALSE(ask_upto_5(1)) << "5 is still here";
}

TEST_F(HistoryTest, a_pattern_is_told_of_events_that_are_too_old_but_not_yet_dropped) {
  TopicPolicy policy;
  policy.history_age = std::chrono::seconds(10);
  use(policy);
  keep("a");
  now_ += std::chrono::seconds(20);
  keep("b");
  const HistoryAnswer answer = ask("*", 0);
  EXPECT_EQ(numbers(answer), (Numbers{2}));
  EXPECT_TRUE(answer.lost);
  EXPECT_FALSE(ask("*", 1).lost);
  EXPECT_FALSE(ask("*", 0, StartRule::earliest).lost);
}

TEST_F(HistoryTest, a_topic_that_comes_back_after_its_forgetting_was_forgotten_is_not_trusted) {
  use({}, {64_MiB, 1, 10'000});
  const uint64_t first = keep("t/first");
  // More topics than are remembered by what they lost.
  for (int i = 0; i <= 1 << 18; ++i) keep(fmt::format("t/{}", i));
  EXPECT_TRUE(ask("t/first", first - 1).lost);
  keep("t/first");
  const uint64_t last = number_;
  EXPECT_TRUE(ask("t/first", first - 1).lost);
  EXPECT_FALSE(ask("t/first", last).lost);
}

TEST_F(HistoryTest,
       topics_that_were_quiet_for_longer_than_any_age_are_forgotten_but_not_what_they_lost) {
  TopicPolicy policy;
  policy.history_age = std::chrono::seconds(10);
  use(policy);
  const uint64_t old = keep("old");
  for (int minute = 0; minute < 20; ++minute) {
    for (int i = 0; i < 100; ++i) keep(fmt::format("t/{}/{}", minute, i));
    now_ += std::chrono::minutes(1);
    for (int i = 0; i < 10; ++i) history_->expire(now_);
  }
  EXPECT_LE(history_->sizes().topics, 100u);
  EXPECT_FALSE(history_->has_topic("old"));
  EXPECT_TRUE(ask("old", old - 1).lost);
  EXPECT_FALSE(ask("old", old).lost);
  keep("old");
  EXPECT_TRUE(ask("old", old - 1).lost);
  EXPECT_FALSE(ask("old", old).lost);
}

TEST_F(HistoryTest, after_an_event_larger_than_a_page_comes_the_next_page) {
  const std::string large(100'000, 'x');
  for (int i = 0; i < 3; ++i) keep("a", large);
  keep("b");
  for (const auto name : {"a", "*"}) {
    EXPECT_EQ(numbers(ask(name, 0)), (Numbers{1})) << name;
    EXPECT_EQ(ask(name, 0).upto.value, 1u) << name;
    EXPECT_EQ(ask(name, 1).upto.value, 2u) << name;
    EXPECT_FALSE(ask(name, 1).lost) << name;
  }
  EXPECT_EQ(ask("a", 2).upto.value, 4u);
}

}  // namespace
}  // namespace fanfare
