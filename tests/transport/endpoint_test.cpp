#include "channels/pool_supervisor.hpp"
#include "runtime/telemetry.hpp"
#include "tests/transport/client_frames.hpp"
#include "tests/transport/endpoint_fixture.hpp"
#include "transport/drainer.hpp"
#include "transport/endpoint.hpp"

#include <array>
#include <vector>

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bennu::transport {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class endpoint_test : public endpoint_fixture {};

const std::string upgrade =
  "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\n"
  "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
  "Sec-WebSocket-Version: 13\r\n"
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const std::string heartbeat = R"([null,"9","phoenix","heartbeat",{}])";

// -- clients ------------------------------------------------------------------

TEST_F(endpoint_test, a_client_joins_and_is_answered) {
  start();
  auto client = open();
  join(client);
  client.send_text(R"(["1","2","test:a","echo",{"n":1}])");
  EXPECT_EQ(
    client.receive(5s).payload,
    R"(["1","2","test:a","phx_reply",{"response":{"n":1},"status":"ok"}])");
  EXPECT_TRUE(client.close(1000));
  EXPECT_TRUE(eventually([&] { return counted().open == 0; }));
}

TEST_F(endpoint_test, many_clients_are_served_and_counted) {
  start();
  std::vector<websocket_client> clients;
  for (int i = 0; i < 200; ++i)
    clients.push_back(open());
  for (auto& x : clients)
    EXPECT_TRUE(answers(x));
  const auto seen = counted();
  EXPECT_EQ(seen.accepted, 200u);
  EXPECT_EQ(seen.open, 200u);
  EXPECT_EQ(seen.messages_in, 200u);
  EXPECT_EQ(seen.messages_out, 200u);
  EXPECT_GT(seen.bytes_in, 200 * heartbeat.size());
  clients.clear();
  EXPECT_TRUE(eventually([&] { return counted().open == 0; }));
  EXPECT_EQ(counted().upgraded, 200u);
}

TEST_F(endpoint_test, a_frame_right_behind_the_request_is_not_lost) {
  start();
  websocket_client client;
  ASSERT_TRUE(client.connect_tcp(url()));
  client.send_raw(upgrade + client_frame(text, heartbeat));
  std::string seen;
  while (seen.find("phx_reply") == std::string::npos) {
    const auto more = client.receive_raw(1, 5s);
    ASSERT_FALSE(more.empty()) << seen;
    seen += more;
  }
  EXPECT_THAT(seen, StartsWith("HTTP/1.1 101 "));
}

/// Reads from a connection until `text` was seen.
std::string read_until(websocket_client& client, std::string_view wanted) {
  std::string seen;
  while (seen.find(wanted) == seen.npos) {
    const auto more = client.receive_raw(1, 5s);
    if (more.empty())
      break;
    seen += more;
  }
  return seen;
}

TEST_F(endpoint_test, who_offers_to_compress_gets_it_where_it_is_on) {
  transports.websocket = {{.compress = true}};
  start();
  websocket_client client;
  ASSERT_TRUE(client.connect_tcp(url()));
  auto request = upgrade;
  request.insert(request.size() - 2,
                 "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  const std::string hello = R"(["1","1","test:a","phx_join",{}])";
  client.send_raw(request + client_frame(text, hello));
  EXPECT_THAT(read_until(client, "\"ok\"}]"),
              HasSubstr("Sec-WebSocket-Extensions: permessage-deflate; "));
  client.send_raw(client_frame(
    text, R"(["1","2","test:a","flood",{"size":5000,"count":1}])"));
  const auto frame = client.receive_raw(2, 5s);
  EXPECT_EQ(static_cast<unsigned char>(frame.at(0)), 0xC1);
  EXPECT_LT(static_cast<unsigned char>(frame.at(1)), 126);
}

TEST_F(endpoint_test, compression_is_off_unless_the_mount_has_it_on) {
  start();
  websocket_client client;
  ASSERT_TRUE(client.connect_tcp(url()));
  auto request = upgrade;
  request.insert(request.size() - 2,
                 "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  client.send_raw(request + client_frame(text, heartbeat));
  EXPECT_THAT(read_until(client, "phx_reply"),
              ::testing::Not(HasSubstr("Extensions")));
}

TEST_F(endpoint_test, a_mount_may_have_no_websockets) {
  transports = {.websocket = false, .longpoll = true};
  start();
  EXPECT_THAT(exchange("GET /socket/websocket HTTP/1.0\r\n\r\n"),
              StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(exchange("GET /socket/longpoll?vsn=2.0.0 HTTP/1.0\r\n\r\n"),
              HasSubstr(R"({"messages":[],"status":410,)"));
}

TEST_F(endpoint_test, polled_sessions_are_bounded) {
  transports.longpoll = {{.sessions_max = 2}};
  node_options.shards = 1;
  start();
  const auto poll = [&] {
    return exchange("GET /socket/longpoll?vsn=2.0.0 HTTP/1.0\r\n\r\n");
  };
  EXPECT_THAT(poll(), HasSubstr(R"("status":410)"));
  EXPECT_THAT(poll(), HasSubstr(R"("status":410)")) << "at the limit";
  EXPECT_THAT(poll(), StartsWith("HTTP/1.1 503 ")) << "one past it";
  EXPECT_EQ(counted().long_polls, 2u);
}

TEST_F(endpoint_test, bodies_under_way_are_bounded) {
  transports.longpoll = true;
  options.bodies_max = 10'000;
  node_options.shards = 1;
  start();
  const auto push = [](std::size_t size) {
    return "POST /socket/longpoll HTTP/1.0\r\nContent-Length: "
           + std::to_string(size) + "\r\n\r\n[";
  };
  EXPECT_THAT(exchange(push(10'001)), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(exchange(push(5000) + std::string(4999, ' ')),
              HasSubstr(R"({"status":410})"));
}

TEST_F(endpoint_test, a_refused_connect_is_403_and_a_thrown_one_500) {
  start();
  websocket_client client;
  EXPECT_FALSE(client.connect(url("vsn=2.0.0&refuse=1")));
  EXPECT_EQ(client.status(), 403);
  EXPECT_FALSE(client.connect(url("vsn=2.0.0&throw=1")));
  EXPECT_EQ(client.status(), 500);
  EXPECT_FALSE(client.connect(url("vsn=3.0.0")));
  EXPECT_EQ(client.status(), 403);
  EXPECT_FALSE(
    client.connect(url(), {.headers = {{"Origin", "http://evil.com"}}}));
  EXPECT_EQ(client.status(), 403);
}

// -- bad input ----------------------------------------------------------------

TEST_F(endpoint_test, what_a_client_does_wrong_it_is_told_and_nobody_else) {
  options.message_max = 1000;
  start();
  auto other = open();
  const std::vector<std::pair<std::string, int>> faults{
    {client_frame(text, "x", {.masked = false}), 1002},
    {client_frame(3, "x"), 1002},
    {client_frame(text, "\xff"), 1007},
    {client_frame(binary, std::string(1001, 'x')), 1009},
    {client_frame(text, "no json"), 1011},
    {client_frame(text, "{}"), 1011},
    {client_frame(testing::close, close_payload(1001)), 1001},
  };
  for (const auto& [bytes, code] : faults) {
    auto client = open();
    client.send_raw(bytes);
    const auto end = client.receive(5s);
    EXPECT_EQ(end.what, event::kind::closed);
    EXPECT_EQ(end.close_code, code);
    EXPECT_TRUE(answers(other));
  }
}

TEST_F(endpoint_test, a_ping_is_answered_and_keeps_nothing) {
  start();
  auto client = open();
  client.send_raw(client_frame(ping, "now"));
  EXPECT_EQ(client.receive_raw(5, 5s), "\x8A\x03now");
}

TEST_F(endpoint_test, http_faults_get_their_status) {
  start();
  EXPECT_THAT(exchange("HELLO\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(exchange("GET /" + std::string(9000, 'x')),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(exchange("GET /none HTTP/1.0\r\n\r\n"),
              StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(exchange("GET /socket/websocket HTTP/1.1\r\nHost: x\r\n\r\n"),
              StartsWith("HTTP/1.1 426 "));
  EXPECT_THAT(exchange("POST / HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 405 "));
}

TEST_F(endpoint_test, pipelined_requests_are_answered_in_order) {
  start();
  const auto seen = exchange("GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
                             "GET /none HTTP/1.1\r\nHost: x\r\n\r\n"
                             "GET /health HTTP/1.0\r\n\r\n");
  const auto first = seen.find(" 200 ");
  const auto second = seen.find(" 404 ");
  EXPECT_LT(first, second);
  EXPECT_LT(second, seen.rfind(" 200 "));
}

TEST_F(endpoint_test, a_request_that_does_not_arrive_gets_408) {
  options.request_timeout = 100ms;
  start();
  EXPECT_THAT(exchange("GET / HTTP/1.1\r\n"), StartsWith("HTTP/1.1 408 "));
}

TEST_F(endpoint_test, one_pending_connection_too_many_gets_503) {
  options.pending_max = 1;
  node_options.shards = 1;
  start();
  websocket_client half;
  ASSERT_TRUE(half.connect_tcp(url()));
  half.send_raw("GET / HT");
  ASSERT_TRUE(eventually([&] { return counted().accepted == 1; }));
  EXPECT_THAT(exchange(upgrade), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(counted().refused, 1u);
  half = {};
  websocket_client client;
  EXPECT_TRUE(eventually([&] { return client.connect(url()); }));
}

// -- limits -------------------------------------------------------------------

TEST_F(endpoint_test, a_slow_reader_is_closed_and_delays_nobody) {
  options.write_queue_max = 100'000;
  node_options.shards = 1;
  start();
  auto slow = open({.receive_buffer = 4096});
  auto other = open();
  join(slow);
  slow.send_text(R"(["1","2","test:a","flood",{"count":2000,"size":10000}])");
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(answers(other));
  EXPECT_TRUE(eventually([&] { return counted().slow_consumers == 1; }));
  auto last = slow.receive(5s);
  while (last.what == event::kind::text)
    last = slow.receive(5s);
  EXPECT_EQ(last.close_code, 1006);
  EXPECT_TRUE(answers(other));
}

TEST_F(endpoint_test, a_fast_reader_gets_more_than_the_queue_holds) {
  options.write_queue_max = 100'000;
  start();
  auto client = open();
  join(client);
  client.send_text(R"(["1","2","test:a","flood",{"count":20,"size":10000}])");
  for (int i = 0; i < 20; ++i)
    ASSERT_THAT(client.receive(5s).payload, HasSubstr("chunk"));
  EXPECT_TRUE(answers(client));
}

TEST_F(endpoint_test, silence_is_closed_with_1002) {
  spec.heartbeat_timeout = 100ms;
  start();
  auto client = open();
  EXPECT_EQ(client.receive(5s).close_code, 1002);
  EXPECT_EQ(counted().timeouts, 1u);
}

/// A TCP socket made before it is needed, when descriptors are short.
class spare_client {
public:
  spare_client() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {}
  spare_client(const spare_client&) = delete;
  spare_client& operator=(const spare_client&) = delete;
  ~spare_client() { close(); }

  void close() {
    if (fd_ >= 0)
      ::close(std::exchange(fd_, -1));
  }

  /// The status the server answers an upgrade with.
  int connect(std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to),
              0);
    EXPECT_GT(::send(fd_, upgrade.data(), upgrade.size(), MSG_NOSIGNAL), 0);
    const timeval limit{.tv_sec = 5, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    std::string line(12, '\0');
    const auto n = ::recv(fd_, line.data(), line.size(), MSG_WAITALL);
    return n == 12 ? std::stoi(line.substr(9)) : 0;
  }

private:
  int fd_;
};

/// Lowers the soft file limit for a while.
class short_of_files {
public:
  explicit short_of_files(int more) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const auto next = ::dup(0);
    ::close(next);
    auto now = before_;
    now.rlim_cur = static_cast<rlim_t>(next + more);
    ::setrlimit(RLIMIT_NOFILE, &now);
  }
  short_of_files(const short_of_files&) = delete;
  short_of_files& operator=(const short_of_files&) = delete;
  ~short_of_files() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
  rlimit before_{};
};

TEST_F(endpoint_test, out_of_files_clients_get_503_and_old_ones_go_on) {
#ifdef BENNU_SANITIZED
  GTEST_SKIP() << "UBSan opens a pipe to look at memory, and takes a failure "
                  "to open it for bad memory";
#endif
  node_options.shards = 1;
  start();
  auto old = open();
  std::vector<std::unique_ptr<spare_client>> spare;
  for (int i = 0; i < 8; ++i)
    spare.push_back(std::make_unique<spare_client>());
  const short_of_files limit{2};
  EXPECT_EQ(spare[0]->connect(port), 101);
  EXPECT_EQ(spare[1]->connect(port), 101);
  for (int i = 2; i < 6; ++i)
    EXPECT_EQ(spare[static_cast<std::size_t>(i)]->connect(port), 503);
  EXPECT_TRUE(answers(old));
  EXPECT_EQ(counted().refused, 4u);
  spare[0]->close();
  ASSERT_TRUE(eventually([&] { return counted().open == 2; }));
  EXPECT_EQ(spare[6]->connect(port), 101);
  EXPECT_TRUE(answers(old));
}

// -- starting, crashing, stopping ---------------------------------------------

TEST_F(endpoint_test, a_port_in_use_fails_the_start_with_one_clear_line) {
  start();
  options.port = port;
  runtime::node second{{.shards = 1}};
  const auto why = second.start(tree());
  ASSERT_TRUE(why);
  EXPECT_THAT(why->detail(),
              HasSubstr("port " + std::to_string(port) + " is in use"));
}

TEST_F(endpoint_test, a_static_dir_that_is_none_fails_the_start) {
  options.static_dir = "/no/such/folder";
  runtime::node other{{.shards = 1}};
  const auto why = other.start(tree());
  ASSERT_TRUE(why);
  EXPECT_THAT(why->detail(), HasSubstr("/no/such/folder"));
}

TEST_F(endpoint_test, every_client_is_drained_with_1012) {
  options.drain.batch_size = 10;
  options.drain.batch_interval = 20ms;
  start();
  std::vector<websocket_client> clients;
  for (int i = 0; i < 50; ++i)
    clients.push_back(open());
  std::thread reader{[&] {
    for (auto& x : clients)
      EXPECT_EQ(x.receive(10s).close_code, 1012);
  }};
  const auto why = node->stop();
  reader.join();
  EXPECT_TRUE(why.is_orderly()) << to_string(why);
}

TEST_F(endpoint_test, nobody_is_drained_while_a_shard_still_listens) {
  node_options.shards = 3;
  start();
  auto client = open();
  std::vector<bool> listens;
  node->telemetry().attach("test", std::string{events::socket_drain},
                           [&](const runtime::telemetry_event&) {
                             websocket_client late;
                             listens.push_back(late.connect_tcp(url()));
                           });
  std::thread reader{[&] { EXPECT_EQ(client.receive(10s).close_code, 1012); }};
  node->stop();
  reader.join();
  EXPECT_EQ(listens, std::vector<bool>{false});
}

TEST_F(endpoint_test, a_drain_tells_how_far_it_is) {
  options.drain.batch_size = 2;
  options.drain.batch_interval = 1ms;
  node_options.shards = 1;
  start();
  std::vector<websocket_client> clients;
  for (int i = 0; i < 5; ++i)
    clients.push_back(open());
  std::vector<std::array<double, 4>> told;
  node->telemetry().attach(
    "test", std::string{events::socket_drain},
    [&](const runtime::telemetry_event& x) {
      told.push_back({x.measurement("count"), x.measurement("total"),
                      x.measurement("index"), x.measurement("rounds")});
    });
  std::thread reader{[&] {
    for (auto& x : clients)
      EXPECT_EQ(x.receive(10s).close_code, 1012);
  }};
  node->stop();
  reader.join();
  EXPECT_EQ(told, (std::vector<std::array<double, 4>>{
                    {2, 5, 1, 3}, {2, 5, 2, 3}, {1, 5, 3, 3}}));
}

TEST_F(endpoint_test, a_killed_socket_is_closed_and_the_others_are_not) {
  node_options.shards = 1;
  start();
  auto first = open();
  auto second = open();
  ASSERT_TRUE(answers(first));
  ASSERT_TRUE(answers(second));
  runtime::pid victim;
  node->run_on(0, [&] {
    victim = channels::sockets_of(*node, "test.endpoint.pool", 0).front();
  });
  node->exit(victim, runtime::exit_reason::kill());
  const bool first_ended = first.receive(1s).what == event::kind::closed;
  EXPECT_TRUE(answers(first_ended ? second : first));
  EXPECT_TRUE(eventually([&] { return counted().open == 1; }));
}

TEST_F(endpoint_test, a_listener_that_dies_is_back_on_its_port) {
  node_options.shards = 1;
  start();
  auto client = open();
  const auto victim = node->whereis("test.endpoint.listener.0");
  node->exit(victim, runtime::exit_reason::kill());
  ASSERT_TRUE(eventually([&] {
    const auto now = node->whereis("test.endpoint.listener.0");
    return now && now != victim;
  }));
  EXPECT_TRUE(answers(client));
  auto another = open();
  EXPECT_TRUE(answers(another));
}

TEST_F(endpoint_test, shards_accept_in_turn) {
  node_options.shards = 3;
  options.accept_turn = 4;
  start();
  std::vector<websocket_client> clients(24);
  for (auto& x : clients)
    x = open();
  EXPECT_THAT(accepted_by_shard(), ::testing::Each(8u));
}

TEST_F(endpoint_test, more_shards_than_processors_accept_in_turn) {
  node_options.shards = std::thread::hardware_concurrency() + 1;
  start();
  std::vector<websocket_client> clients(64);
  for (auto& x : clients)
    x = open();
  EXPECT_THAT(accepted_by_shard(), ::testing::Contains(64u));
  clients.push_back(open());
  EXPECT_THAT(accepted_by_shard(), ::testing::Contains(1u));
}

TEST_F(endpoint_test, who_arrives_is_taken_though_it_is_a_dead_listeners_turn) {
  node_options.shards = 2;
  options.accept_turn = 1'000;
  start();
  for (const auto* name :
       {"test.endpoint.listener.0", "test.endpoint.listener.1"}) {
    const auto victim = node->whereis(name);
    node->exit(victim, runtime::exit_reason::kill());
    ASSERT_TRUE(eventually([&] {
      const auto now = node->whereis(name);
      return now && now != victim;
    }));
    auto client = open();
    EXPECT_TRUE(answers(client));
  }
}

TEST_F(endpoint_test, connections_that_lose_their_holder_start_anew) {
  start();
  auto client = open();
  ASSERT_TRUE(answers(client));
  const auto last_child = node->whereis("test.endpoint.drainer");
  ASSERT_TRUE(last_child);
  node->exit(node->whereis("test.endpoint.connections.0"),
             runtime::exit_reason::kill());
  EXPECT_EQ(client.receive(5s).what, event::kind::closed);
  // The other shard accepts until it is its turn to stop: a client it took
  // meanwhile is closed, too.
  ASSERT_TRUE(eventually([&] {
    const auto now = node->whereis("test.endpoint.drainer");
    return now && now != last_child;
  }));
  websocket_client again;
  EXPECT_TRUE(again.connect(url()));
  EXPECT_TRUE(answers(again));
}

} // namespace
} // namespace bennu::transport
