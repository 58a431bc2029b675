#include "runtime/pid.hpp"

namespace bennu::runtime {

std::string to_string(const pid& x) {
  return "<" + std::to_string(x.node) + "." + std::to_string(x.slot) + "."
         + std::to_string(x.serial) + ">";
}

} // namespace bennu::runtime
