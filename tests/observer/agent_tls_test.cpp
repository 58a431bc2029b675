#include "observer/cli/client.hpp"
#include "tests/observer/agent_fixture.hpp"
#include "tests/transport/certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace bennu::observer::testing {
namespace {

using ::testing::HasSubstr;

class agent_tls_test : public agent_test {
protected:
  void start_secure(const std::string& host) {
    ASSERT_TRUE(shown.made());
    options.host = host;
    options.certificate_file = shown.file();
    options.key_file = shown.key();
    start();
  }

  observer_cli::client_options to(const std::string& scheme = "wss") const {
    return {.url = scheme + "://127.0.0.1:" + std::to_string(port),
            .token_file = folder + "/token",
            .ca_file = shown.file()};
  }

  transport::testing::certificate shown;
};

TEST_F(agent_tls_test, with_a_certificate_it_listens_for_all_the_world) {
  start_secure("0.0.0.0");
  observer_cli::client x{to()};
  EXPECT_EQ(x.connect()["node"], "seen@test");
  EXPECT_FALSE(x.ask("read", {{"sheet", "processes"}})["rows"].empty());
  EXPECT_TRUE(was_logged("observer: wss://0.0.0.0:"));
}

TEST_F(agent_tls_test, who_does_not_trust_the_certificate_sends_no_token) {
  start_secure("127.0.0.1");
  auto how = to();
  how.ca_file.clear();
  try {
    observer_cli::client{how}.connect();
    FAIL();
  } catch (const observer_cli::cli_error& e) {
    EXPECT_EQ(e.code(), observer_cli::exit_code::no_node);
    EXPECT_THAT(e.what(), HasSubstr("certificate verify failed"));
  }
  how.insecure = true;
  EXPECT_EQ(observer_cli::client{how}.connect()["node"], "seen@test");
}

TEST_F(agent_tls_test, without_tls_nobody_gets_in) {
  start_secure("127.0.0.1");
  EXPECT_THROW(observer_cli::client{to("ws")}.connect(),
               observer_cli::cli_error);
}

TEST_F(agent_tls_test, a_refused_viewer_is_logged_by_where_it_came_from) {
  start_secure("127.0.0.1");
  transport::websocket_client x;
  EXPECT_FALSE(x.connect(to().url + "/observer/websocket?vsn=2.0.0",
                         {.ca_file = shown.file()}));
  EXPECT_EQ(x.status(), 403);
  sockaddr_in here{};
  socklen_t size = sizeof here;
  ::getsockname(x.native_handle(), reinterpret_cast<sockaddr*>(&here), &size);
  EXPECT_TRUE(was_logged("observer: refused 127.0.0.1:"
                         + std::to_string(ntohs(here.sin_port))));
}

TEST_F(agent_tls_test, elsewhere_without_a_certificate_is_refused_in_one_line) {
  options.host = "0.0.0.0";
  const auto why = to_string(try_start().value());
  EXPECT_THAT(why, HasSubstr("--observer-certificate"));
  EXPECT_THAT(why, HasSubstr("--observer-key"));
  options.key_file = "/no/key.pem";
  EXPECT_TRUE(try_start());
}

TEST_F(agent_tls_test, a_certificate_without_its_key_is_refused_in_one_line) {
  ASSERT_TRUE(shown.made());
  options.certificate_file = shown.file();
  EXPECT_THAT(to_string(try_start().value()), HasSubstr("go together"));
  options.key_file = "/no/key.pem";
  EXPECT_THAT(to_string(try_start().value()), HasSubstr("/no/key.pem is"));
}

} // namespace
} // namespace bennu::observer::testing
