#pragma once

#include "channels/serializer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bennu::channels {

inline rendered_payload render(payload x) {
  return rendered_payload{x};
}

inline std::string text_of(const frame_ptr& x) {
  EXPECT_EQ(x->opcode(), opcode::text);
  return std::string{x->payload()};
}

} // namespace bennu::channels
