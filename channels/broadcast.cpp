#include "channels/broadcast.hpp"

#include "channels/fastlane.hpp"
#include "channels/serializer_v2.hpp"
#include "channels/telemetry.hpp"
#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/telemetry.hpp"

#include <exception>
#include <mutex>
#include <utility>
#include <vector>

namespace bennu::channels {

struct broadcast_message::content {
  content(channels::topic t, std::string_view e, channels::payload p)
    : topic(std::move(t)), event(e), payload(std::move(p)), rendered(payload) {}

  const channels::topic topic;
  const std::string event;
  const channels::payload payload;
  const rendered_payload rendered;

  struct made {
    const serializer* by;
    frame_ptr frame;
  };
  std::mutex mutex;
  std::vector<made> frames;
};

broadcast_message::broadcast_message(channels::topic topic,
                                     std::string_view event,
                                     channels::payload payload)
  : content_(
    std::make_shared<content>(std::move(topic), event, std::move(payload))) {
  // The format with the strictest rules: what it refuses, the sender hears.
  const auto* strict = negotiate_serializer("2.0.0").serializer;
  content_->frames.push_back(
    {strict, strict->encode_broadcast(content_->topic.view(), content_->event,
                                      content_->rendered)});
}

const topic& broadcast_message::topic() const noexcept {
  return content_->topic;
}

const std::string& broadcast_message::event() const noexcept {
  return content_->event;
}

const payload& broadcast_message::payload() const noexcept {
  return content_->payload;
}

std::size_t broadcast_message::size() const noexcept {
  return content_->rendered.text().size();
}

frame_ptr broadcast_message::frame_for(const serializer& format) const {
  const std::lock_guard guard{content_->mutex};
  for (const auto& x : content_->frames)
    if (x.by == &format)
      return x.frame;
  frame_ptr frame;
  try {
    frame = format.encode_broadcast(content_->topic.view(), content_->event,
                                    content_->rendered);
  } catch (const std::exception& e) {
    runtime::log(runtime::log_level::warning,
                 "broadcast of {} on {} does not reach clients of vsn {}: {}",
                 content_->event, content_->topic.view(), format.vsn(),
                 e.what());
  }
  content_->frames.push_back({&format, frame});
  return frame;
}

namespace {

publication publication_of(const pubsub& bus, const runtime::pid& from,
                           const topic& on, std::string_view event, payload x) {
  broadcast_message made{on, event, std::move(x)};
  bus.node().telemetry().execute(events::broadcast, [&] {
    return runtime::telemetry_event{
      events::broadcast,
      {{"bytes", static_cast<double>(made.size())}},
      {{"topic", on.str()}, {"event", std::string{event}}}};
  });
  return {on, runtime::make_message(std::move(made)), from,
          &fastlane_dispatcher()};
}

} // namespace

void broadcast(const pubsub& bus, const topic& on, std::string_view event,
               payload x) {
  broadcast_from(bus, {}, on, event, std::move(x));
}

void broadcast_from(const pubsub& bus, const runtime::pid& from,
                    const topic& on, std::string_view event, payload x) {
  bus.publish(publication_of(bus, from, on, event, std::move(x)));
}

void local_broadcast(const pubsub& bus, const topic& on, std::string_view event,
                     payload x) {
  bus.publish_local(publication_of(bus, {}, on, event, std::move(x)));
}

} // namespace bennu::channels
