#include "observer/detail/reader.hpp"

#include "runtime/shard.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace bennu::observer::detail {

namespace {

constexpr std::chrono::milliseconds answer_look_interval{2};

/// Answers of processes waited for; each belongs to a viewer's question.
constexpr std::size_t answers_max = 256;

} // namespace

reader::~reader() {
  for (auto& x : questions_)
    if (x.reading)
      x.reading->cancel();
}

void reader::handle_message(runtime::message& msg) {
  if (const auto* asked = msg.value_if<read_sheet>()) {
    ask(asked->what);
    begin_waiting();
  } else if (const auto* answer = msg.value_if<await_answer>()) {
    if (answers_.size() == answers_max)
      return reply(take_reply_to(), std::string{"busy"});
    answers_.push_back({answer->what, home().now(), take_reply_to()});
  } else if (msg.holds<look_again>()) {
    looking_ = false;
    look();
  }
  keep_looking();
}

void reader::ask(const runtime::sheet_query& what) {
  drop_old();
  const auto asker = take_reply_to();
  const auto same = std::find_if(questions_.begin(), questions_.end(),
                                 [&](auto& x) { return x.what == what; });
  if (same != questions_.end()) {
    if (same->answer)
      reply(asker, same->answer);
    else
      same->askers.push_back(asker);
    return;
  }
  if (questions_.size() >= desk_->options.waiting_max)
    return reply(asker, std::string{"busy"});
  questions_.push_back({.what = what, .askers = {asker}});
}

bool reader::is_under_way(const std::string& sheet) const {
  return std::any_of(questions_.begin(), questions_.end(), [&](auto& x) {
    return x.reading && x.what.sheet == sheet;
  });
}

void reader::begin_waiting() {
  for (auto at = questions_.begin(); at != questions_.end();) {
    auto& x = *at++;
    if (under_way_ == desk_->options.readings_max)
      return;
    if (!x.reading && !x.answer && !is_under_way(x.what.sheet))
      begin(x);
  }
}

void reader::begin(question& x) {
  try {
    x.since = home().now();
    x.reading = runtime::probe::of(desk_->observed).read(x.what);
    ++under_way_;
  } catch (const std::invalid_argument& e) {
    for (const auto& to : x.askers)
      reply(to, std::string{e.what()});
    questions_.remove_if([&x](auto& y) { return &y == &x; });
  }
}

void reader::look() {
  for (auto& x : questions_)
    if (x.reading
        && (x.reading->done()
            || home().now() - x.since > desk_->options.answer_timeout))
      finish(x);
  look_at_answers();
  drop_old();
  begin_waiting();
}

void reader::finish(question& x) {
  x.reading->cancel();
  x.answer = std::make_shared<const runtime::sheet_page>(x.reading->page());
  x.reading.reset();
  x.since = home().now();
  --under_way_;
  for (const auto& to : std::exchange(x.askers, {}))
    reply(to, x.answer);
}

void reader::look_at_answers() {
  answers_.remove_if([this](const awaited& x) {
    const bool late = home().now() - x.since > desk_->options.answer_timeout;
    if (!x.what->done() && !late)
      return false;
    if (!x.what->done())
      reply(x.asker, std::string{"its shard does not answer in time"});
    else if (x.what->error().empty())
      send_reply(x.asker, x.what->value());
    else
      reply(x.asker, x.what->error());
    return true;
  });
}

void reader::drop_old() {
  questions_.remove_if([this](const question& x) {
    return x.answer && home().now() - x.since > desk_->options.cached_for;
  });
}

void reader::keep_looking() {
  if (looking_ || (under_way_ == 0 && answers_.empty()))
    return;
  looking_ = true;
  send_after(answer_look_interval, look_again{});
}

} // namespace bennu::observer::detail
