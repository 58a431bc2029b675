#include "channels/telemetry.hpp"
#include "runtime/telemetry.hpp"
#include "tests/transport/endpoint_fixture.hpp"
#include "transport/metrics.hpp"

#include <string>

namespace bennu::transport {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr auto connects = channels::events::socket_connected;

class metrics_test : public endpoint_fixture {
protected:
  std::string scrape() {
    return exchange("GET /metrics HTTP/1.0\r\nHost: x\r\n\r\n");
  }
};

TEST_F(metrics_test, a_scrape_tells_what_has_happened) {
  options.metrics_path = "/metrics";
  start();
  auto client = open();
  join(client);
  client.send_text(R"(["1","2","test:a","echo",{"n":1}])");
  client.receive(5s);
  websocket_client refused;
  EXPECT_FALSE(refused.connect(url("vsn=2.0.0&refuse=1")));
  EXPECT_THAT(scrape(),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"),
                    HasSubstr("Content-Type: text/plain; version=0.0.4\r\n"),
                    HasSubstr("bennu_socket_connects_total{result=\"ok\","
                              "transport=\"websocket\"} 1"),
                    HasSubstr("bennu_socket_connects_total{result=\"refused\","
                              "transport=\"websocket\"} 1"),
                    HasSubstr("bennu_channel_joins_total{result=\"ok\"} 1"),
                    HasSubstr("bennu_channel_handle_in_seconds_count 1"),
                    HasSubstr("# TYPE bennu_socket_connect_seconds histogram"),
                    HasSubstr("\nbennu_endpoint_open 1\n")));
}

TEST_F(metrics_test, without_a_path_there_is_no_page_and_nobody_listens) {
  start();
  EXPECT_THAT(scrape(), StartsWith("HTTP/1.1 404"));
  EXPECT_FALSE(node->telemetry().attached({connects}));
}

TEST_F(metrics_test, only_get_reads_it) {
  options.metrics_path = "/metrics";
  start();
  EXPECT_THAT(exchange("DELETE /metrics HTTP/1.0\r\nHost: x\r\n\r\n"),
              StartsWith("HTTP/1.1 405"));
}

TEST_F(metrics_test, an_endpoint_that_has_ended_no_longer_listens) {
  options.metrics_path = "/metrics";
  start();
  EXPECT_TRUE(node->telemetry().attached({connects}));
  node->stop();
  EXPECT_FALSE(node->telemetry().attached({connects}));
}

} // namespace
} // namespace bennu::transport
