#include "examples/load/figures.hpp"

#include <algorithm>
#include <string>

namespace load {

using bennu::channels::json;

const std::array<const char*, counters> counter_names{
  "arrived",      "finished",      "opened",          "closed",
  "joined",       "left",          "connect_failed",  "upgrade_refused",
  "join_refused", "reply_refused", "lost_connection", "bad_frame",
  "timed_out",    "sent",          "replies",         "deliveries",
  "overheard",    "lost",          "doubled",         "channel_closed",
  "matched",      "not_matched",   "heartbeats",      "heartbeats_late",
  "cycles",       "send_blocked",  "no_port",         "no_file",
  "bytes_in",     "bytes_out",
};

const std::array<const char*, timings> timing_names{
  "connect", "join", "reply", "delivery", "lag",
};

namespace {

constexpr unsigned first_code = 1000;

/// Slot 0: none; slot 1: others; then 1000 to 1015.
std::size_t slot_of(unsigned code) {
  if (code == close_without_frame)
    return 0;
  return code < first_code || code > first_code + 15 ? 1
                                                     : code - first_code + 2;
}

unsigned code_of(std::size_t slot) {
  return slot < 2 ? static_cast<unsigned>(slot)
                  : static_cast<unsigned>(slot) - 2 + first_code;
}

std::string name_of(unsigned code) {
  if (code == close_without_frame)
    return "none";
  return code == close_other ? "other" : std::to_string(code);
}

} // namespace

void live_figures::closed_with(unsigned code) noexcept {
  auto& x = closes_[slot_of(code)];
  x.store(x.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

figures& figures::operator+=(const live_figures& x) {
  for (std::size_t i = 0; i < counters; ++i)
    counts_[i] += x.counts_[i].load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < timings; ++i)
    times_[i] += x.times_[i];
  for (std::size_t i = 0; i < x.closes_.size(); ++i)
    if (const auto n = x.closes_[i].load(std::memory_order_relaxed); n != 0)
      closes_[code_of(i)] += n;
  return *this;
}

figures& figures::operator+=(const figures& x) {
  for (std::size_t i = 0; i < counters; ++i)
    counts_[i] += x.counts_[i];
  for (std::size_t i = 0; i < timings; ++i)
    times_[i] += x.times_[i];
  for (const auto& [code, n] : x.closes_)
    closes_[code] += n;
  return *this;
}

figures figures::since(const figures& before) const {
  figures out;
  for (std::size_t i = 0; i < counters; ++i)
    out.counts_[i] = counts_[i] - std::min(counts_[i], before.counts_[i]);
  for (std::size_t i = 0; i < timings; ++i)
    out.times_[i] = times_[i].since(before.times_[i]);
  for (const auto& [code, n] : closes_) {
    const auto at = before.closes_.find(code);
    if (const auto old = at == before.closes_.end() ? 0 : at->second; n > old)
      out.closes_[code] = n - old;
  }
  return out;
}

std::uint64_t figures::connected() const noexcept {
  const auto& x = *this;
  return x[counter::opened] - std::min(x[counter::opened], x[counter::closed]);
}

std::uint64_t figures::joined_now() const noexcept {
  const auto& x = *this;
  return x[counter::joined] - std::min(x[counter::joined], x[counter::left]);
}

std::uint64_t figures::users() const noexcept {
  const auto& x = *this;
  return x[counter::arrived]
         - std::min(x[counter::arrived], x[counter::finished]);
}

std::uint64_t figures::errors() const noexcept {
  std::uint64_t sum = 0;
  for (const auto what :
       {counter::connect_failed, counter::upgrade_refused,
        counter::join_refused, counter::reply_refused, counter::lost_connection,
        counter::bad_frame, counter::timed_out, counter::lost, counter::doubled,
        counter::channel_closed})
    sum += (*this)[what];
  return sum;
}

json figures::close_codes() const {
  auto out = json::object();
  for (const auto& [code, n] : closes_)
    out[name_of(code)] = n;
  return out;
}

json figures::counts() const {
  auto out = json::object();
  for (std::size_t i = 0; i < counters; ++i)
    out[counter_names[i]] = counts_[i];
  return out;
}

json figures::latency() const {
  auto out = json::object();
  for (std::size_t i = 0; i < timings; ++i)
    if (times_[i].count() != 0)
      out[timing_names[i]] = times_[i].summary();
  return out;
}

json figures::to_json() const {
  auto times = json::array();
  for (const auto& x : times_)
    times.push_back(x.to_json());
  auto closes = json::array();
  for (const auto& [code, n] : closes_)
    closes.push_back({code, n});
  return {{"counts", counts_}, {"times", times}, {"closes", closes}};
}

figures figures::from_json(const json& x) {
  figures out;
  out.counts_ = x.at("counts").get<decltype(out.counts_)>();
  for (std::size_t i = 0; i < timings; ++i)
    out.times_[i] = distribution::from_json(x.at("times").at(i));
  for (const auto& pair : x.at("closes"))
    out.closes_[pair.at(0).get<unsigned>()] = pair.at(1).get<std::uint64_t>();
  return out;
}

} // namespace load
