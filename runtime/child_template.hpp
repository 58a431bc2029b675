#pragma once

#include "runtime/behavior.hpp"
#include "runtime/child_spec.hpp"
#include "runtime/message.hpp"
#include "runtime/process.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

namespace bennu::runtime {

/// What every child of a simple_one_for_one supervisor is made from. Mirrors
/// its one child specification, to whose start function the arguments of
/// start_child are appended; differs: the arguments are the process's whole,
/// typed ones. Value.
///
///     behavior call(process& self, std::string number, int line);
///     auto calls = worker_template("call", call);
///     calls.spec.restart = restart_type::transient;
///     … start_child_with{make_message(std::string{"12"}, 3)}
struct child_template {
  /// Everything but `start`: id (for reports), restart, shutdown, type, shard.
  /// Its children are not registered unless `how.name` says so.
  child_spec spec{};

  /// Makes a process of arguments; throws std::invalid_argument for others
  /// than it takes, which is a failed start.
  std::function<std::unique_ptr<detail::process_maker>(const message& args)>
    start{};
};

namespace detail {

template <class... Ts>
const std::tuple<Ts...>& arguments_of(const message& args) {
  if (const auto* xs = args.get_if<Ts...>())
    return *xs;
  throw std::invalid_argument("the template takes other arguments than "
                              + args.type_name());
}

template <class F, class... Ts>
child_template worker_template(std::string id, F f,
                               std::tuple<process, Ts...>*) {
  auto start =
    [f = std::move(f)](const message& args) -> std::unique_ptr<process_maker> {
    return std::apply(
      [&](const Ts&... xs) {
        return make_maker<function_process>(
                 function_process::body{bind_body(f, xs...)})
          .moved();
      },
      arguments_of<Ts...>(args));
  };
  return {.spec = {.id = std::move(id)}, .start = std::move(start)};
}

} // namespace detail

/// Children that run `f(process&, args...)`; its parameters must be named
/// types.
template <class F>
child_template worker_template(std::string id, F f) {
  using arguments = typename detail::handler_traits<F>::arguments;
  return detail::worker_template(std::move(id), std::move(f),
                                 static_cast<arguments*>(nullptr));
}

/// Children that are a `T`, built from a `Ts...`.
template <class T, class... Ts>
child_template worker_template_of(std::string id) {
  auto start =
    [](const message& args) -> std::unique_ptr<detail::process_maker> {
    return std::apply(
      [](const Ts&... xs) { return detail::make_maker<T>(xs...).moved(); },
      detail::arguments_of<Ts...>(args));
  };
  return {.spec = {.id = std::move(id)}, .start = std::move(start)};
}

} // namespace bennu::runtime
