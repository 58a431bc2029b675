#include "channels/payload.hpp"

#include "channels/json_text.hpp"

namespace bennu::channels {

namespace {

rendered_payload::kind kind_of(const payload& x) {
  if (x.is_binary())
    return rendered_payload::kind::binary;
  return x.as_json().is_object() ? rendered_payload::kind::object
                                 : rendered_payload::kind::other_json;
}

} // namespace

rendered_payload::rendered_payload(const payload& x)
  : kind_(kind_of(x)), text_(x.is_binary() ? std::string{x.as_bytes()}
                                           : to_json_text(x.as_json())) {}

} // namespace bennu::channels
