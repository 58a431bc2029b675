#include "channels/tracker/gossip_codec.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>

namespace bennu::channels {

namespace {

enum class kind : unsigned char { heartbeat, request, answer, goodbye };

class writer {
public:
  writer(const meta_codec& metas, const gossip_codec_options& options)
    : metas_(metas), options_(options) {}

  std::string take() && { return std::move(out_); }

  void byte(unsigned char x) {
    if (out_.size() == options_.bytes_max)
      throw std::length_error("a tracker's message is too long");
    out_ += static_cast<char>(x);
  }

  void number(std::uint64_t x) {
    for (; x > 0x7F; x >>= 7)
      byte(static_cast<unsigned char>(x | 0x80));
    byte(static_cast<unsigned char>(x));
  }

  void text(std::string_view x) {
    if (x.size() > options_.text_max
        || x.size() > options_.bytes_max - out_.size())
      throw std::length_error("a text in a tracker's message is too long");
    number(x.size());
    out_ += x;
  }

  void name(const replica& x) {
    text(x.name);
    number(x.vsn);
  }

  void clocks(const clock_vector& x) {
    number(x.size());
    for (const auto& [who, seen] : x) {
      name(who);
      number(seen);
    }
  }

  void entry(const tracked& x) {
    number(x.clock);
    text(x.topic.view());
    text(x.key.view());
    number(x.who.node);
    number(x.who.slot);
    number(x.who.serial);
    text(metas_.write(x.meta));
  }

  void changes(const delta& x) {
    number(x.parts.size());
    for (const auto& part : x.parts) {
      name(part.of);
      number(part.after);
      number(part.upto);
      number(part.seen.size());
      for (const auto clock : part.seen)
        number(clock);
      number(part.live.size());
      for (const auto& each : part.live)
        entry(*each);
    }
  }

  void operator()(const tracker_heartbeat& x) {
    start(kind::heartbeat, x.from);
    changes(x.changes);
    clocks(x.seen);
  }
  void operator()(const transfer_request& x) {
    start(kind::request, x.from);
    clocks(x.seen);
  }
  void operator()(const transfer_answer& x) {
    start(kind::answer, x.from);
    changes(x.changes);
  }
  void operator()(const tracker_goodbye& x) { start(kind::goodbye, x.from); }

private:
  void start(kind what, const replica& from) {
    byte(gossip_codec::version);
    byte(static_cast<unsigned char>(what));
    name(from);
  }

  const meta_codec& metas_;
  const gossip_codec_options& options_;
  std::string out_;
};

/// Bytes that are no message; does not leave this file.
struct unreadable {};

class reader {
public:
  reader(std::string_view bytes, const meta_codec& metas,
         const gossip_codec_options& options)
    : bytes_(bytes), metas_(metas), options_(options) {}

  unsigned char byte() {
    require(!bytes_.empty());
    const auto x = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    return x;
  }

  std::uint64_t number() {
    std::uint64_t x = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto part = byte();
      const auto bits = std::uint64_t{part} & 0x7F;
      require(shift < 63 || (shift == 63 && bits <= 1));
      x |= bits << shift;
      if (part & 0x80)
        continue;
      require(part != 0 || shift == 0); // the shortest form only
      return x;
    }
  }

  std::uint32_t small_number() {
    const auto x = number();
    require(x <= std::numeric_limits<std::uint32_t>::max());
    return static_cast<std::uint32_t>(x);
  }

  std::string_view text() {
    const auto size = number();
    require(size <= options_.text_max && size <= bytes_.size());
    const auto x = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return x;
  }

  replica name() {
    std::string text_of_it{text()};
    return {std::move(text_of_it), number()};
  }

  clock_vector clocks() {
    clock_vector x;
    for (auto left = number(); left > 0; --left) {
      auto who = name();
      require(x.empty() || x.rbegin()->first < who);
      x.emplace_hint(x.end(), std::move(who), number());
    }
    return x;
  }

  tracked_ptr entry() {
    tracked x;
    x.clock = number();
    x.topic = text();
    x.key = text();
    x.who.node = small_number();
    x.who.slot = small_number();
    x.who.serial = small_number();
    auto meta = metas_.read(text());
    require(meta.has_value());
    x.meta = std::move(*meta);
    return std::make_shared<const tracked>(std::move(x));
  }

  delta_part part() {
    delta_part x{.of = name()};
    x.after = number();
    x.upto = number();
    // Nothing is set aside for what is only claimed.
    for (auto left = number(); left > 0; --left)
      x.seen.push_back(number());
    for (auto left = number(); left > 0; --left)
      x.live.push_back(entry());
    return x;
  }

  delta changes() {
    delta x;
    for (auto left = number(); left > 0; --left)
      x.parts.push_back(part());
    require(is_well_formed(x));
    return x;
  }

  tracker_gossip message() {
    require(bytes_.size() <= options_.bytes_max);
    require(byte() == gossip_codec::version);
    const auto what = static_cast<kind>(byte());
    auto from = name();
    auto x = body(what, std::move(from));
    require(bytes_.empty());
    return x;
  }

private:
  static void require(bool holds) {
    if (!holds)
      throw unreadable{};
  }

  tracker_gossip body(kind what, replica from) {
    switch (what) {
    case kind::heartbeat: {
      auto news = changes();
      return tracker_heartbeat{std::move(from), std::move(news), clocks()};
    }
    case kind::request:
      return transfer_request{std::move(from), clocks()};
    case kind::answer:
      return transfer_answer{std::move(from), changes()};
    case kind::goodbye:
      return tracker_goodbye{std::move(from)};
    }
    throw unreadable{};
  }

  std::string_view bytes_;
  const meta_codec& metas_;
  const gossip_codec_options& options_;
};

} // namespace

gossip_codec::gossip_codec(meta_codec metas, gossip_codec_options options)
  : metas_(std::move(metas)), options_(options) {}

std::string gossip_codec::encode(const tracker_gossip& x) const {
  writer to{metas_, options_};
  std::visit([&to](const auto& y) { to(y); }, x);
  return std::move(to).take();
}

std::optional<tracker_gossip>
gossip_codec::decode(std::string_view bytes) const {
  try {
    return reader{bytes, metas_, options_}.message();
  } catch (const unreadable&) {
    return std::nullopt;
  }
}

} // namespace bennu::channels
