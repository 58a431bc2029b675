#pragma once

#include "channels/pubsub/topic.hpp"
#include "channels/wire_ref.hpp"
#include "runtime/pid.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace bennu::channels {

/// One topic of a socket, from the join on. 32 bytes. Value.
struct joined_channel {
  enum class status : std::uint8_t {
    none,    // no topic at all
    joining, // its process decides
    joined,
    leaving,   // it has been told to
    replacing, // it is ending for a second join of its topic
    closed,    // the client has seen phx_close, its terminate may still push
  };

  topic name{};
  std::uint32_t slot = 0;
  std::uint32_t serial = 0;
  wire_ref join_ref{};
  status state : 4 = status::none;

  /// The join had no join_ref: its ref stands in for pushes and replies, and
  /// only messages without a join_ref are for this channel.
  bool anonymous : 1 = false;

  /// Its process is no channel.
  bool custom : 1 = false;

  bool is(const runtime::pid& id) const noexcept {
    return slot == id.slot && serial == id.serial;
  }
};

/// The topics of one socket. Nearly every socket has one, which lies inside;
/// more move out. Searched from end to end: they are 100 at most. A pointer to
/// one is valid until the next add or remove. Confined to its process.
class channel_list {
public:
  std::size_t size() const noexcept {
    return (has_one() ? 1u : 0u) + (more_ ? more_->size() : 0);
  }

  /// Closed ones are found by pid only: their topic is free again.
  joined_channel* find(std::string_view name) noexcept {
    return find_if([name](const auto& x) {
      return x.name == name && x.state != joined_channel::status::closed;
    });
  }
  joined_channel* find(const runtime::pid& id) noexcept {
    return find_if([&id](const auto& x) { return x.is(id); });
  }

  joined_channel& add(topic name) {
    joined_channel x;
    x.name = std::move(name);
    x.state = joined_channel::status::joining;
    if (!has_one())
      return one_ = std::move(x);
    if (!more_)
      more_ = std::make_unique<std::vector<joined_channel>>();
    return more_->emplace_back(std::move(x));
  }

  void remove(joined_channel* x) {
    if (x == &one_) {
      one_ = joined_channel{};
      return;
    }
    std::swap(*x, more_->back());
    more_->pop_back();
    if (more_->empty())
      more_.reset();
  }

  template <class F>
  void for_each(F f) {
    if (has_one())
      f(one_);
    if (more_)
      for (auto& x : *more_)
        f(x);
  }

private:
  bool has_one() const noexcept {
    return one_.state != joined_channel::status::none;
  }

  template <class P>
  joined_channel* find_if(P matches) noexcept {
    if (has_one() && matches(one_))
      return &one_;
    if (more_)
      for (auto& x : *more_)
        if (matches(x))
          return &x;
    return nullptr;
  }

  joined_channel one_;
  std::unique_ptr<std::vector<joined_channel>> more_;
};

} // namespace bennu::channels
