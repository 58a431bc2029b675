#include "transport/origin.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace bennu::transport {
namespace {

const authority request{"http", "example.com", 4000};

bool allowed(const origin_check& check,
             std::optional<std::string_view> origin) {
  return check.allows(origin, request, "example.com");
}

TEST(origin, a_request_without_the_header_is_allowed) {
  for (const auto& check : {origin_check(true), origin_check{"https://a.com"},
                            origin_check::conn()})
    EXPECT_TRUE(allowed(check, std::nullopt));
}

TEST(origin, false_allows_every_page) {
  for (const char* origin : {"https://evil.com", "null", "file://", "%%%", ""})
    EXPECT_TRUE(allowed(false, origin));
}

TEST(origin, true_compares_the_host_alone) {
  EXPECT_TRUE(allowed(true, "http://example.com"));
  EXPECT_TRUE(allowed(true, "https://example.com:8443"));
  EXPECT_TRUE(allowed(true, "https://EXAMPLE.com"));
  EXPECT_FALSE(allowed(true, "http://www.example.com"));
  EXPECT_FALSE(allowed(true, "http://example.com.evil.com"));
}

TEST(origin, true_without_a_url_host_compares_with_the_requests_host) {
  const origin_check check = true;
  EXPECT_TRUE(check.allows("http://example.com:1", request, ""));
  EXPECT_FALSE(check.allows("http://other.com", request, ""));
}

TEST(origin, a_url_host_beats_the_requests_host) {
  const authority rebound{"http", "evil.com", 80};
  EXPECT_FALSE(origin_check(true).allows("http://evil.com", rebound, "a.com"));
}

TEST(origin, an_unreadable_origin_is_refused) {
  for (const char* origin : {"null", "file://", "", "example.com", "%%%",
                             "http://", "//", "http://exa mple.com"}) {
    EXPECT_FALSE(allowed(true, origin)) << origin;
    EXPECT_FALSE(allowed({"//example.com"}, origin)) << origin;
    EXPECT_FALSE(allowed(origin_check::conn(), origin)) << origin;
  }
}

TEST(origin, a_scheme_in_a_pattern_implies_its_port) {
  const origin_check check{"https://a.com"};
  EXPECT_TRUE(allowed(check, "https://a.com"));
  EXPECT_TRUE(allowed(check, "https://a.com:443"));
  EXPECT_FALSE(allowed(check, "https://a.com:444"));
  EXPECT_FALSE(allowed(check, "http://a.com"));
}

TEST(origin, a_pattern_without_scheme_takes_any_but_its_port) {
  const origin_check check{"//b.com:888"};
  EXPECT_TRUE(allowed(check, "http://b.com:888"));
  EXPECT_TRUE(allowed(check, "https://b.com:888"));
  EXPECT_FALSE(allowed(check, "http://b.com"));
  EXPECT_TRUE(allowed({"//b.com"}, "ws://b.com:1"));
}

TEST(origin, a_wildcard_matches_the_bare_domain_and_all_below) {
  const origin_check check{"//*.ex.com"};
  EXPECT_TRUE(allowed(check, "http://ex.com"));
  EXPECT_TRUE(allowed(check, "http://www.ex.com"));
  EXPECT_TRUE(allowed(check, "http://a.b.ex.com"));
  EXPECT_FALSE(allowed(check, "http://prefix-ex.com"));
  EXPECT_FALSE(allowed(check, "http://ex.com.evil.com"));
}

TEST(origin, any_pattern_of_a_list_is_enough) {
  const origin_check check{"https://a.com", "//*.c.com"};
  EXPECT_TRUE(allowed(check, "https://a.com"));
  EXPECT_TRUE(allowed(check, "http://c.com"));
  EXPECT_FALSE(allowed(check, "http://example.com"));
}

TEST(origin, conn_compares_scheme_host_and_port) {
  const auto check = origin_check::conn();
  EXPECT_TRUE(allowed(check, "http://example.com:4000"));
  EXPECT_FALSE(allowed(check, "https://example.com:4000"));
  EXPECT_FALSE(allowed(check, "http://example.com"));
  EXPECT_FALSE(allowed(check, "http://www.example.com:4000"));
  EXPECT_FALSE(allowed(check, "ws://example.com:4000"));
}

TEST(origin, a_function_sees_the_origin_as_sent) {
  const origin_check check{
    [](std::string_view origin) { return origin == "null"; }};
  EXPECT_TRUE(allowed(check, "null"));
  EXPECT_FALSE(allowed(check, "http://example.com"));
}

TEST(origin, a_pattern_without_a_host_is_an_error_that_shows_the_forms) {
  for (const char* pattern : {"a.com", "https://", "", "//"})
    EXPECT_THROW(origin_check{pattern}, std::invalid_argument) << pattern;
}

} // namespace
} // namespace bennu::transport
