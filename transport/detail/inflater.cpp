#include "transport/detail/inflater.hpp"

#include <algorithm>
#include <array>
#include <new>

#include <zlib.h>

namespace bennu::transport::detail {

namespace {

/// A message's ratio is judged whenever so many of its bytes are inflated:
/// were it whenever some arrive, the network would have a say in it.
constexpr std::size_t judged_every = 512;

constexpr std::string_view cut_off{"\0\0\xff\xff", 4};

} // namespace

struct inflater::impl {
  impl() {
    // Negative: without a header around it.
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
      throw std::bad_alloc{};
  }
  ~impl() { inflateEnd(&stream); }
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;

  z_stream stream{};
};

inflater::inflater(const inflater_limits& limits) : limits_(limits) {}

inflater::~inflater() = default;

void inflater::start() {
  text_.clear();
  taken_ = 0;
  if (impl_)
    inflateReset(&impl_->stream);
  else
    impl_ = std::make_unique<impl>();
}

inflater::verdict inflater::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = std::min(bytes.size(), judged_every - taken_ % judged_every);
    if (const auto x = inflate(bytes.substr(0, n)); x != verdict::good)
      return x;
    taken_ += n;
    bytes.remove_prefix(n);
    if (taken_ % judged_every == 0 && inflates_too_much())
      return verdict::too_big;
  }
  return verdict::good;
}

inflater::verdict inflater::finish() {
  if (const auto x = inflate(cut_off); x != verdict::good)
    return x;
  if (!at_block_end_)
    return verdict::broken;
  return inflates_too_much() ? verdict::too_big : verdict::good;
}

bool inflater::inflates_too_much() const noexcept {
  return text_.size() > limits_.ratio_free
         && text_.size() / limits_.ratio_max > taken_;
}

inflater::verdict inflater::inflate(std::string_view bytes) {
  std::array<char, 4096> out;
  auto& z = impl_->stream;
  // zlib only reads there.
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  do {
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    const auto got = ::inflate(&z, Z_SYNC_FLUSH);
    text_.append(out.data(), out.size() - z.avail_out);
    if (text_.size() > limits_.size_max)
      return verdict::too_big;
    // The lower bits count what is left of a byte, the highest says that no
    // block is open.
    at_block_end_ = got == Z_STREAM_END || z.data_type == 128;
    if (got == Z_STREAM_END)
      inflateReset(&z); // 7.2.3.4: another block may follow the final one
    else if (got != Z_OK && got != Z_BUF_ERROR)
      return verdict::broken;
  } while (z.avail_in > 0 || z.avail_out == 0);
  return verdict::good;
}

} // namespace bennu::transport::detail
