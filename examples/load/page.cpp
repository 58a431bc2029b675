#include "examples/load/page.hpp"

#include "channels/broadcast.hpp"
#include "channels/channel.hpp"
#include "channels/pubsub/pubsub.hpp"
#include "channels/socket_spec.hpp"
#include "runtime/node.hpp"
#include "runtime/supervisor.hpp"
#include "transport/endpoint.hpp"

#include <mutex>
#include <stdexcept>

namespace load {

namespace channels = bennu::channels;
namespace runtime = bennu::runtime;
namespace transport = bennu::transport;
using namespace std::chrono_literals;

namespace {

constexpr auto pubsub_name = "load.pubsub";
constexpr auto endpoint_name = "load.endpoint";
constexpr auto topic_name = "load:figures";

/// What viewers who come late are told.
class history {
public:
  void add(const json& x) {
    const std::lock_guard lock{mutex_};
    if (samples_.size() >= page::samples_max)
      samples_.pop_front();
    samples_.push_back(x);
  }

  json all() const {
    const std::lock_guard lock{mutex_};
    return {{"samples", samples_}};
  }

private:
  mutable std::mutex mutex_;
  std::deque<json> samples_;
};

class figures_channel final : public channels::channel {
public:
  explicit figures_channel(std::shared_ptr<const history> past)
    : past_(std::move(past)) {}

  channels::join_result join(const channels::topic&, const json&) override {
    return channels::accept(past_->all());
  }

private:
  std::shared_ptr<const history> past_;
};

struct viewer {};

runtime::supervisor_spec tree(std::uint16_t port, const std::string& folder,
                              const std::shared_ptr<const history>& past) {
  constexpr std::size_t viewers_max = 64;
  const channels::socket_spec socket{
    .connect = [](const channels::connect_request&)
      -> channels::connect_result { return viewer{}; },
    .channels = {channels::route<figures_channel>(topic_name, past)},
    .channels_max = 1,
  };
  return runtime::rest_for_one("load.page", {.max_restarts = 10, .within = 5s},
                               channels::pubsub_spec({.name = pubsub_name}),
                               transport::endpoint({
                                 .name = endpoint_name,
                                 .port = port,
                                 .host = "127.0.0.1",
                                 .pubsub = pubsub_name,
                                 .sockets = {{"/load", socket}},
                                 .static_dir = folder,
                                 .message_max = 16 * 1024,
                                 .pending_max = 4 * viewers_max,
                                 .backlog = 64,
                                 .connections_expected = viewers_max,
                                 .drain = {.shutdown = 1'000ms},
                               }));
}

} // namespace

struct page::impl {
  impl()
    : past(std::make_shared<history>()), node({.name = "load@127.0.0.1",
                                               .shards = 1,
                                               .long_handler = 1'000ms,
                                               .blocking_threads = 1,
                                               .stop_timeout = 5'000ms}) {}

  std::shared_ptr<history> past;
  runtime::node node;
  std::uint16_t port = 0;
};

page::page(std::uint16_t port, const std::string& folder)
  : impl_(std::make_unique<impl>()) {
  if (const auto why = impl_->node.start(tree(port, folder, impl_->past)))
    throw std::invalid_argument(
      "no page: " + (why->detail().empty() ? to_string(*why) : why->detail())
      + "; --page-port 0 does without");
  impl_->port = transport::bound_port(impl_->node, endpoint_name);
}

page::~page() = default;

std::uint16_t page::port() const noexcept {
  return impl_->port;
}

void page::show(const sample& x) {
  auto as_json = to_json(x);
  impl_->past->add(as_json);
  channels::broadcast(channels::pubsub::find(impl_->node, pubsub_name),
                      topic_name, "sample", std::move(as_json));
}

} // namespace load
