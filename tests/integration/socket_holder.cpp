// Holds so many joined websockets on a chat node until its input ends:
//
//   socket_holder PORT COUNT
//
// Says "holding COUNT" once all have joined rooms:lobby.
#include "tests/bench/load_driver.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
  if (argc != 3)
    return 2;
  try {
    bennu::bench::load_driver driver{
      {.port = static_cast<std::uint16_t>(std::atoi(argv[1])),
       .connections = static_cast<std::size_t>(std::atoi(argv[2]))}};
    const auto x = driver.ramp(std::chrono::seconds{60});
    if (x.failed > 0) {
      std::fprintf(stderr, "%zu of %s failed\n", x.failed, argv[2]);
      return 1;
    }
    std::cout << "holding " << x.done << std::endl;
    std::string line;
    while (std::getline(std::cin, line)) {
    }
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "socket_holder: %s\n", e.what());
    return 1;
  }
}
