#pragma once

#include "channels/presence.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bennu::channels {

/// What the handles and processes of one presence share. Thread-safe.
class presence_config {
public:
  explicit presence_config(presence_options x) : options_(std::move(x)) {}

  const presence_options& options() const noexcept { return options_; }

  /// A phx_ref that no other presence has, on any node: of the replica and a
  /// counter, in the alphabet of URLs.
  std::string next_ref(const replica& self);

  json fetch(const topic& on, json x) const;

private:
  const presence_options options_;
  std::atomic<std::uint64_t> refs_{0};
};

/// `{key: {"metas": [...]}}` of a list in the order of its keys.
json grouped(const std::vector<tracked_ptr>& xs);

/// The same as text, from those of a list one after the other.
class grouped_text {
public:
  void add(const tracked& x);
  std::string take() &&;

private:
  std::string text_{"{"};
  channels::topic key_{};
};

/// Tells a node's clients and its metas_handler of each change: what a presence
/// makes of its tracker's diffs. Confined to the tracker's process.
class presence_diffs final : public diff_handler {
public:
  presence_diffs(runtime::process& self, std::size_t member,
                 std::shared_ptr<presence_config> config);

  void handle_diff(const topic_diff& x) override;

private:
  /// Everyone on a topic; kept only for a metas_handler.
  void follow(metas_by_key& all, const topic_diff& x) const;
  void tell_handler(const topic_diff& x, const json& diff);

  std::shared_ptr<presence_config> config_;
  pubsub bus_;
  std::unique_ptr<metas_handler> handler_;
  std::map<topic, metas_by_key> topics_;
};

} // namespace bennu::channels
