#include "examples/load/text.hpp"

#include <algorithm>

namespace load {

message_text message_text::plain(std::string_view text) {
  message_text out;
  out.parts_.push_back({.literal = std::string{text}});
  return out;
}

message_text message_text::parse(std::string_view text,
                                 std::span<const loop_variable> loops) {
  constexpr std::string_view fence = "%%";
  message_text out;
  while (!text.empty()) {
    const auto begin = text.find(fence);
    if (const auto literal = text.substr(0, begin); !literal.empty())
      out.parts_.push_back({.literal = std::string{literal}});
    if (begin == std::string_view::npos)
      break;
    text.remove_prefix(begin + fence.size());
    const auto end = text.find(fence);
    if (end == std::string_view::npos)
      throw std::invalid_argument("%% without a second one");
    out.parts_.push_back(part_of(text.substr(0, end), loops));
    text.remove_prefix(end + fence.size());
  }
  return out;
}

message_text::part message_text::part_of(std::string_view name,
                                         std::span<const loop_variable> loops) {
  if (name == "user" || name == "ts_user_server:get_unique_id")
    return {.what = text_value::user};
  if (name == "room")
    return {.what = text_value::room};
  if (name == "ref")
    return {.what = text_value::ref};
  if (name == "marker")
    return {.what = text_value::marker};
  if (name.starts_with('_'))
    for (std::size_t i = loops.size(); i-- > 0;)
      if (loops[i].name == name.substr(1))
        return {.what = text_value::loop,
                .loop = i,
                .from = loops[i].from,
                .step = loops[i].step};
  throw std::invalid_argument("%%" + std::string{name}
                              + "%% is not known here: there are "
                                "%%ts_user_server:get_unique_id%% and "
                                "%%_var%% of the loops around");
}

void message_text::append_to(std::string& out, const text_values& x) const {
  for (const auto& p : parts_)
    switch (p.what) {
    case text_value::literal:
      out += p.literal;
      break;
    case text_value::user:
      out += std::to_string(x.user);
      break;
    case text_value::room:
      out += std::to_string(x.room);
      break;
    case text_value::ref:
      out += std::to_string(x.ref);
      break;
    case text_value::marker:
      out += x.marker;
      break;
    case text_value::loop: {
      const auto turn = p.loop < x.loops.size() ? x.loops[p.loop] : 0u;
      out += std::to_string(p.from + p.step * std::int64_t{turn});
      break;
    }
    }
}

bool message_text::contains(std::string_view literal) const {
  return std::any_of(parts_.begin(), parts_.end(), [=](const part& x) {
    return x.literal.find(literal) != std::string::npos;
  });
}

bool message_text::has(text_value what) const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [=](const part& x) { return x.what == what; });
}

} // namespace load
