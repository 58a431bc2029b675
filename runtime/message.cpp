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

std::string detail::in_quotes(std::string_view text) {
  const bool whole = text.size() <= message::render_max;
  std::string result{"\""};
  result += text.substr(0, message::render_max);
  result += whole ? "\"" : "…\"";
  return result;
}

std::string message::render(std::size_t max) const {
  std::string text;
  if (content_)
    content_->render(text);
  if (text.size() > max)
    text.replace(max, std::string::npos, "…");
  return text;
}

std::string to_string(const exit_message& x) {
  return "{EXIT, " + to_string(x.from) + ", " + to_string(x.reason) + "}";
}

std::string to_string(const down_message& x) {
  return "{DOWN, " + std::to_string(x.ref) + ", process, "
         + (x.name.empty() ? to_string(x.from) : x.name) + ", "
         + to_string(x.reason) + "}";
}

std::string to_string(const timeout_message& x) {
  return "{timeout, " + std::to_string(x.ref) + ", " + x.content.render() + "}";
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
