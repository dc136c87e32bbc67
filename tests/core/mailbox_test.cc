// tests/core/mailbox_test.cc: order, counts and ownership of messages, in one thread.
#include "core/mailbox.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace fanfare {
namespace {

template <class Message>
std::vector<Message> taken_from(Mailbox<Message>& mailbox) {
  std::vector<Message> taken;
  const std::size_t n =
      mailbox.take_all([&](Message&& message) { taken.push_back(std::move(message)); });
  EXPECT_EQ(n, taken.size());
  return taken;
}

TEST(Mailbox, hands_over_in_order_of_pushes) {
  Mailbox<int> mailbox;
  EXPECT_TRUE(mailbox.empty());
  for (int i = 0; i < 5; ++i) mailbox.push(i);
  EXPECT_FALSE(mailbox.empty());
  EXPECT_EQ(taken_from(mailbox), (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_TRUE(mailbox.empty());
  EXPECT_TRUE(taken_from(mailbox).empty());
}

TEST(Mailbox, tells_the_one_sender_that_found_it_empty) {
  Mailbox<int> mailbox;
  EXPECT_TRUE(mailbox.push(1));
  EXPECT_FALSE(mailbox.push(2));
  taken_from(mailbox);
  EXPECT_TRUE(mailbox.push(3));
}

TEST(Mailbox, what_is_pushed_while_taking_comes_with_the_next_call) {
  Mailbox<int> mailbox;
  mailbox.push(1);
  mailbox.take_all([&](int message) {
    EXPECT_EQ(message, 1);
    EXPECT_TRUE(mailbox.push(2));
  });
  EXPECT_EQ(taken_from(mailbox), (std::vector<int>{2}));
}

TEST(Mailbox, counts_what_waits_and_what_ever_came) {
  Mailbox<int> mailbox;
  for (int i = 0; i < 3; ++i) mailbox.push(i);
  EXPECT_EQ(mailbox.backlog(), 3u);
  mailbox.take_all(
      [&](int message) { EXPECT_EQ(mailbox.backlog(), static_cast<unsigned>(2 - message)); });
  EXPECT_EQ(mailbox.backlog(), 0u);
  EXPECT_EQ(mailbox.total(), 3u);
}

TEST(Mailbox, carries_what_can_only_be_moved) {
  Mailbox<std::unique_ptr<std::string>> mailbox;
  mailbox.push(std::make_unique<std::string>("hello"));
  auto taken = taken_from(mailbox);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(*taken[0], "hello");
}

TEST(Mailbox, what_nobody_took_is_destroyed_with_it) {
  const auto counted = std::make_shared<int>(1);
  {
    Mailbox<std::shared_ptr<int>> mailbox;
    mailbox.push(counted);
    mailbox.push(counted);
    EXPECT_EQ(counted.use_count(), 3);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

}  // namespace
}  // namespace fanfare
