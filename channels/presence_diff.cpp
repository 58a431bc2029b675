#include "channels/presence_diff.hpp"

#include "channels/base64url.hpp"
#include "channels/broadcast.hpp"
#include "channels/fastlane.hpp"
#include "channels/json_text.hpp"
#include "runtime/node.hpp"
#include "runtime/process.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace bennu::channels {

namespace {

std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

const json& meta_of(const tracked& x) {
  static const json none = json::object();
  const auto* meta = x.meta.value_if<json>();
  return meta ? *meta : none;
}

auto find_ref(std::vector<json>& in, const json& meta) {
  const auto& ref = meta.at("phx_ref");
  return std::find_if(in.begin(), in.end(),
                      [&](const json& x) { return x.at("phx_ref") == ref; });
}

} // namespace

std::string presence_config::next_ref(const replica& self) {
  const auto who = mixed(std::hash<std::string>{}(self.name) ^ mixed(self.vsn));
  const auto n = ++refs_;
  std::string data(15, '\0');
  for (std::size_t i = 0; i < 8; ++i)
    data[i] = static_cast<char>(who >> (8 * i));
  for (std::size_t i = 0; i < 7; ++i)
    data[14 - i] = static_cast<char>(n >> (8 * i));
  return to_base64url(data);
}

json presence_config::fetch(const topic& on, json x) const {
  if (!options_.fetch || x.empty())
    return x;
  return options_.fetch(on, std::move(x));
}

json grouped(const std::vector<tracked_ptr>& xs) {
  auto all = json::object();
  auto& keys = all.get_ref<json::object_t&>();
  // A list is in the order of its keys: each goes to the end, or is there.
  for (const auto& x : xs)
    keys.emplace_hint(keys.end(), x->key.str(), nullptr)
      ->second["metas"]
      .push_back(meta_of(*x));
  return all;
}

void grouped_text::add(const tracked& x) {
  const bool first = text_.size() == 1;
  if (!first && x.key == key_) {
    text_ += ',';
  } else {
    text_ += first ? "" : "]},";
    append_json_string(text_, x.key.view());
    text_ += R"(:{"metas":[)";
    key_ = x.key;
  }
  append_json(text_, meta_of(x));
}

std::string grouped_text::take() && {
  text_ += text_.size() == 1 ? "}" : "]}}";
  return std::move(text_);
}

presence_diffs::presence_diffs(runtime::process& self, std::size_t member,
                               std::shared_ptr<presence_config> config)
  : config_(std::move(config)),
    bus_(pubsub::find(self.node(), config_->options().pubsub)) {
  const auto& options = config_->options();
  if (!options.init)
    return;
  handler_ = options.init(self);
  for (const auto& x : tracker::find(self.node(), options.name).online(member))
    follow(topics_[x->topic], {.topic = x->topic, .joins = {x}});
}

void presence_diffs::handle_diff(const topic_diff& x) {
  const json diff{{"joins", config_->fetch(x.topic, grouped(x.joins))},
                  {"leaves", config_->fetch(x.topic, grouped(x.leaves))}};
  bus_.publish_local(
    {x.topic,
     runtime::make_message(broadcast_message{x.topic, "presence_diff", diff}),
     {},
     &fastlane_dispatcher()});
  if (handler_)
    tell_handler(x, diff);
}

void presence_diffs::tell_handler(const topic_diff& x, const json& diff) {
  const auto at = topics_.try_emplace(x.topic).first;
  follow(at->second, x);
  handler_->handle_metas(x.topic, diff, at->second);
  if (at->second.empty())
    topics_.erase(at);
}

/// By ref, so that a diff which the beginning knew already does no harm.
void presence_diffs::follow(metas_by_key& all, const topic_diff& x) const {
  for (const auto& e : x.joins) {
    auto& metas = all[e->key.str()];
    if (find_ref(metas, meta_of(*e)) == metas.end())
      metas.push_back(meta_of(*e));
  }
  for (const auto& e : x.leaves) {
    const auto found = all.find(e->key.view());
    if (found == all.end())
      continue;
    auto& metas = found->second;
    if (const auto at = find_ref(metas, meta_of(*e)); at != metas.end())
      metas.erase(at);
    if (metas.empty())
      all.erase(found);
  }
}

} // namespace bennu::channels
