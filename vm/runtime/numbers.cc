// Conversions and comparisons of mixed kinds, exact in every case.
#include "vm/runtime/numbers.h"

#include <clocale>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include "vm/runtime/ops.h"

namespace orus {
namespace {

constexpr double kTwo31 = 2147483648.0;
constexpr double kTwo63 = 9223372036854775808.0;
constexpr double kTwo64 = 18446744073709551616.0;

template <class T>
int32_t order(T a, T b) {
  return a < b ? -1 : a > b;
}

/// White space of the C locale.
constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// strtod reads the decimal point of the process's locale, which a host may have changed.
double strtod_c(const char* text, char** end) {
  static const locale_t kLocale = newlocale(LC_ALL_MASK, "C", nullptr);
  return strtod_l(text, end, kLocale);
}

}  // namespace

int32_t cmp_i64_u64(int64_t a, uint64_t b) { return a < 0 ? -1 : order(static_cast<uint64_t>(a), b); }

int32_t cmp_i64_f64(int64_t a, double b) {
  if (std::isnan(b)) return 2;
  if (b >= kTwo63) return -1;
  if (b < -kTwo63) return 1;
  double whole = std::trunc(b);  // exact as an i64; the fraction decides between equals
  int32_t result = order(a, static_cast<int64_t>(whole));
  return result != 0 ? result : order(whole, b);
}

int32_t cmp_u64_f64(uint64_t a, double b) {
  if (std::isnan(b)) return 2;
  if (b >= kTwo64) return -1;
  if (b < 0) return 1;
  double whole = std::trunc(b);
  int32_t result = order(a, static_cast<uint64_t>(whole));
  return result != 0 ? result : order(whole, b);
}

int32_t f64_to_i32(double value) {
  if (value > -kTwo31 - 1 && value < kTwo31) return static_cast<int32_t>(value);
  return std::numeric_limits<int32_t>::min();
}

int64_t f64_to_i64(double value) {
  if (value >= -kTwo63 && value < kTwo63) return static_cast<int64_t>(value);
  return std::numeric_limits<int64_t>::min();
}

double fmod_f64(double a, double b) { return std::fmod(a, b); }

NumberText parse_i32(std::string_view text, int32_t* value) {
  text = trim(text);
  *value = 0;
  if (text.empty()) return NumberText::kOk;
  bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  if (text.empty()) return NumberText::kMalformed;
  int64_t limit = int64_t{std::numeric_limits<int32_t>::max()} + negative;
  int64_t sum = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return NumberText::kMalformed;
    if (sum <= limit) sum = sum * 10 + (c - '0');  // past the limit only the form matters
  }
  if (sum > limit) return NumberText::kOutOfRange;
  *value = static_cast<int32_t>(negative ? -sum : sum);
  return NumberText::kOk;
}

NumberText parse_f64(std::string_view text, double* value) {
  std::string digits(trim(text));
  *value = 0;
  if (digits.empty()) return NumberText::kOk;
  char* end;
  double parsed = strtod_c(digits.c_str(), &end);
  if (end != digits.c_str() + digits.size()) return NumberText::kMalformed;
  if (!std::isfinite(parsed)) return NumberText::kOutOfRange;
  *value = parsed;
  return NumberText::kOk;
}

}  // namespace orus
