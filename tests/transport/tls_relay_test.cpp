#include "tests/transport/certificate.hpp"
#include "tests/transport/endpoint_fixture.hpp"
#include "transport/tls_relay.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bennu::transport::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

/// An endpoint behind a relay.
class tls_relay_test : public endpoint_fixture {
protected:
  void start_relay(tls_relay_options how = {}) {
    ASSERT_TRUE(shown.made());
    start();
    how.host = "127.0.0.1";
    how.certificate_file = shown.file();
    how.key_file = shown.key();
    how.to_port = port;
    relay = std::make_unique<tls_relay>(how);
  }

  std::string secure_url(const std::string& host = "127.0.0.1") const {
    return "wss://" + host + ":" + std::to_string(relay->port())
           + "/socket/websocket?vsn=2.0.0";
  }

  client_options trusting() const { return {.ca_file = shown.file()}; }

  certificate shown;
  std::unique_ptr<tls_relay> relay;
};

TEST_F(tls_relay_test, a_client_that_trusts_the_certificate_joins_and_talks) {
  start_relay();
  websocket_client x;
  ASSERT_TRUE(x.connect(secure_url(), trusting())) << x.error();
  join(x);
  const std::string body(300'000, 'x');
  ASSERT_TRUE(
    x.send_text(R"(["1","2","test:a","echo",{"body":")" + body + R"("}])"));
  EXPECT_THAT(x.receive(10s).payload, HasSubstr(body));
  EXPECT_EQ(relay->size(), 1u);
  x.close();
  EXPECT_TRUE(eventually([&] { return relay->size() == 0; }));
}

TEST_F(tls_relay_test, a_certificate_nobody_vouches_for_is_not_believed) {
  start_relay();
  websocket_client x;
  EXPECT_FALSE(x.connect(secure_url()));
  EXPECT_EQ(x.status(), 0);
  EXPECT_THAT(x.error(), HasSubstr("certificate verify failed"));
  EXPECT_TRUE(x.connect(secure_url(), {.verify = false})) << x.error();
}

TEST_F(tls_relay_test, a_certificate_of_another_host_is_not_believed) {
  start_relay();
  websocket_client x;
  EXPECT_FALSE(x.connect(secure_url("127.0.0.2"), trusting()));
  EXPECT_EQ(x.status(), 0);
}

TEST_F(tls_relay_test, plain_bytes_reach_nobody) {
  start_relay();
  websocket_client x;
  ASSERT_TRUE(x.connect_tcp(secure_url()));
  x.send_raw("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(x.receive_raw(1 << 16, 10s), ::testing::Not(HasSubstr("HTTP")));
  EXPECT_EQ(counted().accepted, 0u);
}

TEST_F(tls_relay_test, as_many_connections_as_allowed_and_not_one_more) {
  start_relay({.connections_max = 2});
  websocket_client a;
  websocket_client b;
  ASSERT_TRUE(a.connect(secure_url(), trusting())) << a.error();
  ASSERT_TRUE(b.connect(secure_url(), trusting())) << b.error();
  websocket_client c;
  EXPECT_FALSE(c.connect(secure_url(), trusting()));
  EXPECT_TRUE(answers(a));
  a.close();
  EXPECT_TRUE(eventually([&] { return relay->size() < 2; }));
  EXPECT_TRUE(c.connect(secure_url(), trusting())) << c.error();
}

TEST_F(tls_relay_test, who_says_nothing_is_closed) {
  start_relay({.handshake_timeout = 50ms});
  websocket_client x;
  ASSERT_TRUE(x.connect_tcp(secure_url()));
  EXPECT_EQ(x.receive_raw(1, 10s), "");
  EXPECT_TRUE(eventually([&] { return relay->size() == 0; }));
}

TEST_F(tls_relay_test, the_end_of_the_relay_ends_its_connections) {
  start_relay();
  websocket_client x;
  ASSERT_TRUE(x.connect(secure_url(), trusting())) << x.error();
  relay.reset();
  EXPECT_EQ(x.receive(10s).what, event::kind::closed);
}

TEST_F(tls_relay_test, a_bad_file_is_refused_in_one_line) {
  ASSERT_TRUE(shown.made());
  const auto why = [&](const std::string& file, const std::string& key) {
    try {
      tls_relay{{.host = "127.0.0.1",
                 .certificate_file = file,
                 .key_file = key,
                 .to_port = 1}};
    } catch (const std::runtime_error& e) {
      return std::string{e.what()};
    }
    return std::string{"none"};
  };
  EXPECT_THAT(why("/no/such.pem", shown.key()), StartsWith("/no/such.pem is"));
  EXPECT_THAT(why(shown.file(), "/no/key.pem"), StartsWith("/no/key.pem is"));
  EXPECT_EQ(why(shown.file(), shown.key()), "none");
}

} // namespace
} // namespace bennu::transport::testing
