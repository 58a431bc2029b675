#include "channels/testing/test_endpoint.hpp"

#include "channels/mount.hpp"
#include "channels/pool_supervisor.hpp"
#include "channels/testing/test_wire.hpp"
#include "runtime/shard.hpp"

#include <stdexcept>
#include <utility>

#include <fmt/core.h>

namespace bennu::channels::testing {

namespace {

constexpr auto pool_name = "test.sockets";

/// The transport of a test: keeps what it is to write.
class test_socket final : public socket {
public:
  test_socket(socket_init init, std::shared_ptr<mailbox> box)
    : socket(std::move(init)), box_(std::move(box)) {}
  ~test_socket() override { box_->ended = true; }

  void write(const frame_ptr& x) override {
    box_->messages.push_back(read_frame(x->opcode(), x->payload()));
  }

protected:
  void close(close_code code, runtime::exit_reason why) override {
    if (!box_->code)
      box_->code = code;
    stop(std::move(why));
  }

  /// As a websocket: a crash is 1011, a node that stops 1001.
  void terminate(const runtime::exit_reason& why) override {
    socket::terminate(why);
    if (!box_->code)
      box_->code =
        why.is_orderly() ? close_code::going_away : close_code::internal_error;
  }

private:
  std::shared_ptr<mailbox> box_;
};

runtime::supervisor_spec tree(const test_endpoint_options& options) {
  runtime::supervisor_spec spec{.name = "test",
                                .strategy = runtime::strategy::rest_for_one};
  spec.children.push_back(pubsub_spec(options.pubsub));
  for (const auto& x : options.workers)
    spec.children.push_back(x);
  spec.children.push_back(socket_pool_spec({.name = pool_name}));
  return spec;
}

} // namespace

// -- raw_client ---------------------------------------------------------------

raw_client::raw_client(test_endpoint& at, runtime::pid socket, std::string vsn,
                       std::shared_ptr<mailbox> box)
  : at_(&at), socket_(socket), vsn_(std::move(vsn)), box_(std::move(box)) {}

std::string raw_client::send(std::string_view topic, std::string_view event,
                             payload x) {
  auto ref = std::to_string(++refs_->last);
  if (event == "phx_join")
    refs_->of_joins.insert_or_assign(std::string{topic}, ref);
  const auto out = write_frame(vsn_, {.join_ref = join_ref(topic),
                                      .ref = ref,
                                      .topic = std::string{topic},
                                      .event = std::string{event},
                                      .payload = std::move(x),
                                      .status = {},
                                      .wire = {}});
  send_raw(out.first, out.second);
  return ref;
}

void raw_client::send_raw(opcode op, std::string_view data) {
  const auto shard = socket_.shard();
  at_->node().run_on(shard, [&] {
    auto& here = at_->node().shard_at(shard);
    if (auto* to = here.find(socket_))
      here.run_as(*to, [&] {
        static_cast<channels::socket*>(to)->frame_received(op, data);
      });
  });
}

void raw_client::drop() {
  const auto shard = socket_.shard();
  at_->node().run_on(shard, [&] {
    auto& here = at_->node().shard_at(shard);
    if (auto* to = here.find(socket_))
      here.run_as(*to, [&] { to->stop(); });
  });
}

json raw_client::join_ref(std::string_view topic) const {
  const auto found = refs_->of_joins.find(topic);
  return found == refs_->of_joins.end() ? json() : json(found->second);
}

std::string raw_client::describe() const {
  std::string text = "mailbox:";
  for (const auto& x : box_->messages)
    text += "\n  " + x.wire;
  if (box_->messages.empty())
    text += " empty";
  if (box_->ended)
    text += "\n  ended";
  return text;
}

// -- test_endpoint ------------------------------------------------------------

test_endpoint::test_endpoint(socket_spec spec, test_endpoint_options options)
  : sim_({.shards = options.shards, .seed = options.seed}) {
  if (const auto failure = sim_.start(tree(options)))
    throw std::runtime_error("the test's tree does not start: "
                             + to_string(*failure));
  bus_ = pubsub::find(sim_.node(), options.pubsub.name);
  spec_ = mount(sim_.node(), std::move(spec),
                {.pubsub = options.pubsub.name, .pool = pool_name});
}

test_endpoint::~test_endpoint() = default;

connect_outcome test_endpoint::negotiate(const connect_params& params) {
  return channels::negotiate(
    spec_,
    {.params = params, .headers = {}, .uri = "test", .peer_address = {}});
}

std::optional<raw_client> test_endpoint::connect(const connect_params& params) {
  auto outcome = negotiate(params);
  if (!outcome.accepted)
    return {};
  const auto vsn = std::string{outcome.accepted->serializer->vsn()};
  const auto shard = next_shard_++ % node().shard_count();
  return start(std::move(*outcome.accepted), vsn, shard);
}

raw_client test_endpoint::start(socket_init init, std::string vsn,
                                std::size_t shard) {
  auto box = std::make_shared<mailbox>();
  runtime::pid id;
  node().run_on(shard, [&] {
    id = start_socket<test_socket>(*spec_, shard, std::move(init), box);
  });
  if (!id)
    throw std::runtime_error("the socket pool starts no socket");
  sim_.run();
  return {*this, id, std::move(vsn), std::move(box)};
}

runtime::pid test_endpoint::pubsub_server(std::size_t shard) {
  return node().whereis(fmt::format("{}.{}", bus_.name(), shard));
}

} // namespace bennu::channels::testing
