// A cache: rows in a table, thrown out by a timer.
#include "runtime/node.hpp"
#include "runtime/table.hpp"

#include <iostream>
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
  const auto rows =
    runtime::table<std::string, std::string>::create(self, {.name = "cache"});
  return {
    [&self, rows, keep](const put& x) {
      rows.insert(x.key, x.value);
      self.send_after(keep, expire{x.key});
    },
    [rows](const get& x) { return rows.find(x.key).value_or("nothing"); },
    [rows](const expire& x) { rows.erase(x.key); },
    [rows](size) { return rows.size(); },
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
