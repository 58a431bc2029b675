#pragma once

// The end of runtime/process.hpp, which alone includes it: what spawn makes,
// and how.

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace bennu::runtime {

/// A process whose behavior a function returns.
class function_process final : public process {
public:
  /// The user's function with its arguments.
  class start {
  public:
    virtual ~start() = default;
    virtual behavior run(process& self) = 0;
  };
  struct body {
    std::unique_ptr<start> first;
    /// The type of the user's function, for process_info.
    const char* call = "";
  };

  explicit function_process(body f)
    : start_(std::move(f.first)), call_(f.call) {}
  explicit function_process(std::function<behavior(process&)> f);

protected:
  void init() override;
  void handle_message(message& msg) override;
  std::string initial_call() const override;

private:
  /// Gone once it has run: an idle process keeps no room for its start.
  std::unique_ptr<start> start_;
  const char* call_;
  behavior behavior_;
};

} // namespace bennu::runtime

#include "runtime/detail/process_maker.hpp"

namespace bennu::runtime {

inline function_process::function_process(std::function<behavior(process&)> f)
  : function_process(detail::bind_body(std::move(f))) {
  call_ = "";
}

template <class F, class... Ts>
pid process::spawn(F&& f, Ts&&... args) {
  auto maker = detail::make_maker<function_process>(
    detail::bind_body(std::forward<F>(f), std::forward<Ts>(args)...));
  return spawn_maker(maker, {}, relation::none).id;
}

template <class F, class... Ts>
pid process::spawn_link(F&& f, Ts&&... args) {
  auto maker = detail::make_maker<function_process>(
    detail::bind_body(std::forward<F>(f), std::forward<Ts>(args)...));
  return spawn_maker(maker, {}, relation::link).id;
}

template <class F, class... Ts>
monitored_pid process::spawn_monitor(F&& f, Ts&&... args) {
  auto maker = detail::make_maker<function_process>(
    detail::bind_body(std::forward<F>(f), std::forward<Ts>(args)...));
  return spawn_maker(maker, {}, relation::monitor);
}

template <class T, class... Ts>
pending_request process::start_link(const spawn_options& how, duration timeout,
                                    Ts&&... args) {
  auto maker = detail::make_maker<T>(std::forward<Ts>(args)...);
  return start_maker(maker, how, timeout);
}

template <class T, class... Ts>
pid process::spawn(const spawn_options& how, std::in_place_type_t<T>,
                   Ts&&... args) {
  auto maker = detail::make_maker<T>(std::forward<Ts>(args)...);
  return spawn_maker(maker, how, relation::none).id;
}

} // namespace bennu::runtime
