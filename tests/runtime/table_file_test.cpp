#include "runtime/table_file.hpp"
#include "tests/runtime/table_fixture.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <unistd.h>

namespace bennu::runtime {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

enum class mood : std::uint8_t { good, bad };

struct visit {
  std::string page;
  int count = 0;
  double seconds = 0;
  mood how = mood::good;
  std::vector<std::string> links{};
  std::optional<int> from{};
  friend bool operator==(const visit&, const visit&) = default;
};
auto fields(visit& x) {
  return std::tie(x.page, x.count, x.seconds, x.how, x.links, x.from);
}

class table_file_test : public table_fixture {
protected:
  table_file_test() {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
  }
  ~table_file_test() override { std::filesystem::remove_all(folder); }

  std::string bytes() const {
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  void write(const std::string& bytes) const {
    std::ofstream{file, std::ios::binary} << bytes;
  }

  /// What reading the file throws; "" when it does not.
  template <class Table = ages>
  std::string error() {
    std::string what;
    end(in_new([&](process& self) {
      try {
        file2tab<Table>(self, file);
      } catch (const table_file_error& e) {
        what = e.what();
      }
    }));
    return what;
  }

  std::filesystem::path folder =
    std::filesystem::temp_directory_path()
    / ("bennu_table_file_test." + std::to_string(::getpid()));
  std::filesystem::path file = folder / "rows";
};

TEST_F(table_file_test, a_table_comes_back_as_it_was) {
  for (const auto kind : all_kinds)
    for (const int count : {0, 1, 5000}) {
      const auto t = make({.name = "ages",
                           .kind = kind,
                           .access = table_access::public_,
                           .write_concurrency = true,
                           .objects_max = 30'000});
      for (int i = 0; i < count; ++i)
        t.insert("key " + std::to_string(i % 1000), i);
      auto before = t.to_list();
      EXPECT_EQ(tab2file(t, file), before.size());
      end(owner);
      in_new([&](process& self) {
        const auto again = file2tab<ages>(self, file);
        auto after = again.to_list();
        const auto by_row = [](const auto& a, const auto& b) {
          return a.row < b.row;
        };
        std::sort(before.begin(), before.end(), by_row);
        std::sort(after.begin(), after.end(), by_row);
        EXPECT_EQ(after, before);
        const auto info = again.info();
        EXPECT_EQ(info.name, "ages");
        EXPECT_EQ(info.kind, kind);
        EXPECT_EQ(info.access, table_access::public_);
        EXPECT_EQ(info.owner, self.self());
        EXPECT_TRUE(info.write_concurrency);
        EXPECT_EQ(info.objects_max, 30'000u);
        EXPECT_EQ(ages::whereis(sim.node(), "ages"), again);
        again.delete_table();
      });
    }
}

TEST_F(table_file_test, the_order_of_a_keys_objects_comes_back) {
  const auto t = make_public(table_kind::duplicate_bag);
  for (int i = 0; i < 3000; ++i)
    t.insert("a", i);
  tab2file(t, file);
  in_new([&](process& self) {
    EXPECT_EQ(file2tab<ages>(self, file).lookup("a"), t.lookup("a"));
  });
}

TEST_F(table_file_test, rows_with_fields_come_back) {
  using visits = table<visit, std::pair<int, std::string>>;
  const visit row{"/", -3, 0.25, mood::bad, {"a", ""}, 7};
  in_new([&](process& self) {
    const auto t = visits::create(self, {});
    t.insert({1, "ann"}, row);
    t.insert({2, ""}, {});
    tab2file(t, file);
    const auto again = file2tab<visits>(self, file);
    EXPECT_EQ(again.find({1, "ann"}), row);
    EXPECT_EQ(again.find({2, ""}), visit{});
  });
}

TEST_F(table_file_test, tells_what_is_in_a_file) {
  const auto t = make_public(table_kind::bag);
  t.insert({{"a", 1}, {"b", 2}});
  tab2file(t, file);
  const auto info = tabfile_info(file);
  EXPECT_EQ(info.version, 1u);
  EXPECT_EQ(info.made_with.name, "t.bag");
  EXPECT_EQ(info.made_with.kind, table_kind::bag);
  EXPECT_FALSE(info.made_with.named);
  EXPECT_EQ(info.row_type, "int");
  EXPECT_EQ(info.objects, 2u);
}

TEST_F(table_file_test, a_file_cut_anywhere_is_refused) {
  const auto t = make();
  in(owner, [&](process&) { t.insert({{"a", 1}, {"b", 2}}); });
  tab2file(t, file);
  const auto whole = bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write(whole.substr(0, size));
    EXPECT_NE(error(), "") << "cut at " << size;
    EXPECT_THROW(tabfile_info(file), table_file_error);
  }
  EXPECT_THAT(sim.node().tables(), SizeIs(1)) << "none of them made a table";
}

TEST_F(table_file_test, a_bit_changed_anywhere_is_noticed) {
  const auto t = make_public(table_kind::set);
  t.insert({{"a", 1}, {"b", 2}});
  tab2file(t, file);
  const auto whole = bytes();
  for (std::size_t i = 0; i < whole.size(); ++i)
    for (const int bit : {0, 7}) {
      auto changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      write(changed);
      EXPECT_NE(error(), "") << "bit " << bit << " of byte " << i;
    }
}

TEST_F(table_file_test, errors_say_what_is_wrong) {
  EXPECT_THAT(error(), HasSubstr("rows cannot be read: No such file"));
  write("something else altogether");
  EXPECT_THAT(error(), HasSubstr("is no table's file"));
  const auto t = make_public(table_kind::set);
  t.insert("a", 1);
  tab2file(t, file);
  using names = table<std::string, int>;
  EXPECT_THAT(error<names>(), HasSubstr("holds rows int under keys"));
  const auto whole = bytes();
  write(whole + "x");
  EXPECT_THAT(error(), HasSubstr("more behind its end"));
  write(whole.substr(0, whole.size() - 1));
  EXPECT_THAT(error(), HasSubstr("is cut short"));
  auto later = whole;
  later[8] = 2;
  write(later);
  EXPECT_THAT(error(), HasSubstr("is of format 2; this program reads 1"));
}

TEST_F(table_file_test, a_file_that_cannot_be_written_leaves_the_old_one) {
  const auto t = make_public(table_kind::set);
  t.insert("a", 1);
  tab2file(t, file);
  const auto old = bytes();
  end(owner);
  EXPECT_THROW(tab2file(t, file), table_error);
  EXPECT_EQ(bytes(), old);
  EXPECT_THROW(tab2file(make_public(table_kind::set), folder / "no" / "x"),
               table_file_error);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator{folder}, {}), 1)
    << "no draft stays behind";
}

TEST_F(table_file_test, an_object_may_be_large_but_not_too_large) {
  using texts = table<std::string, int>;
  in_new([&](process& self) {
    const auto t = texts::create(self, {});
    // A key of four bytes and a length of eight lie beside the text.
    const auto most = detail::table_object_max - 12;
    t.insert(1, std::string(most, 'x'));
    tab2file(t, file);
    EXPECT_EQ(file2tab<texts>(self, file).find(1)->size(), most);
    t.insert(1, std::string(most + 1, 'x'));
    EXPECT_THROW(tab2file(t, file), table_file_error);
  });
}

TEST_F(table_file_test, a_named_table_that_is_still_there_is_in_the_way) {
  const auto t = make();
  tab2file(t, file);
  in_new([&](process& self) {
    EXPECT_THAT(error_of([&] { file2tab<ages>(self, file); }),
                HasSubstr("there is a table ages already"));
  });
}

} // namespace
} // namespace bennu::runtime
