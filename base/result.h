// Result<T>: a value or an Error. For failures of input or resources; traps of the running program and mistakes of
// our own have channels of their own (vm/runtime/traps.def, base/check.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace orus {

enum class ErrorCode : uint8_t {
#define ERROR_CODE(name, text) name,
#include "base/errors.def"
#undef ERROR_CODE
};

/// The table's one-line description of `code`.
std::string_view describe(ErrorCode code);

/// Why something could not be done. `where` is a position a person can find (file:line:column, function@pc) or empty.
struct Error {
  ErrorCode code;
  std::string detail;
  std::string where = {};
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(Error error) : state_(std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & {
    ORUS_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    ORUS_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    ORUS_CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  const Error& error() const {
    ORUS_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }
  T& operator*() & { return value(); }
  T* operator->() { return &value(); }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value.
struct Ok {};
using Status = Result<Ok>;

}  // namespace orus

/// Binds `name` to the value of `expr`, or returns its error from the enclosing function.
#define ORUS_TRY(name, expr)                             \
  auto name##_result = (expr);                           \
  if (!name##_result.ok()) return name##_result.error(); \
  auto name = std::move(name##_result).value()
