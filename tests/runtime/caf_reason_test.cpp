#include "runtime/detail/caf_reason.hpp"

#include <caf/all.hpp>
#include <gtest/gtest.h>

namespace bennu::runtime::detail {
namespace {

const std::vector<exit_reason>& reasons() {
  static const std::vector<exit_reason> all{
    exit_reason::normal(),         exit_reason::shutdown(),
    exit_reason::shutdown("left"), exit_reason::kill(),
    exit_reason::killed(),         exit_reason::noproc(),
    exit_reason::noconnection(),   exit_reason::timeout(),
    exit_reason::error("boom"),
  };
  return all;
}

TEST(caf_reason, every_reason_finds_its_way_back) {
  for (const auto& x : reasons()) {
    EXPECT_EQ(from_caf(to_caf(x)), x);
    EXPECT_EQ(from_caf(to_caf_over_link(x)), x);
  }
}

TEST(caf_reason, caf_sees_its_own_words) {
  EXPECT_FALSE(to_caf(exit_reason::normal()));
  EXPECT_EQ(to_caf(exit_reason::shutdown("left")),
            caf::exit_reason::user_shutdown);
  EXPECT_EQ(to_caf(exit_reason::killed()), caf::exit_reason::kill);
  EXPECT_EQ(to_caf(exit_reason::noproc()), caf::exit_reason::unknown);
  EXPECT_EQ(to_caf(exit_reason::noconnection()),
            caf::exit_reason::remote_link_unreachable);
  EXPECT_EQ(to_caf(exit_reason::timeout()), caf::sec::request_timeout);
  EXPECT_EQ(to_caf(exit_reason::error("boom")),
            caf::exit_reason::unhandled_exception);
  EXPECT_NE(caf::to_string(to_caf(exit_reason::error("boom"))).find("boom"),
            std::string::npos);
}

TEST(caf_reason, nothing_over_a_link_is_cafs_untrappable_kill) {
  for (const auto& x : reasons())
    EXPECT_NE(to_caf_over_link(x), caf::exit_reason::kill);
}

TEST(caf_reason, what_kill_has_ended_is_killed) {
  EXPECT_EQ(ended_by(caf::make_error(caf::exit_reason::kill)),
            exit_reason::killed());
  EXPECT_EQ(ended_by(caf::error{}), exit_reason::normal());
}

TEST(caf_reason, an_error_without_an_erlang_word_keeps_its_text) {
  const auto why = from_caf(caf::make_error(caf::sec::cannot_open_file, "a"));
  EXPECT_EQ(why.what(), exit_reason::kind::error);
  EXPECT_NE(why.detail().find("cannot_open_file"), std::string::npos);
  EXPECT_EQ(from_caf(caf::make_error(caf::exit_reason::unhandled_exception))
                .detail()
                .find("unhandled_exception")
              == std::string::npos,
            false);
}

} // namespace
} // namespace bennu::runtime::detail
