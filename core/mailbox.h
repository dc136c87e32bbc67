// core/mailbox.h: how any thread hands a small typed message to one worker.
//
// Thread: push() by any; take_all() by the owner.   Owned by: the receiver; senders must be gone
// before it is. Order: messages of one sender arrive in the order of their pushes. Nothing is lost
// and nothing is refused: a mailbox carries verdicts and hand-overs, each answered or bounded at
// its sender, never events. backlog() is exported, and a sender that could run ahead looks at it
// first.
//
// Why it is right. `newest_` is a stack that senders push by CAS and the owner takes whole by
// exchange; no node is removed singly, so that a node that comes back at the same address (ABA)
// cannot harm: the CAS only says that the stack's head is `next`, which is true whatever happened
// between. A node is written before the CAS that publishes it, read after the exchange that takes
// it, and freed by the owner alone. All operations on `newest_` are seq_cst, because a push
// followed by a look at the sleepers' mask, and a set bit followed by empty(), must not pass each
// other (broker/sleepers.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "core/cache_line.h"

namespace fanfare {

template <class Message>
class Mailbox {
 public:
  Mailbox() = default;
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox() {
    take_all([](Message&&) {});
  }

  // Returns whether the mailbox was empty before: then, and only then, the sender looks whether the
  // owner sleeps.
  bool push(Message message) {
    pushed_.fetch_add(1, std::memory_order_relaxed);
    Node* const node = new Node{std::move(message), nullptr};
    Node* below = newest_.load();
    do {
      node->next = below;
    } while (!newest_.compare_exchange_weak(below, node));
    return below == nullptr;  // not node->next: the owner may have freed the node by now
  }

  // Calls fn(Message&&) for all that was there when the call began, oldest first; returns how many.
  template <class Fn>
  std::size_t take_all(Fn&& fn) {
    if (empty()) return 0;
    Node* node = reversed(newest_.exchange(nullptr));
    std::size_t taken = 0;
    while (node != nullptr) {
      const std::unique_ptr<Node> current(node);
      node = current->next;
      ++taken;
      taken_.store(taken_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      fn(std::move(current->message));
    }
    return taken;
  }

  bool empty() const { return newest_.load() == nullptr; }

  // Any thread. Messages pushed and not yet handed to the owner (may be ahead by pushes under way),
  // and all ever.
  uint64_t backlog() const {
    const uint64_t taken = taken_.load(std::memory_order_relaxed);
    const uint64_t pushed = pushed_.load(std::memory_order_relaxed);
    return pushed > taken ? pushed - taken : 0;
  }
  uint64_t total() const { return pushed_.load(std::memory_order_relaxed); }

 private:
  struct Node {
    Message message;
    Node* next;
  };

  static Node* reversed(Node* node) {
    Node* oldest = nullptr;
    while (node != nullptr) {
      Node* const next = node->next;
      node->next = oldest;
      oldest = node;
      node = next;
    }
    return oldest;
  }

  // Written by senders.
  alignas(cache_line_bytes) std::atomic<Node*> newest_{nullptr};
  std::atomic<uint64_t> pushed_{0};
  // Written by the owner.
  alignas(cache_line_bytes) std::atomic<uint64_t> taken_{0};
};

}  // namespace fanfare
