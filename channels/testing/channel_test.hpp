#pragma once

#include "channels/broadcast.hpp"
#include "channels/testing/test_endpoint.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace bennu::channels::testing {

// GoogleTest's name. NOLINTNEXTLINE(readability-identifier-naming)
inline void PrintTo(const received& x, std::ostream* to) {
  *to << x.wire;
}

/// What a join answered; true for ok.
struct join_reply {
  std::string status;
  channels::payload payload;
  explicit operator bool() const noexcept { return status == "ok"; }
};

/// A client in a channel_test, which speaks vsn 2.0.0 unless its params say
/// otherwise. Each await_ lets the node run until it has nothing to do, then
/// takes the oldest message that fits out of the mailbox: one that is not
/// there will never come, so the test fails at once and prints what is. For
/// what comes by a timer, advance() first. Confined to the test's thread.
class client {
public:
  client(test_endpoint& at, raw_client raw) : at_(&at), raw_(std::move(raw)) {}

  // -- what a client does --

  join_reply join(std::string_view topic, json params = json::object()) {
    const auto ref = raw_.send(topic, "phx_join", std::move(params));
    auto x = await_reply(ref);
    return {x.status, x.payload};
  }

  /// Returns the ref to await the reply of.
  std::string push(std::string_view topic, std::string_view event,
                   json x = json::object()) {
    return raw_.send(topic, event, std::move(x));
  }
  std::string push(std::string_view topic, std::string_view event, bytes x) {
    return raw_.send(topic, event, std::move(x));
  }

  std::string leave(std::string_view topic) {
    return raw_.send(topic, "phx_leave", json::object());
  }

  /// Goes away without a word.
  void close() {
    raw_.drop();
    at_->sim().run();
  }

  // -- what it sees --

  /// The reply to a ref: `.status`, `.payload`.
  received await_reply(std::string_view ref) {
    return await("a reply to " + std::string{ref}, is_reply_to(ref));
  }

  /// A push or broadcast of an event.
  received await_push(std::string_view event) {
    return await("a push of " + std::string{event}, is_push(event));
  }

  /// A push on one topic.
  received await_push(std::string_view topic, std::string_view event) {
    return await(
      "a push of " + std::string{event} + " on " + std::string{topic},
      [=](const received& x) { return x.topic == topic && x.event == event; });
  }

  /// A broadcast of an event, not one channel's push: it has no join_ref. With
  /// vsn 1.0.0 the two cannot be told apart.
  received await_broadcast(std::string_view event) {
    return await("a broadcast of " + std::string{event},
                 [=](const received& x) {
                   return x.event == event && x.join_ref.is_null();
                 });
  }

  void refute_push(std::string_view event) {
    refute("a push of " + std::string{event}, is_push(event));
  }
  void refute_reply(std::string_view ref) {
    refute("a reply to " + std::string{ref}, is_reply_to(ref));
  }
  void refute_broadcast(std::string_view event) { refute_push(event); }

  /// Nothing at all has come.
  void refute_any() {
    refute("any message", [](const received&) { return true; });
  }

  /// The next message, whatever it is: for the order on the wire.
  received await_any() {
    return await("a message", [](const received&) { return true; });
  }

  /// The code its connection was closed with; none while it is open.
  std::optional<close_code> closed() {
    at_->sim().run();
    return raw_.inbox().code;
  }
  bool connected() {
    at_->sim().run();
    return !raw_.inbox().ended;
  }

  raw_client& raw() noexcept { return raw_; }
  const runtime::pid& socket() const noexcept { return raw_.socket(); }

private:
  using predicate = std::function<bool(const received&)>;

  static predicate is_push(std::string_view event) {
    return [event = std::string{event}](const received& x) {
      return x.event == event;
    };
  }
  static predicate is_reply_to(std::string_view ref) {
    return [ref = json(ref)](const received& x) {
      return x.event == "phx_reply" && x.ref == ref;
    };
  }

  received await(const std::string& what, const predicate& fits) {
    at_->sim().run();
    auto& box = raw_.inbox().messages;
    const auto found = std::find_if(box.begin(), box.end(), fits);
    if (found == box.end()) {
      ADD_FAILURE() << what << " did not come; " << raw_.describe();
      return {};
    }
    auto taken = std::move(*found);
    box.erase(found);
    return taken;
  }

  void refute(const std::string& what, const predicate& fits) {
    at_->sim().run();
    const auto& box = raw_.inbox().messages;
    if (std::any_of(box.begin(), box.end(), fits))
      ADD_FAILURE() << what << " came; " << raw_.describe();
  }

  test_endpoint* at_;
  raw_client raw_;
};

/// Tests channels without port, thread or sleep. Mirrors Phoenix.ChannelTest,
/// from the client's side: everything goes through the serializers. Link
/// bennu::channels and GoogleTest.
///
///     struct room_channel_test : channels::testing::channel_test {
///       room_channel_test() : channel_test(chat::user_socket()) {}
///     };
///
///     TEST_F(room_channel_test, a_message_reaches_everyone_in_the_room) {
///       auto ann = connect({{"name", "ann"}});
///       auto bob = connect({{"name", "bob"}});
///       ASSERT_TRUE(ann.join("room:lobby"));
///       ASSERT_TRUE(bob.join("room:lobby"));
///
///       const auto ref = ann.push("room:lobby", "new_msg", {{"body", "hi"}});
///
///       EXPECT_EQ(ann.await_reply(ref).status, "ok");
///       EXPECT_EQ(bob.await_push("new_msg").payload,
///                 (json{{"user", "ann"}, {"body", "hi"}}));
///     }
class channel_test : public ::testing::Test {
protected:
  explicit channel_test(socket_spec spec, test_endpoint_options options = {})
    : endpoint_(std::move(spec), std::move(options)) {}

  /// Connects; fails the test when it is refused.
  client connect(connect_params params = {}) {
    params.try_emplace("vsn", "2.0.0");
    auto raw = endpoint_.connect(params);
    if (!raw)
      throw std::runtime_error("the connect was refused");
    return {endpoint_, std::move(*raw)};
  }

  /// What a connect would answer.
  connect_outcome try_connect(connect_params params = {}) {
    params.try_emplace("vsn", "2.0.0");
    return endpoint_.negotiate(params);
  }

  /// Broadcasts from outside any channel.
  void broadcast(const topic& on, std::string_view event,
                 json x = json::object()) {
    channels::broadcast(bus(), on, event, std::move(x));
  }

  /// Lets time pass: timers fire, each at its time.
  void advance(runtime::duration d) { sim().advance(d); }
  void run() { sim().run(); }

  test_endpoint& endpoint() noexcept { return endpoint_; }
  runtime::sim_node& sim() noexcept { return endpoint_.sim(); }
  runtime::node& node() noexcept { return endpoint_.node(); }
  const pubsub& bus() const noexcept { return endpoint_.bus(); }

private:
  test_endpoint endpoint_;
};

} // namespace bennu::channels::testing
