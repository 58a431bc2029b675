#include "transport/detail/deflater.hpp"

#include "runtime/assert.hpp"

#include <boost/beast/core/error.hpp>
#include <boost/beast/zlib/deflate_stream.hpp>

#include <utility>

namespace bennu::transport::detail {

namespace zlib = boost::beast::zlib;

struct deflater::impl {
  zlib::deflate_stream stream;
};

deflater::deflater() = default;
deflater::~deflater() = default;

channels::frame_ptr deflater::deflated(const channels::frame_ptr& x) {
  const auto text = x->payload();
  if (text.size() < size_min)
    return x;
  for (const auto& known : recent_)
    if (known.plain && &*known.plain == &*x)
      return known.deflated;
  const auto bytes = deflate(text);
  auto made = bytes.size() < text.size()
                ? channels::frame_ptr::compressed(x->opcode(), bytes)
                : x;
  recent_[next_] = {x, made};
  next_ = (next_ + 1) % recent_.size();
  return made;
}

void deflater::turn_ended() noexcept {
  if (recent_[0].plain)
    recent_ = {};
  next_ = 0;
}

std::string deflater::deflate(std::string_view text) {
  if (!impl_)
    impl_ = std::make_unique<impl>();
  ++count_;
  auto& stream = impl_->stream;
  stream.reset();
  // The flush marker comes on top, twice at worst.
  std::string out(stream.upper_bound(text.size()) + 16, '\0');
  zlib::z_params z;
  z.next_in = text.data();
  z.avail_in = text.size();
  z.next_out = out.data();
  z.avail_out = out.size();
  boost::beast::error_code ec;
  stream.write(z, zlib::Flush::sync, ec);
  BENNU_ASSERT(!ec && z.avail_in == 0);
  // RFC 7692, 7.2.1: without the empty block that ends it.
  out.resize(z.total_out);
  BENNU_ASSERT(out.ends_with(std::string_view{"\0\0\xff\xff", 4}));
  out.resize(out.size() - 4);
  return out;
}

} // namespace bennu::transport::detail
