#pragma once

#include "channels/channel.hpp"
#include "channels/presence.hpp"
#include "channels/testing/channel_test.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

namespace bennu::channels {

struct after_join {};

/// A room that shows who is here: a client says by its params under which key
/// and with what meta; "none" is not shown.
class present_channel final : public channel {
public:
  static auto events() {
    return event_map<present_channel>{
      {"track", &present_channel::on_track},
      {"update", &present_channel::on_update},
      {"count_up", &present_channel::on_count_up},
      {"untrack", &present_channel::on_untrack},
      {"untrack_all", &present_channel::on_untrack_all},
      {"boom", &present_channel::on_boom},
    };
  }

  join_result join(const topic&, const json& params) override {
    key_ = params.value("key", "none");
    meta_ = params.value("meta", json::object());
    send(self(), after_join{});
    return accept();
  }

  result handle_info(runtime::message& msg) override {
    if (!msg.holds<after_join>())
      return channel::handle_info(msg);
    if (key_ != "none")
      here().track(*this, key_, meta_);
    push("presence_state", here().state(*this));
    return no_reply;
  }

private:
  static result answer(const presence_result& x) {
    return x ? ok({{"ref", x.ref}}) : error({{"reason", to_string(x.error)}});
  }
  presence here() const { return presence::find(node(), "test.presence"); }

  result on_track(const json& x) {
    return answer(here().track(*this, x.at("key").get<std::string>(),
                               x.value("meta", json::object())));
  }
  result on_update(const json& x) {
    return answer(here().update(*this, key_, x));
  }
  result on_count_up() {
    return answer(here().update(*this, key_, [](json meta) {
      meta["n"] = meta.value("n", 0) + 1;
      return meta;
    }));
  }
  result on_untrack() {
    here().untrack(*this, key_);
    return ok();
  }
  result on_untrack_all() {
    here().untrack(self());
    return ok();
  }
  result on_boom() { throw std::runtime_error("boom"); }

  std::string key_;
  json meta_;
};

struct presence_fixture : testing::channel_test {
  explicit presence_fixture(presence_options options = {},
                            std::size_t shards = 2)
    : channel_test({.channels = {route<present_channel>("room:*")}},
                   {.shards = shards, .workers = {spec_of(options)}}),
      here(presence::find(node(), "test.presence")) {}

  static runtime::child_spec spec_of(presence_options options) {
    options.name = "test.presence";
    options.pubsub = "test.pubsub";
    return presence_spec(std::move(options));
  }

  /// A client that has joined the lobby and seen its own diff.
  testing::client present(const std::string& key, json meta = json::object()) {
    auto x = connect();
    EXPECT_TRUE(x.join("room:lobby", {{"key", key}, {"meta", meta}}));
    x.await_push("presence_state");
    if (key != "none")
      x.await_broadcast("presence_diff");
    return x;
  }

  json list(std::string_view on = "room:lobby") { return here.list(topic{on}); }

  /// Its metas without refs.
  json metas(const std::string& key) {
    auto all = list().value(key, json::object()).value("metas", json::array());
    for (auto& x : all) {
      x.erase("phx_ref");
      x.erase("phx_ref_prev");
    }
    return all;
  }

  runtime::pid server() { return node().whereis("test.presence.0"); }

  presence here;
};

} // namespace bennu::channels
