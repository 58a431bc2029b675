#include "channels/tracker/tracker_sheets.hpp"

#include "channels/tracker/hub.hpp"
#include "runtime/probe.hpp"

#include <utility>

namespace bennu::channels {

namespace {

using tracker_hub_ptr = std::shared_ptr<tracker_hub>;
using runtime::cell_kind;
using runtime::number_cell;
using runtime::row_picker;
using runtime::sheet_scan;
using runtime::text_cell;

/// The presences of all topics, some at a time.
class presence_scan final : public sheet_scan {
public:
  explicit presence_scan(tracker_hub_ptr hub) : hub_(std::move(hub)) {}

  progress step(row_picker& to, std::size_t max) override {
    if (member_ == hub_->size())
      return progress::done;
    for (const auto& x : hub_->member(member_).index().page(at_, max))
      to.offer({text_cell(x->topic.str()), text_cell(x->key.str()), x->who,
                text_cell(x->meta.render(runtime::cell_text_max)),
                text_cell(hub_->options().name)});
    if (at_.done()) {
      at_ = {};
      ++member_;
    }
    return progress::more;
  }

private:
  tracker_hub_ptr hub_;
  std::size_t member_ = 0;
  tracker_index::place at_;
};

void offer_replicas(const tracker_hub& hub, row_picker& to) {
  for (std::size_t i = 0; i < hub.size(); ++i)
    for (const auto& x : hub.member(i).replicas())
      to.offer({text_cell(tracker_server_name(hub.options().name, i)),
                text_cell(x.who.name), x.up ? "up" : "down",
                number_cell(x.presences), hub.member(i).server()});
}

/// `begin(hub)` makes the scan of a sheet.
template <class F>
void publish(const tracker_hub_ptr& hub, const char* name, const char* sort,
             std::vector<runtime::sheet_column> columns, F begin) {
  runtime::probe::of(hub->node())
    .publish(runtime::sheet{
      .name = name,
      .source = hub->options().name,
      .columns = std::move(columns),
      .scope = runtime::sheet_scope::node,
      .sort = sort,
      .scan = [weak = std::weak_ptr{hub}, begin](
                runtime::shard*,
                const runtime::sheet_query&) -> std::unique_ptr<sheet_scan> {
        auto alive = weak.lock();
        return alive ? begin(std::move(alive)) : nullptr;
      }});
}

} // namespace

void publish_sheets(const tracker_hub_ptr& hub) {
  publish(hub, "presences", "topic",
          {{"topic", cell_kind::text},
           {"key", cell_kind::text},
           {"pid", cell_kind::process_id},
           {"meta", cell_kind::text},
           {"tracker", cell_kind::text}},
          [](tracker_hub_ptr alive) -> std::unique_ptr<sheet_scan> {
            return std::make_unique<presence_scan>(std::move(alive));
          });
  publish(hub, "replicas", "tracker",
          {{"tracker", cell_kind::text},
           {"replica", cell_kind::text},
           {"state", cell_kind::text},
           {"presences", cell_kind::integer},
           {"pid", cell_kind::process_id}},
          [](tracker_hub_ptr alive) -> std::unique_ptr<sheet_scan> {
            return runtime::scan_once(
              [alive = std::move(alive)](row_picker& to) {
                offer_replicas(*alive, to);
              });
          });
}

} // namespace bennu::channels
