// tests/stress/mailbox_stress_test.cc: many senders, one owner: nothing lost, nothing twice, each
// sender's order kept, and exactly one sender finds the mailbox empty each time it was.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "core/mailbox.h"
#include "tests/stress/sleeping_worker.h"

namespace fanfare {
namespace {

struct Letter {
  unsigned sender = 0;
  std::unique_ptr<uint32_t> serial;  // owned: a leak or a second delivery shows in ASan
};

constexpr unsigned senders = 4;
constexpr uint32_t letters = 20'000;

TEST(MailboxStress, every_letter_comes_once_in_its_senders_order) {
  Mailbox<Letter> mailbox;
  Alarm alarm;
  std::vector<std::thread> threads;
  for (unsigned me = 0; me < senders; ++me) {
    threads.emplace_back([&, me] {
      for (uint32_t i = 0; i < letters; ++i) {
        // Only who found it empty wakes: the owner must need no more.
        if (mailbox.push({me, std::make_unique<uint32_t>(i)})) alarm.wake();
        if (i % 64 == 0) std::this_thread::yield();
      }
    });
  }
  std::vector<uint32_t> next(senders, 0);
  uint64_t taken = 0;
  int wrong = 0;
  while (taken < uint64_t{senders} * letters) {
    const std::size_t n = mailbox.take_all([&](Letter&& letter) {
      if (*letter.serial != next[letter.sender]++) ++wrong;
    });
    taken += n;
    if (n == 0 && mailbox.empty() && taken < uint64_t{senders} * letters) {
      ASSERT_TRUE(alarm.sleep(std::chrono::seconds(20))) << "forgotten after " << taken;
    }
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(mailbox.empty());
  EXPECT_EQ(mailbox.backlog(), 0u);
  EXPECT_EQ(mailbox.total(), uint64_t{senders} * letters);
}

TEST(MailboxStress, the_backlog_can_be_watched_from_outside) {
  Mailbox<Letter> mailbox;
  std::atomic<bool> done{false};
  uint64_t seen_most = 0;
  std::thread watcher([&] {
    while (!done.load()) seen_most = std::max(seen_most, mailbox.backlog());
  });
  std::thread sender([&] {
    for (uint32_t i = 0; i < letters; ++i) mailbox.push({0, std::make_unique<uint32_t>(i)});
  });
  uint64_t taken = 0;
  while (taken < letters) taken += mailbox.take_all([](Letter&&) {});
  done.store(true);
  sender.join();
  watcher.join();
  EXPECT_LE(seen_most, letters);
}

}  // namespace
}  // namespace fanfare
