#pragma once

#include "runtime/message.hpp"
#include "runtime/pid.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace bennu::runtime::detail {

/// A message in a mailbox, or on its way to one.
struct envelope {
  enum class kind : std::uint8_t {
    message,
    request,
    reply,
    failure,
    /// Sent to the alias `ref`.
    alias,
    parent_exit,
  };

  envelope* next = nullptr;
  message content;
  pid sender;
  kind what = kind::message;

  /// The request this is, answers, or tells the failure of (content is then an
  /// exit_reason).
  std::uint64_t ref = 0;
};

/// An intrusive first-in, first-out queue that owns its envelopes.
class envelope_queue {
public:
  envelope_queue() = default;
  envelope_queue(const envelope_queue&) = delete;
  envelope_queue& operator=(const envelope_queue&) = delete;
  ~envelope_queue() { clear(); }

  bool empty() const noexcept { return head_ == nullptr; }

  void push(std::unique_ptr<envelope> x) noexcept {
    auto* raw = x.release();
    (tail_ ? tail_->next : head_) = raw;
    tail_ = raw;
  }

  void push_front(std::unique_ptr<envelope> x) noexcept {
    auto* raw = x.release();
    raw->next = head_;
    head_ = raw;
    if (!tail_)
      tail_ = raw;
  }

  std::unique_ptr<envelope> pop() noexcept {
    auto* first = head_;
    head_ = first->next;
    if (!head_)
      tail_ = nullptr;
    return std::unique_ptr<envelope>{first};
  }

  template <class F>
  void for_each(F f) const {
    for (const auto* at = head_; at && f(*at);)
      at = at->next;
  }

  /// Removes the first envelope for which `f` holds.
  template <class F>
  bool remove_if(F f) {
    envelope* before = nullptr;
    for (auto* at = head_; at; before = at, at = at->next) {
      if (!f(*at))
        continue;
      (before ? before->next : head_) = at->next;
      if (tail_ == at)
        tail_ = before;
      delete at;
      return true;
    }
    return false;
  }

  void clear() noexcept {
    while (!empty())
      pop();
  }

private:
  envelope* head_ = nullptr;
  envelope* tail_ = nullptr;
};

} // namespace bennu::runtime::detail
