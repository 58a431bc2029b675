#include "channels/json_text.hpp"

#include "channels/message.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace bennu::channels {

namespace {

bool is_plain(char c) {
  const auto code = static_cast<unsigned char>(c);
  return code >= 0x20 && code < 0x80 && c != '"' && c != '\\';
}

/// Builds a value as the parser reads it; unlike the library's own builder it
/// stops at a depth.
class depth_limited_builder final : public nlohmann::json_sax<json> {
public:
  explicit depth_limited_builder(json& root) : root_(root) {}

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
    if (open_.size() >= json_depth_max)
      throw malformed_frame("JSON nests deeper than "
                            + std::to_string(json_depth_max));
    open_.push_back(put(std::move(x), 0));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  json& root_;
  std::vector<json*> open_;
  json* member_ = nullptr;
};

} // namespace

void append_json_string(std::string& to, std::string_view text) {
  if (!std::all_of(text.begin(), text.end(), is_plain)) {
    to += json(text).dump();
    return;
  }
  to += '"';
  to += text;
  to += '"';
}

json parse_json(std::string_view text) {
  json root;
  depth_limited_builder builder{root};
  json::sax_parse(text, &builder);
  return root;
}

} // namespace bennu::channels
