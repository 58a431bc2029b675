#include "channels/wire_ref.hpp"

#include "channels/json.hpp"
#include "channels/json_text.hpp"

namespace bennu::channels {

static_assert(sizeof(wire_ref) == 15);

namespace {

struct heap_text {
  char* text;
  std::uint32_t size;
};
constexpr auto heap_text_size = sizeof(char*) + sizeof(std::uint32_t);
static_assert(heap_text_size <= wire_ref::inline_max);

} // namespace

wire_ref wire_ref::from_json(std::string_view text) {
  wire_ref x;
  if (text != "null")
    x.assign(text);
  return x;
}

wire_ref wire_ref::from_string(std::string_view text) {
  std::string quoted;
  append_json_string(quoted, text);
  return from_json(quoted);
}

wire_ref::wire_ref(const wire_ref& other) {
  assign(other.stored());
}

wire_ref::~wire_ref() {
  if (content_.tag == allocated)
    delete[] stored().data();
}

std::string wire_ref::plain() const {
  const auto text = stored();
  if (text.empty() || text.front() != '"')
    return std::string{text};
  if (text.find('\\') == std::string_view::npos)
    return std::string{text.substr(1, text.size() - 2)};
  return json::parse(text).get<std::string>();
}

std::string_view wire_ref::stored() const noexcept {
  if (content_.tag != allocated)
    return {content_.buffer, content_.tag};
  heap_text x{};
  std::memcpy(&x, content_.buffer, heap_text_size);
  return {x.text, x.size};
}

void wire_ref::assign(std::string_view text) {
  if (text.size() <= inline_max) {
    std::memcpy(content_.buffer, text.data(), text.size());
    content_.tag = static_cast<std::uint8_t>(text.size());
    return;
  }
  const heap_text x{new char[text.size()],
                    static_cast<std::uint32_t>(text.size())};
  std::memcpy(x.text, text.data(), text.size());
  std::memcpy(content_.buffer, &x, heap_text_size);
  content_.tag = allocated;
}

} // namespace bennu::channels
