#include "channels/presence.hpp"

#include "channels/channel.hpp"
#include "channels/json_text.hpp"
#include "channels/presence_diff.hpp"
#include "channels/serializer.hpp"
#include "runtime/environment.hpp"
#include "runtime/node.hpp"
#include "runtime/shard.hpp"

#include <optional>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

namespace bennu::channels {

/// Builds the handle that others find.
struct presence_maker {
  static void publish(runtime::node& node,
                      const std::shared_ptr<presence_config>& config) {
    presence made;
    made.tracker_ = tracker::find(node, config->options().name);
    made.config_ = config;
    node.environment().set(key_of(config->options().name),
                           runtime::make_message(made));
  }
  static std::string key_of(std::string_view name) {
    return fmt::format("bennu.presence.{}", name);
  }
};

namespace {

presence_error error_of(track_error x) {
  switch (x) {
  case track_error::none:
    return presence_error::none;
  case track_error::already_tracked:
    return presence_error::already_tracked;
  case track_error::nopresence:
    return presence_error::nopresence;
  case track_error::too_many:
    return presence_error::too_many;
  }
  return presence_error::none;
}

/// What a user says, without what we add. Throws what clients could not be
/// told.
std::size_t bytes_of(json& meta) {
  if (meta.is_null()) // what `{}` means to the JSON library
    meta = json::object();
  if (!meta.is_object())
    throw std::invalid_argument("a presence's meta must be a JSON object");
  meta.erase("phx_ref");
  meta.erase("phx_ref_prev");
  return to_json_text(meta).size();
}

} // namespace

runtime::child_spec presence_spec(presence_options options) {
  auto tracking = options.tracking;
  tracking.name = options.name;
  tracking.pubsub = options.pubsub;
  options.tracking = {};
  auto config = std::make_shared<presence_config>(std::move(options));
  tracking.handler = [config](runtime::process& self, std::size_t member) {
    return std::make_unique<presence_diffs>(self, member, config);
  };
  auto spec = tracker_spec(std::move(tracking));
  spec.start = [config, start = std::move(spec.start)] {
    auto maker = start();
    presence_maker::publish(runtime::shard::current()->node(), config);
    return maker;
  };
  return spec;
}

meta_codec presence_metas() {
  return {
    .write =
      [](const runtime::message& x) {
        return to_json_text(*x.value_if<json>());
      },
    .read = [](std::string_view text) -> std::optional<runtime::message> {
      try {
        auto x = parse_json(text);
        if (!x.is_object() || !x.contains("phx_ref"))
          return std::nullopt;
        return runtime::make_message(std::move(x));
      } catch (const malformed_frame&) {
        return std::nullopt;
      }
    },
  };
}

std::string to_string(presence_error x) {
  switch (x) {
  case presence_error::none:
    return "none";
  case presence_error::already_tracked:
    return "already_tracked";
  case presence_error::nopresence:
    return "nopresence";
  case presence_error::too_many:
    return "too_many";
  case presence_error::too_large:
    return "too_large";
  }
  return "";
}

presence presence::find(runtime::node& node, std::string_view name) {
  const auto found = node.environment().get(presence_maker::key_of(name));
  const auto* x = found.value_if<presence>();
  if (!x)
    throw std::runtime_error(fmt::format("no presence \"{}\" runs", name));
  return *x;
}

// -- tracking -----------------------------------------------------------------

presence_result presence::track(const channel& who, std::string_view key,
                                json meta) const {
  return track(who.self(), who.topic_name(), key, std::move(meta));
}

presence_result presence::track(const runtime::pid& who, const topic& on,
                                std::string_view key, json meta) const {
  const auto& options = config_->options();
  std::string written;
  append_json_string(written, key); // throws for what is not UTF-8
  if (key.size() > options.key_bytes_max
      || bytes_of(meta) > options.meta_bytes_max)
    return {.error = presence_error::too_large};
  auto ref = config_->next_ref(tracker_.self());
  meta["phx_ref"] = ref;
  const auto error = error_of(
    tracker_.track(who, on, key, runtime::make_message(std::move(meta))));
  if (error != presence_error::none)
    return {.error = error};
  return {.ref = std::move(ref)};
}

presence_result presence::update(const channel& who, std::string_view key,
                                 json meta) const {
  return update(who.self(), who.topic_name(), key, std::move(meta));
}

presence_result presence::update(const runtime::pid& who, const topic& on,
                                 std::string_view key, json meta) const {
  return update_with(who, on, key, [&](const json&) { return meta; });
}

presence_result presence::update_with(const channel& who, std::string_view key,
                                      const change& f) const {
  return update_with(who.self(), who.topic_name(), key, f);
}

presence_result presence::update_with(const runtime::pid& who, const topic& on,
                                      std::string_view key,
                                      const change& f) const {
  presence_result made;
  const auto replaced = [&](const runtime::message& old) -> runtime::message {
    const auto& before = *old.value_if<json>();
    auto meta = f(before);
    if (bytes_of(meta) > config_->options().meta_bytes_max) {
      made.error = presence_error::too_large;
      return {};
    }
    made.ref = config_->next_ref(tracker_.self());
    meta["phx_ref"] = made.ref;
    meta["phx_ref_prev"] = before.at("phx_ref");
    return runtime::make_message(std::move(meta));
  };
  const auto error = tracker_.update(who, on, key, replaced);
  if (error != track_error::none)
    return {.error = error_of(error)};
  return made;
}

void presence::untrack(const channel& who, std::string_view key) const {
  untrack(who.self(), who.topic_name(), key);
}

void presence::untrack(const runtime::pid& who, const topic& on,
                       std::string_view key) const {
  tracker_.untrack(who, on, key);
}

void presence::untrack(const runtime::pid& who) const {
  tracker_.untrack(who);
}

// -- looking ------------------------------------------------------------------

json presence::list(const topic& on) const {
  return config_->fetch(on, grouped(tracker_.list(on.view())));
}

json presence::list(const channel& who) const {
  return list(who.topic_name());
}

rendered_payload presence::state(const topic& on) const {
  if (config_->options().fetch)
    return rendered_payload{list(on)};
  grouped_text all;
  tracker_.for_each(on.view(), [&](const tracked_ptr& x) { all.add(*x); });
  return rendered_payload::object(std::move(all).take());
}

rendered_payload presence::state(const channel& who) const {
  return state(who.topic_name());
}

json presence::get_by_key(const topic& on, std::string_view key) const {
  const auto found = tracker_.find(on.view(), key);
  if (found.empty())
    return json::array();
  auto all = config_->fetch(on, grouped(found));
  return std::move(all.at(std::string{key}));
}

presence_counts presence::count(const topic& on) const {
  return tracker_.count(on.view());
}

} // namespace bennu::channels
