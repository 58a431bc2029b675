#include "observer/dump_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace bennu::observer {
namespace {

using channels::json;

json page_of(std::size_t rows) {
  json x{{"rows", json::array()}};
  for (std::size_t i = 0; i < rows; ++i)
    x["rows"].push_back({"a name of some length " + std::to_string(i)});
  return x;
}

TEST(dump_text, a_page_that_does_not_fit_loses_rows_and_says_so) {
  dump_content x{.about = {{"node", "n"}}};
  x.pages = {{"small", page_of(1)}, {"large", page_of(1000)}};
  const auto dump = json::parse(dump_text(x, 4'000));
  EXPECT_EQ(dump["bennu_dump"], 1);
  EXPECT_EQ(dump["pages"]["small"]["rows"].size(), 1u);
  const auto& large = dump["pages"]["large"];
  EXPECT_GT(large["rows"].size(), 0u);
  EXPECT_LT(large["rows"].size(), 1000u);
  EXPECT_NE(large["note"].get<std::string>().find("the dump is full"),
            std::string::npos);
}

TEST(dump_text, it_is_never_longer_than_told) {
  for (const std::size_t most : {0u, 100u, 1'000u, 10'000u}) {
    dump_content x;
    x.pages = {{"a", page_of(100)}, {"b", page_of(100)}, {"c", page_of(100)}};
    const auto text = dump_text(x, most);
    EXPECT_LE(text.size(), most + 1024);
    EXPECT_TRUE(json::accept(text));
  }
}

TEST(write_private_file, it_is_for_its_owner_and_replaces_nothing) {
  const auto path = ::testing::TempDir() + "bennu-dump-file";
  std::filesystem::remove(path);
  write_private_file(path, "first");
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            perms::owner_read | perms::owner_write);
  EXPECT_THROW(write_private_file(path, "second"), std::runtime_error);
  std::string kept;
  std::ifstream{path} >> kept;
  EXPECT_EQ(kept, "first");
  std::filesystem::remove(path);
}

TEST(write_private_file, a_full_disk_leaves_nothing_behind) {
  EXPECT_THROW(write_private_file("/no/such/folder/x", "text"),
               std::runtime_error);
  EXPECT_THROW(write_private_file("/proc/x", "text"), std::runtime_error);
}

TEST(dump_name, a_node_s_name_cannot_lead_out_of_the_folder) {
  EXPECT_EQ(dump_name("../../etc/x y", 7).find('/'), std::string::npos);
}

} // namespace
} // namespace bennu::observer
