#pragma once

#include "channels/payload.hpp"
#include "channels/result.hpp"

#include <functional>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace bennu::channels {

class channel;

/// A payload that a handler cannot take: its client gets the error reply
/// `{"reason":"invalid payload"}` and the handler does not run.
class invalid_payload : public std::invalid_argument {
public:
  using std::invalid_argument::invalid_argument;
};

/// The handlers of a channel type, for any channel of it. Shared by all its
/// channels. Thread-safe to read.
class event_table {
public:
  using handler = std::function<result(channel&, const payload&)>;

  void add(std::string event, handler run) {
    entries_.push_back({std::move(event), std::move(run)});
  }

  /// Null for an event without a handler.
  const handler* find(std::string_view event) const {
    for (const auto& x : entries_)
      if (x.event == event)
        return &x.run;
    return nullptr;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& x : entries_)
      all.push_back(x.event);
    return all;
  }

private:
  struct entry {
    std::string event;
    handler run;
  };
  std::vector<entry> entries_;
};

namespace detail {

/// A payload as a handler's parameter type.
template <class P>
decltype(auto) payload_as(const payload& x) {
  if (x.is_binary() != std::is_same_v<P, bytes_view>)
    throw invalid_payload(x.is_binary() ? "binary" : "not binary");
  if constexpr (std::is_same_v<P, bytes_view>) {
    return x.as_bytes();
  } else if constexpr (std::is_same_v<P, json>) {
    return x.as_json();
  } else {
    try {
      return x.as_json().get<P>();
    } catch (const json::exception& e) {
      throw invalid_payload(e.what());
    } catch (const std::invalid_argument& e) {
      throw invalid_payload(e.what());
    }
  }
}

} // namespace detail

/// The events a channel takes from its clients, made once for its type. A
/// handler is a member function that returns a result; its parameter says what
/// the payload is:
///
///     const new_msg&   decoded by from_json, else the client gets the error
///                      `{"reason":"invalid payload"}`; a from_json of yours
///                      may throw std::invalid_argument
///     const json&      any JSON
///     bytes_view       a binary push
///     nothing          ignored
///
/// Stands for the clauses of a Phoenix handle_in/3. Value.
///
///     static auto events() {
///       return channels::event_map<room_channel>{
///         {"new_msg", &room_channel::on_new_msg},
///         {"typing", &room_channel::on_typing},
///       };
///     }
template <class Channel>
class event_map {
public:
  struct entry {
    template <class Base>
    entry(std::string name, result (Base::*f)())
      : event(std::move(name)),
        run([f](channel& x, const payload&) { return (cast(x).*f)(); }) {}

    template <class Base, class P>
    entry(std::string name, result (Base::*f)(P))
      : event(std::move(name)), run([f](channel& x, const payload& from) {
          return (cast(x).*f)(detail::payload_as<std::decay_t<P>>(from));
        }) {}

    static Channel& cast(channel& x) { return static_cast<Channel&>(x); }

    std::string event;
    event_table::handler run;
  };

  event_map(std::initializer_list<entry> entries) {
    for (const auto& x : entries)
      table_.add(x.event, x.run);
  }

  const event_table& table() const noexcept { return table_; }

private:
  event_table table_;
};

} // namespace bennu::channels
