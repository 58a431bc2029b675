#include "observer/token.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace bennu::observer {
namespace {

namespace files = std::filesystem;

class token_test : public ::testing::Test {
protected:
  token_test() { files::create_directories(folder); }
  ~token_test() override { files::remove_all(folder); }

  std::string file(const std::string& content,
                   files::perms who = files::perms::owner_read) {
    const auto path = folder + "/token";
    files::remove(path);
    std::ofstream{path} << content;
    files::permissions(path, who);
    return path;
  }

  const std::string folder =
    ::testing::TempDir() + "bennu-token-"
    + ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(token_test, each_random_one_is_another_of_256_bits) {
  const auto a = token::random();
  EXPECT_EQ(a.text().size(), 64u);
  EXPECT_NE(a.text(), token::random().text());
}

TEST_F(token_test, only_the_whole_secret_matches) {
  const auto x = token::read(file("0123456789abcdef"));
  EXPECT_TRUE(x.matches("0123456789abcdef"));
  for (const auto* wrong :
       {"", "0", "0123456789abcde", "0123456789abcdeF", "1123456789abcdef",
        "0123456789abcdef0", "0123456789abcdef0123456789abcdef"})
    EXPECT_FALSE(x.matches(wrong)) << wrong;
  // A zero byte in place of what is missing does not help.
  EXPECT_FALSE(x.matches(std::string("0123456789abcde\0", 16)));
}

TEST_F(token_test, the_first_line_counts_without_spaces) {
  EXPECT_EQ(token::read(file("  0123456789abcdef \r\nmore\n")).text(),
            "0123456789abcdef");
}

TEST_F(token_test, as_short_and_long_as_allowed_and_not_one_more) {
  for (const auto size : {token::size_min, token::size_max})
    EXPECT_NO_THROW(token::read(file(std::string(size, 'x'))));
  for (const auto size : {token::size_min - 1, token::size_max + 1})
    EXPECT_THROW(token::read(file(std::string(size, 'x'))), std::runtime_error);
  EXPECT_THROW(token::read(file("sixteen spaces are no secret")),
               std::runtime_error);
}

TEST_F(token_test, a_file_that_others_could_read_is_refused) {
  using files::perms;
  for (const auto who :
       {perms::group_read, perms::others_read, perms::others_write})
    EXPECT_THROW(token::read(file("0123456789abcdef", perms::owner_read | who)),
                 std::runtime_error);
}

TEST_F(token_test, a_missing_file_is_named) {
  try {
    token::read(folder + "/none");
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string(e.what()).find(folder + "/none"), std::string::npos);
  }
}

TEST_F(token_test, it_is_written_for_its_owner_alone) {
  const auto path = file("an old one that all could read", files::perms::all);
  const auto x = token::random();
  x.write(path);
  EXPECT_EQ(files::status(path).permissions(),
            files::perms::owner_read | files::perms::owner_write);
  EXPECT_EQ(token::read(path).text(), x.text());
}

TEST_F(token_test, writing_does_not_follow_a_link) {
  std::ofstream{folder + "/mine"} << "precious";
  files::create_symlink(folder + "/mine", folder + "/token");
  token::random().write(folder + "/token");
  std::string kept;
  std::ifstream{folder + "/mine"} >> kept;
  EXPECT_EQ(kept, "precious");
}

} // namespace
} // namespace bennu::observer
