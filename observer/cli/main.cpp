// bennu-observer: looks into a running node.
#include "observer/cli/command.hpp"
#include "observer/cli/full_screen.hpp"

#include <exception>
#include <iostream>

int main(int argc, char** argv) {
  const auto parsed = observer_cli::parse_command(argc, argv);
  if (!parsed.command)
    return parsed.exit_code;
  try {
    if (parsed.command->name.empty())
      return observer_cli::full_screen(*parsed.command);
    observer_cli::run(*parsed.command);
    return 0;
  } catch (const observer_cli::cli_error& e) {
    std::cerr << "bennu-observer: " << e.what() << '\n';
    return static_cast<int>(e.code());
  } catch (const std::exception& e) {
    std::cerr << "bennu-observer: unexpected: " << e.what() << '\n';
    return static_cast<int>(observer_cli::exit_code::failed);
  }
}
