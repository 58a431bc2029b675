#include "transport/detail/codec_pool.hpp"

#include <utility>

namespace bennu::transport::detail {

codec_pool::codec_pool(const codec_options& options) : options_(options) {}

codec_pool::~codec_pool() = default;

std::unique_ptr<codec> codec_pool::take() {
  if (kept_.empty())
    return std::make_unique<codec>(options_);
  auto x = std::move(kept_.back());
  kept_.pop_back();
  return x;
}

void codec_pool::give_back(std::unique_ptr<codec> x) {
  if (x->reusable() && kept_.size() < options_.kept_max)
    kept_.push_back(std::move(x));
}

} // namespace bennu::transport::detail
