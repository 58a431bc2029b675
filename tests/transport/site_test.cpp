#include "transport/detail/site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace bennu::transport {
namespace {

using header_pair = std::pair<std::string, std::string>;
using detail::http_answer;
using detail::http_read;
using detail::read_http;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

http_read::kind kind_of(std::string_view bytes,
                        detail::http_limits limits = {}) {
  return read_http(bytes, limits).what;
}

const std::string upgrade_headers = "Host: example.com\r\n"
                                    "Connection: keep-alive, Upgrade\r\n"
                                    "Upgrade: websocket\r\n"
                                    "Sec-WebSocket-Version: 13\r\n"
                                    "Sec-WebSocket-Key: "
                                    "dGhlIHNhbXBsZSBub25jZQ==\r\n";

class site_test : public ::testing::Test {
protected:
  site_test() {
    const auto connect = [this](const channels::connect_request& x) {
      asked_ = x;
      return outcome_;
    };
    options_.mounts.push_back({"/socket/websocket", connect});
    outcome_.accepted.emplace();
  }

  http_answer ask(const std::string& bytes, bool draining = false) {
    const auto read = read_http(bytes, {});
    EXPECT_EQ(read.what, http_read::kind::complete) << read.error;
    const detail::site x{options_};
    auto answer = x.answer(read.request, {"10.0.0.1", 4711}, draining);
    file_ = answer.file;
    if (answer.socket)
      answer.bytes = read.request.accept_websocket(answer.subprotocol);
    return answer;
  }

  int status(const std::string& bytes, bool draining = false) {
    return std::stoi(ask(bytes, draining).bytes.substr(9));
  }

  std::string upgrade(const std::string& target,
                      const std::string& more = {}) const {
    return "GET " + target + " HTTP/1.1\r\n" + upgrade_headers + more + "\r\n";
  }

  static std::string without(std::string bytes, const std::string& header) {
    const auto at = bytes.find(header);
    return bytes.erase(at, bytes.find("\r\n", at) + 2 - at);
  }

  detail::site::options options_;
  channels::connect_outcome outcome_;
  channels::connect_request asked_;
  std::string file_;
};

TEST(read_http, a_whole_request_is_read_and_the_rest_left) {
  const std::string one = "GET /a?b=c HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n\r\n";
  const auto x = read_http(one + "GET /next", {});
  ASSERT_EQ(x.what, http_read::kind::complete);
  EXPECT_EQ(x.size, one.size());
  EXPECT_EQ(x.request.method(), "GET");
  EXPECT_EQ(x.request.target(), "/a?b=c");
  EXPECT_EQ(x.request.header("x-a"), "1");
  EXPECT_TRUE(x.request.keep_alive());
  EXPECT_EQ(x.request.headers()[1], (header_pair{"x-a", "1"}));
}

TEST(read_http, every_beginning_of_a_request_is_incomplete) {
  const std::string one =
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t n = 0; n < one.size(); ++n)
    EXPECT_EQ(kind_of(one.substr(0, n)), http_read::kind::incomplete) << n;
  EXPECT_EQ(kind_of(one), http_read::kind::complete);
}

TEST(read_http, what_is_not_http_is_malformed_at_once) {
  for (const char* bytes :
       {"\x16\x03\x01\x02", "HELLO\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n"})
    EXPECT_EQ(kind_of(bytes), http_read::kind::malformed) << bytes;
}

TEST(read_http, a_header_at_the_limit_passes_and_one_past_does_not) {
  const std::string start = "GET / HTTP/1.1\r\nX: ";
  const auto sized = [&](std::size_t n) {
    return start + std::string(n - start.size() - 4, 'x') + "\r\n\r\n";
  };
  EXPECT_EQ(kind_of(sized(1000), {.header_max = 1000}),
            http_read::kind::complete);
  EXPECT_EQ(kind_of(sized(1001), {.header_max = 1000}),
            http_read::kind::header_too_large);
  EXPECT_EQ(kind_of(start + std::string(9000, 'x')),
            http_read::kind::header_too_large);
}

TEST(read_http, a_body_at_the_limit_passes_and_one_past_does_not) {
  const auto sized = [&](int n) {
    return "POST / HTTP/1.1\r\nContent-Length: " + std::to_string(n)
           + "\r\n\r\n" + std::string(static_cast<std::size_t>(n), 'x');
  };
  EXPECT_EQ(kind_of(sized(10), {.body_max = 10}), http_read::kind::complete);
  EXPECT_EQ(kind_of(sized(11), {.body_max = 10}),
            http_read::kind::body_too_large);
}

TEST_F(site_test, a_websocket_is_accepted_with_the_rfcs_own_example) {
  const auto x = ask(upgrade("/socket/websocket?vsn=2.0.0&name=a%20b+c"));
  ASSERT_TRUE(x.socket);
  EXPECT_THAT(x.bytes, StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(x.bytes, HasSubstr("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  EXPECT_EQ(asked_.params.at("name"), "a b c");
  EXPECT_EQ(asked_.params.at("vsn"), "2.0.0");
  EXPECT_EQ(asked_.peer_address, "10.0.0.1");
  EXPECT_EQ(asked_.peer_port, 4711);
  EXPECT_EQ(asked_.headers[0], (header_pair{"host", "example.com"}));
}

TEST_F(site_test, a_path_segment_can_be_a_parameter) {
  options_.mounts[0].websocket_path = "/socket/:room/websocket";
  EXPECT_EQ(status(upgrade("/socket/a%2Fb/websocket")), 404);
  EXPECT_EQ(status(upgrade("/socket/lobby/websocket?room=x")), 101);
  EXPECT_EQ(asked_.params.at("room"), "lobby");
  EXPECT_EQ(status(upgrade("/socket//websocket")), 404);
}

TEST_F(site_test, a_refused_connect_gives_its_status_and_keeps_its_reason) {
  outcome_ = {.accepted = {}, .refused = {.status = 403, .reason = "secret"}};
  const auto x = ask(upgrade("/socket/websocket"));
  EXPECT_THAT(x.bytes, StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(x.bytes, Not(HasSubstr("secret")));
}

TEST_F(site_test, a_refused_connect_may_say_more) {
  outcome_ = {.accepted = {},
              .refused = {.status = 429,
                          .reason = {},
                          .headers = {{"Retry-After", "5"}},
                          .body = "{}",
                          .content_type = "application/json"}};
  const auto x = ask(upgrade("/socket/websocket"));
  EXPECT_THAT(x.bytes, StartsWith("HTTP/1.1 429 "));
  EXPECT_THAT(x.bytes, HasSubstr("Retry-After: 5\r\n"));
  EXPECT_THAT(x.bytes, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(x.bytes, EndsWith("\r\n\r\n{}"));
}

TEST_F(site_test, a_token_among_the_subprotocols_is_taken_out) {
  const auto request =
    upgrade("/socket/websocket",
            "Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx.YS8/Pw\r\n");
  EXPECT_EQ(status(request), 101);
  EXPECT_EQ(asked_.auth_token, std::nullopt) << "nobody asked for it";
  options_.mounts[0].auth_token = true;
  EXPECT_THAT(ask(request).bytes,
              HasSubstr("Sec-WebSocket-Protocol: phoenix\r\n"));
  EXPECT_EQ(asked_.auth_token, "a/?\x3f");
  EXPECT_EQ(asked_.header("sec-websocket-protocol"), "phoenix");
}

TEST_F(site_test, where_a_token_is_asked_for_phoenix_is_spoken_too) {
  options_.mounts[0].auth_token = true;
  options_.mounts[0].subprotocols = {"b"};
  const std::string token = "base64url.bearer.phx.YS8/Pw";
  const auto offer = [&](const std::string& names) {
    return ask(upgrade("/socket/websocket",
                       "Sec-WebSocket-Protocol: " + names + "\r\n"))
      .bytes;
  };
  EXPECT_THAT(offer("phoenix, " + token),
              HasSubstr("Sec-WebSocket-Protocol: phoenix\r\n"));
  EXPECT_THAT(offer("b, phoenix"),
              HasSubstr("Sec-WebSocket-Protocol: phoenix\r\n"));
  EXPECT_THAT(offer("b"), HasSubstr("Sec-WebSocket-Protocol: b\r\n"));
  EXPECT_THAT(offer(token), AllOf(StartsWith("HTTP/1.1 101 "),
                                  Not(HasSubstr("Sec-WebSocket-Protocol"))));
  EXPECT_THAT(offer("c"), StartsWith("HTTP/1.1 403 "));
}

TEST_F(site_test, a_mount_may_have_an_origin_check_of_its_own) {
  const auto request =
    upgrade("/socket/websocket", "Origin: https://a.com\r\n");
  EXPECT_EQ(status(request), 403);
  options_.mounts[0].websocket_origin = {{"https://a.com"}};
  EXPECT_EQ(status(request), 101);
  options_.origin_check = false;
  options_.mounts[0].websocket_origin = true;
  EXPECT_EQ(status(request), 403);
}

class polled_site_test : public site_test {
protected:
  polled_site_test() {
    options_.mounts[0].long_poll_path = "/socket/:room/longpoll";
  }

  static std::string get(const std::string& more = {}) {
    return "GET /socket/7/longpoll?vsn=2.0.0&token=q HTTP/1.1\r\n"
           "Host: example.com\r\n"
           + more + "\r\n";
  }
};

TEST_F(polled_site_test, a_poll_has_its_parameters_and_token) {
  const auto x = ask(get()).long_poll;
  ASSERT_TRUE(x);
  EXPECT_EQ(x->token, "q");
  EXPECT_EQ(x->asked.params.at("room"), "7");
  EXPECT_EQ(x->asked.transport, "longpoll");
  EXPECT_FALSE(x->push);
  EXPECT_EQ(ask(get("X-Phoenix-Longpoll-Token: h\r\n")).long_poll->token, "h");
}

TEST_F(polled_site_test, the_auth_token_of_a_poll_is_a_header) {
  const auto request = get("X-Phoenix-AuthToken: secret\r\n");
  EXPECT_EQ(ask(request).long_poll->asked.auth_token, std::nullopt);
  options_.mounts[0].auth_token = true;
  EXPECT_EQ(ask(request).long_poll->asked.auth_token, "secret");
}

TEST_F(polled_site_test, a_push_brings_as_many_messages_as_its_mount_allows) {
  const auto pushed = [&] {
    return ask("POST /socket/7/longpoll HTTP/1.1\r\nHost: x\r\n"
               "Content-Type: application/x-ndjson\r\n"
               "Content-Length: 11\r\n\r\n[1]\n[2]\n[3]")
      .long_poll->push->parts.size();
  };
  EXPECT_EQ(pushed(), 3u);
  options_.mounts[0].long_poll.pushes_max = 2;
  EXPECT_EQ(pushed(), 2u);
}

TEST_F(polled_site_test, a_poll_has_an_origin_check_of_its_own) {
  const auto request = get("Origin: https://a.com\r\n");
  EXPECT_THAT(ask(request).bytes, EndsWith(R"({"status":403})"));
  options_.mounts[0].long_poll_origin = {{"https://a.com"}};
  EXPECT_TRUE(ask(request).long_poll);
}

TEST_F(polled_site_test, only_its_pushes_may_have_large_bodies) {
  options_.mounts[0].long_poll.body_max = 100'000;
  const detail::site site{options_};
  const auto post = [&](const std::string& path, std::size_t size) {
    return kind_of("POST " + path
                     + " HTTP/1.1\r\nContent-Length: " + std::to_string(size)
                     + "\r\n\r\n" + std::string(size, 'x'),
                   site.limits());
  };
  EXPECT_EQ(post("/socket/7/longpoll", 100'000), http_read::kind::complete);
  EXPECT_EQ(post("/socket/7/longpoll", 100'001),
            http_read::kind::body_too_large);
  EXPECT_EQ(post("/", 4097), http_read::kind::body_too_large);
}

TEST_F(site_test, parameters_of_a_path_that_does_not_match_are_none) {
  options_.mounts[0].long_poll_path = "/:who/:what/longpoll";
  options_.mounts[0].websocket_path = "/:room/b/websocket";
  const auto x = ask("GET /a/b/longpoll HTTP/1.1\r\nHost: example.com\r\n\r\n");
  EXPECT_FALSE(x.long_poll->asked.params.contains("room"));
}

TEST_F(site_test, a_bad_upgrade_gets_400_and_the_reason) {
  const auto whole = upgrade("/socket/websocket");
  for (const char* header : {"Host", "Connection", "Sec-WebSocket-Key"}) {
    const auto x = ask(without(whole, header));
    EXPECT_THAT(x.bytes, StartsWith("HTTP/1.1 400 ")) << header;
    EXPECT_THAT(x.bytes, HasSubstr("header must")) << header;
  }
  EXPECT_EQ(status("POST" + whole.substr(3)), 400);
  auto old = whole;
  old.replace(old.find("HTTP/1.1"), 8, "HTTP/1.0");
  EXPECT_EQ(status(old), 400);
}

TEST_F(site_test, no_upgrade_or_another_version_gets_426) {
  const auto whole = upgrade("/socket/websocket");
  EXPECT_EQ(status(without(whole, "Upgrade: websocket")), 426);
  const auto x = ask(without(whole, "Sec-WebSocket-Version"));
  EXPECT_THAT(x.bytes, StartsWith("HTTP/1.1 426 "));
  EXPECT_THAT(x.bytes, HasSubstr("Sec-WebSocket-Version: 13"));
}

TEST_F(site_test, a_bad_query_gets_400) {
  EXPECT_EQ(status(upgrade("/socket/websocket?a=%zz")), 400);
  EXPECT_EQ(status(upgrade("http://x/socket/websocket")), 400);
}

TEST_F(site_test, the_origin_is_checked_before_connect_runs) {
  const auto foreign =
    upgrade("/socket/websocket?seen=1", "Origin: http://evil.com\r\n");
  EXPECT_EQ(status(foreign), 403);
  EXPECT_TRUE(asked_.params.empty());
  EXPECT_EQ(
    status(upgrade("/socket/websocket", "Origin: http://example.com\r\n")),
    101);
  options_.origin_check = false;
  EXPECT_EQ(status(foreign), 101);
}

TEST_F(site_test, the_servers_first_matching_subprotocol_is_echoed) {
  options_.mounts[0].subprotocols = {"b", "a"};
  const auto offer = [&](const std::string& names) {
    return ask(upgrade("/socket/websocket",
                       "Sec-WebSocket-Protocol: " + names + "\r\n"))
      .bytes;
  };
  EXPECT_THAT(offer("a, b"), HasSubstr("Sec-WebSocket-Protocol: b\r\n"));
  EXPECT_THAT(offer("a"), HasSubstr("Sec-WebSocket-Protocol: a\r\n"));
  EXPECT_THAT(offer("c"), StartsWith("HTTP/1.1 403 "));
  EXPECT_EQ(status(upgrade("/socket/websocket")), 101);
}

TEST_F(site_test, health_says_whether_to_send_more_clients) {
  const std::string get = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_THAT(ask(get).bytes, HasSubstr(R"({"status":"ok"})"));
  EXPECT_TRUE(ask(get).keep_alive);
  EXPECT_EQ(status(get, true), 503);
  EXPECT_EQ(status(upgrade("/socket/websocket"), true), 503);
}

TEST_F(site_test, an_unknown_path_gets_404_and_the_way_to_the_sockets) {
  const auto x = ask("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(x.bytes, StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(x.bytes, HasSubstr("/socket/websocket"));
}

TEST_F(site_test, only_get_and_head_are_done) {
  const auto x = ask("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(x.bytes, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(x.bytes, HasSubstr("Allow: GET, HEAD\r\n"));
}

TEST_F(site_test, http_1_0_and_connection_close_end_the_connection) {
  EXPECT_FALSE(ask("GET /health HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_FALSE(
    ask("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      .keep_alive);
}

class static_files_test : public site_test {
protected:
  static_files_test()
    : folder_(
      std::filesystem::temp_directory_path()
      / ("bennu_static_"
         + std::to_string(::testing::UnitTest::GetInstance()->random_seed())
         + ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::create_directories(folder_ / "public" / "js");
    put("public/index.html", "<p>chat</p>");
    put("public/js/app.js", "let a");
    put("public/.hidden", "secret");
    put("outside.txt", "secret");
    std::filesystem::create_symlink(folder_ / "outside.txt",
                                    folder_ / "public" / "link.txt");
    options_.files = static_files{(folder_ / "public").string()};
  }
  ~static_files_test() override { std::filesystem::remove_all(folder_); }

  void put(const std::string& name, std::string_view content) {
    std::ofstream{folder_ / name} << content;
  }

  std::string get(const std::string& path, const std::string& method = "GET") {
    const auto x = ask(method + " " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    return x.bytes + file_;
  }

  std::filesystem::path folder_;
};

TEST_F(static_files_test, the_root_is_the_index_page) {
  const auto x = get("/?any=query");
  EXPECT_THAT(x, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(x, HasSubstr("Content-Type: text/html; charset=utf-8\r\n"));
  EXPECT_THAT(x, HasSubstr("Content-Length: 11\r\n"));
  EXPECT_THAT(x, HasSubstr("\r\n\r\n<p>chat</p>"));
}

TEST_F(static_files_test, a_file_has_the_type_of_its_ending) {
  EXPECT_THAT(get("/js/app.js"), HasSubstr("Content-Type: text/javascript"));
  EXPECT_EQ(content_type_of("x.unknown"), "application/octet-stream");
}

TEST_F(static_files_test, head_gives_the_length_and_no_body) {
  const auto x = get("/", "HEAD");
  EXPECT_THAT(x, HasSubstr("Content-Length: 11\r\n"));
  EXPECT_TRUE(x.ends_with("\r\n\r\n"));
  EXPECT_TRUE(get("/none", "HEAD").ends_with("\r\n\r\n"));
}

TEST_F(static_files_test, nothing_outside_the_folder_can_be_named) {
  for (const char* path :
       {"/../outside.txt", "/%2e%2e/outside.txt", "/js/../../outside.txt",
        "/link.txt", "/.hidden", "//outside.txt", "/js", "/js/",
        "/..%2foutside.txt", "/index.html%00", "/js%2Fapp.js/"})
    EXPECT_THAT(get(path), StartsWith("HTTP/1.1 404 ")) << path;
}

TEST_F(static_files_test, a_folder_that_is_none_is_an_error_that_names_it) {
  try {
    static_files x{"/no/such/folder"};
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("/no/such/folder"));
  }
}

} // namespace
} // namespace bennu::transport
