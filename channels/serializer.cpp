#include "channels/serializer.hpp"

#include "channels/serializer_v1.hpp"
#include "channels/serializer_v2.hpp"

#include <fmt/core.h>

namespace bennu::channels {

const std::vector<serializer_choice>& default_serializers() {
  static const serializer_v1 v1;
  static const serializer_v2 v2;
  static const std::vector<serializer_choice> both{
    {&v1, version_requirement{"~> 1.0.0"}},
    {&v2, version_requirement{"~> 2.0.0"}},
  };
  return both;
}

negotiated_serializer
negotiate_serializer(std::string_view vsn,
                     const std::vector<serializer_choice>& among) {
  const auto wanted = parse_version(vsn);
  if (!wanted)
    return {nullptr,
            fmt::format("Client sent invalid transport version \"{}\"", vsn)};
  std::string all;
  for (const auto& x : among) {
    if (x.versions.admits(*wanted))
      return {x.by, {}};
    all += fmt::format("{}\"{}\"", all.empty() ? "" : ", ", x.versions.text());
  }
  return {nullptr,
          fmt::format("The client's requested transport version \"{}\" does "
                      "not match server's version requirements of [{}]",
                      vsn, all)};
}

} // namespace bennu::channels
