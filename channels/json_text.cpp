#include "channels/json_text.hpp"

#include "channels/detail/plain_json.hpp"
#include "channels/message.hpp"

#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

template std::string nlohmann::to_string(const nlohmann::json&);

namespace bennu::channels {

namespace {

/// The characters that a JSON string holds as they are, looked up: most of
/// what is sent is text.
constexpr auto plain_characters = [] {
  std::array<bool, 256> x{};
  for (std::size_t c = 0x20; c < 0x80; ++c)
    x[c] = c != '"' && c != '\\';
  return x;
}();

std::size_t plain_run(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size()
         && plain_characters[static_cast<unsigned char>(text[n])])
    ++n;
  return n;
}

/// The length of the UTF-8 sequence that `text` begins with, which is not
/// ASCII; 0 when it begins with none.
std::size_t utf8_sequence(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto continues = [&](std::size_t i) { return (at(i) & 0xC0) == 0x80; };
  const auto lead = at(0);
  if (lead >= 0xC2 && lead <= 0xDF)
    return continues(1) ? 2 : 0;
  if ((lead & 0xF0) == 0xE0) {
    const bool overlong = lead == 0xE0 && at(1) < 0xA0;
    const bool surrogate = lead == 0xED && at(1) > 0x9F;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool overlong = lead == 0xF0 && at(1) < 0x90;
    const bool beyond = lead == 0xF4 && at(1) > 0x8F;
    const bool whole = continues(1) && continues(2) && continues(3);
    return whole && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

/// An ASCII character that is not plain.
void append_escaped(std::string& to, char c) {
  constexpr std::string_view named = "\"\\\b\f\n\r\t";
  constexpr std::string_view names = "\"\\bfnrt";
  constexpr std::string_view digits = "0123456789abcdef";
  to += '\\';
  if (const auto i = named.find(c); i != std::string_view::npos) {
    to += names[i];
    return;
  }
  to += "u00";
  to += digits[static_cast<std::size_t>(c) >> 4];
  to += digits[static_cast<std::size_t>(c) & 0xF];
}

template <class T>
void append_number(std::string& to, T x) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, x).ptr;
  to.append(digits, end);
}

/// Builds a value as the parser reads it; unlike the library's own builder it
/// stops at a depth.
class depth_limited_builder final : public nlohmann::json_sax<json> {
public:
  depth_limited_builder(json& root, std::size_t depth_max)
    : root_(root), depth_max_(depth_max) {}

  bool null() override { return put(nullptr); }
  bool boolean(bool x) override { return put(x); }
  bool number_integer(number_integer_t x) override { return put(x); }
  bool number_unsigned(number_unsigned_t x) override { return put(x); }
  bool number_float(number_float_t x, const string_t&) override {
    return put(x);
  }
  bool string(string_t& x) override { return put(std::move(x)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& x) override {
    // The last of a repeated key wins, as in Jason.
    member_ = &(*open_.back())[std::move(x)];
    return true;
  }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception& e) override {
    throw malformed_frame(e.what());
  }

private:
  json* put(json x, int) {
    if (open_.empty())
      return &(root_ = std::move(x));
    if (open_.back()->is_array()) {
      open_.back()->push_back(std::move(x));
      return &open_.back()->back();
    }
    return &(*member_ = std::move(x));
  }
  bool put(json x) { return put(std::move(x), 0) != nullptr; }

  bool open(json x) {
    if (open_.size() >= depth_max_)
      throw malformed_frame("JSON nests deeper than "
                            + std::to_string(depth_max_));
    open_.push_back(put(std::move(x), 0));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  json& root_;
  const std::size_t depth_max_;
  std::vector<json*> open_;
  json* member_ = nullptr;
};

} // namespace

void append_json_string(std::string& to, std::string_view text) {
  const auto start = to.size();
  to += '"';
  for (auto rest = text; !rest.empty();) {
    const auto run = plain_run(rest);
    to += rest.substr(0, run);
    rest.remove_prefix(run);
    if (rest.empty())
      break;
    if (static_cast<unsigned char>(rest.front()) < 0x80) {
      append_escaped(to, rest.front());
      rest.remove_prefix(1);
    } else if (const auto size = utf8_sequence(rest); size > 0) {
      to += rest.substr(0, size);
      rest.remove_prefix(size);
    } else {
      to.resize(start);
      to += json(text).dump(); // throws, and says which byte
      return;
    }
  }
  to += '"';
}

void append_json(std::string& to, const json& x) {
  char before = '{';
  switch (x.type()) {
  case json::value_t::object:
    for (const auto& [key, value] : x.get_ref<const json::object_t&>()) {
      to += std::exchange(before, ',');
      append_json_string(to, key);
      to += ':';
      append_json(to, value);
    }
    to += x.empty() ? "{}" : "}";
    return;
  case json::value_t::array:
    before = '[';
    for (const auto& value : x.get_ref<const json::array_t&>()) {
      to += std::exchange(before, ',');
      append_json(to, value);
    }
    to += x.empty() ? "[]" : "]";
    return;
  case json::value_t::string:
    return append_json_string(to, x.get_ref<const std::string&>());
  case json::value_t::boolean:
    to += x.get<bool>() ? "true" : "false";
    return;
  case json::value_t::number_integer:
    return append_number(to, x.get<std::int64_t>());
  case json::value_t::number_unsigned:
    return append_number(to, x.get<std::uint64_t>());
  default: // floating point has rules of its own
    to += x.dump();
  }
}

std::string to_json_text(const json& x) {
  std::string text;
  append_json(text, x);
  return text;
}

json parse_json(std::string_view text, std::size_t depth_max) {
  // What heartbeats, leaves and most joins carry.
  if (text == "{}" && depth_max > 0)
    return empty_object();
  if (auto plain = detail::read_plain_json(text, depth_max))
    return std::move(*plain);
  // The library takes one for the end, whatever comes behind it.
  if (text.find('\0') != std::string_view::npos)
    throw malformed_frame("JSON holds a NUL byte");
  json root;
  depth_limited_builder builder{root, depth_max};
  json::sax_parse(text, &builder);
  return root;
}

} // namespace bennu::channels
