#include "runtime/exit_reason.hpp"

namespace bennu::runtime {

std::string to_string(const exit_reason& x) {
  using kind = exit_reason::kind;
  switch (x.what()) {
  case kind::normal:
    return "normal";
  case kind::shutdown:
    return x.detail().empty() ? "shutdown" : "{shutdown, " + x.detail() + "}";
  case kind::kill:
    return "kill";
  case kind::killed:
    return "killed";
  case kind::noproc:
    return "noproc";
  case kind::noconnection:
    return "noconnection";
  case kind::timeout:
    return "timeout";
  case kind::error:
    return "error: " + x.detail();
  }
  return "unknown";
}

} // namespace bennu::runtime
