#include "channels/parameter_filter.hpp"

#include <gtest/gtest.h>

namespace bennu::channels {
namespace {

const json params{{"user", "ann"},
                  {"password", "xyz"},
                  {"old_password_hash", 7},
                  {"token", "y"},
                  {"deep", {{"password", {1, 2}}, {"list", {{{"a", 1}}}}}},
                  {"query", "a=b&password=xyz"}};

TEST(parameter_filter, hides_what_is_under_a_discarded_key) {
  const auto shown = parameter_filter{}(params);
  EXPECT_EQ(shown.at("user"), "ann");
  EXPECT_EQ(shown.at("password"), "[FILTERED]");
  EXPECT_EQ(shown.at("old_password_hash"), "[FILTERED]");
  EXPECT_EQ(shown.at("token"), "[FILTERED]");
  EXPECT_EQ(shown.at("deep").at("password"), "[FILTERED]");
  EXPECT_EQ(shown.at("deep").at("list"), params.at("deep").at("list"));
}

TEST(parameter_filter, hides_text_that_holds_such_a_key_and_its_value) {
  EXPECT_EQ(parameter_filter{}(params).at("query"), "[FILTERED]");
  EXPECT_EQ(parameter_filter{}("my password"), "my password");
}

TEST(parameter_filter, shows_only_what_is_kept) {
  const parameter_filter keep{.keep = {{"user", "list"}}};
  const auto shown = keep(params);
  EXPECT_EQ(shown.at("user"), "ann");
  EXPECT_EQ(shown.at("password"), "[FILTERED]");
  EXPECT_EQ(shown.at("deep").at("list"), params.at("deep").at("list"));
  EXPECT_EQ(keep({{"other", {1, "a"}}}).at("other"),
            (json{"[FILTERED]", "[FILTERED]"}));
}

TEST(parameter_filter, with_no_words_shows_all) {
  EXPECT_EQ((parameter_filter{.discard = {}}(params)), params);
}

} // namespace
} // namespace bennu::channels
