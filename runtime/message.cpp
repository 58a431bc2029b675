#include "runtime/message.hpp"

#include <cstdlib>
#include <memory>
#include <string>
#include <unordered_map>

#include <cxxabi.h>

namespace bennu::runtime {

/// An observer that searches asks this of each process: a program has some
/// hundred types, and reading a name takes a microsecond. By address: the names
/// of types stay where they are.
std::string detail::demangled(const char* name) {
  constexpr std::size_t names_max = 1'024;
  thread_local std::unordered_map<const char*, std::string> names;
  const auto known = names.find(name);
  if (known != names.end())
    return known->second;
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text{
    abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free};
  std::string result{status == 0 ? text.get() : name};
  if (names.size() < names_max)
    names.emplace(name, result);
  return result;
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
