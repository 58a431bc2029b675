#include "runtime/message.hpp"

#include <cstdlib>
#include <memory>

#include <cxxabi.h>

namespace bennu::runtime {

std::string detail::demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text{
    abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free};
  return status == 0 ? text.get() : name;
}

std::string message::type_name() const {
  if (!content_)
    return "()";
  // The content names itself as the pointer to a function of its types.
  auto text = detail::demangled(content_->type_name());
  const auto at = text.find("(*)");
  return at == std::string::npos ? text : text.substr(at + 3);
}

} // namespace bennu::runtime
