#pragma once

// Included by runtime/detail/process_impl.hpp alone.

#include <cstddef>
#include <memory>
#include <new>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace bennu::runtime::detail {

/// Builds a process in place: its object lies in its actor's allocation.
class process_maker {
public:
  virtual ~process_maker() = default;
  virtual std::size_t size() const noexcept = 0;
  virtual process* construct(void* where) = 0;

  /// A copy that outlives the caller's frame, for a start on another shard.
  virtual std::unique_ptr<process_maker> moved() = 0;
};

/// The largest process object; bigger state goes behind a pointer.
inline constexpr std::size_t process_size_max = 1024;

template <class T, class... Ts>
class maker_of final : public process_maker {
public:
  static_assert(std::is_base_of_v<process, T>);
  static_assert(sizeof(T) <= process_size_max,
                "keep large state behind a pointer");
  static_assert(alignof(T) <= alignof(std::max_align_t));

  explicit maker_of(std::tuple<Ts...> args) : args_(std::move(args)) {}

  std::size_t size() const noexcept override { return sizeof(T); }

  process* construct(void* where) override {
    return std::apply(
      [where](auto&... xs) -> process* {
        return new (where) T(std::move(xs)...);
      },
      args_);
  }

  std::unique_ptr<process_maker> moved() override {
    return std::make_unique<maker_of>(std::move(args_));
  }

private:
  std::tuple<Ts...> args_;
};

template <class T, class... Ts>
maker_of<T, std::decay_t<Ts>...> make_maker(Ts&&... args) {
  return maker_of<T, std::decay_t<Ts>...>{
    std::tuple<std::decay_t<Ts>...>(std::forward<Ts>(args)...)};
}

/// In one allocation: there may be a million processes about to start.
template <class F, class... Ts>
class bound_start final : public function_process::start {
public:
  bound_start(F f, std::tuple<Ts...> args)
    : f_(std::move(f)), args_(std::move(args)) {}

  behavior run(process& self) override {
    return std::apply(
      [&](auto&... xs) -> behavior {
        if constexpr (std::is_void_v<decltype(f_(self, std::move(xs)...))>) {
          f_(self, std::move(xs)...);
          return {};
        } else {
          return f_(self, std::move(xs)...);
        }
      },
      args_);
  }

private:
  [[no_unique_address]] F f_;
  [[no_unique_address]] std::tuple<Ts...> args_;
};

template <class F, class... Ts>
function_process::body bind_body(F&& f, Ts&&... args) {
  using bound = bound_start<std::decay_t<F>, std::decay_t<Ts>...>;
  std::tuple<std::decay_t<Ts>...> all(std::forward<Ts>(args)...);
  return {std::make_unique<bound>(std::forward<F>(f), std::move(all)),
          typeid(std::decay_t<F>).name()};
}

} // namespace bennu::runtime::detail
