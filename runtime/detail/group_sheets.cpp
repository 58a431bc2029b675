// What observers see of registries and groups before there are any.
#include "runtime/detail/probe_sheets.hpp"
#include "runtime/probe.hpp"
#include "runtime/registry.hpp"

namespace bennu::runtime::detail {

std::vector<sheet_column> registry_columns() {
  return {{"registry", cell_kind::text},
          {"key", cell_kind::text},
          {"pid", cell_kind::process_id},
          {"value", cell_kind::text},
          {"owners", cell_kind::integer}};
}

std::vector<sheet_column> group_columns() {
  return {{"group", cell_kind::text},
          {"scope", cell_kind::text},
          {"pid", cell_kind::process_id},
          {"members", cell_kind::integer}};
}

void publish_group_sheets(probe& to) {
  const auto nothing = [](shard*, const sheet_query&) {
    return std::unique_ptr<sheet_scan>{};
  };
  to.publish(sheet{.name = "registries",
                   .source = "",
                   .columns = registry_columns(),
                   .scope = sheet_scope::node,
                   .sort = "key",
                   .scan = nothing});
  to.publish(sheet{.name = "groups",
                   .source = "",
                   .columns = group_columns(),
                   .scope = sheet_scope::node,
                   .sort = "group",
                   .scan = nothing});
}

} // namespace bennu::runtime::detail
