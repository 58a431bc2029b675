// A cache: rows in a table, thrown out by a timer.
#include "runtime/node.hpp"
#include "runtime/table.hpp"

#include <iostream>
#include <memory>
#include <string>

namespace runtime = bennu::runtime;
using namespace std::chrono_literals;

// [cache]
struct put {
  std::string key;
  std::string value;
};
struct get {
  std::string key;
};
struct expire {
  std::string key;
};
struct size {};

runtime::behavior cache(runtime::process& self, runtime::duration keep) {
  using rows = runtime::table<std::string, std::string>;
  const auto table = std::make_shared<rows>(
    runtime::table_options{.name = "cache", .kind = runtime::table_kind::set});
  return {
    [&self, table, keep](const put& x) {
      table->insert(x.key, x.value);
      self.send_after(keep, expire{x.key});
    },
    [table](const get& x) {
      const auto found = table->lookup(x.key);
      return found.empty() ? std::string("nothing") : found.front();
    },
    [table](const expire& x) { table->erase_key(x.key); },
    [table](size) { return table->size(); },
  };
}
// [cache]

int main() {
  runtime::node node;
  const auto id = node.spawn(cache, 20ms);
  node.send(id, put{"bird", "bennu"});
  std::cout << "bird: " << node.call<std::string>(id, get{"bird"}) << '\n';
  while (node.call<std::size_t>(id, size{}) > 0) {
  }
  std::cout << "later: " << node.call<std::string>(id, get{"bird"}) << '\n';
}
