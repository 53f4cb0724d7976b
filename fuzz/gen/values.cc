#include "fuzz/gen/values.h"

#include <bit>
#include <cmath>
#include <limits>

namespace orus::fuzz {
namespace {

constexpr size_t kMaxHarvested = 64;

constexpr double kReals[] = {0.0,
                             1.0,
                             -1.0,
                             -0.0,
                             0.5,
                             2.0,
                             -0.5,
                             3.0,
                             10.0,
                             0.1,
                             1e-3,
                             1.5,
                             -2.5,
                             2147483647.0,
                             2147483648.0,
                             -2147483648.0,
                             -2147483649.0,
                             2147483647.5,
                             4294967295.0,
                             4294967296.0,
                             4294967295.5,
                             9007199254740991.0,
                             9007199254740992.0,
                             9007199254740993.0,
                             9223372036854774784.0,
                             9223372036854775808.0,
                             -9223372036854775808.0,
                             -9223372036854777856.0,
                             18446744073709549568.0,
                             18446744073709551616.0,
                             1e300,
                             -1e300,
                             std::numeric_limits<double>::denorm_min(),
                             -std::numeric_limits<double>::denorm_min(),
                             std::numeric_limits<double>::min(),
                             std::numeric_limits<double>::max(),
                             -std::numeric_limits<double>::max(),
                             std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity(),
                             std::numeric_limits<double>::quiet_NaN()};
constexpr uint64_t kNanBits[] = {0x7FF8000000000000, 0xFFF8000000000000, 0x7FF0000000000001, 0x7FF80000DEADBEEF};

constexpr std::string_view kTexts[] = {"",
                                       "a",
                                       "text",
                                       "1",
                                       "-7",
                                       "2147483648",
                                       "3.25",
                                       "nan",
                                       "\xE2\x82\xAC",
                                       "ab",
                                       "abc",
                                       "0123456789abcdef",
                                       "a longer text of forty-one bytes, not small",
                                       "\xFF\x00x"};

bool fits(int64_t value, bool is_signed, const Facts& facts) {
  if (facts.nonzero && value == 0) return false;
  if (is_signed && facts.nonneg && value < 0) return false;
  if (facts.bits >= 64) return true;
  return is_signed ? bits_of(value) <= facts.bits : std::bit_width(static_cast<uint64_t>(value)) <= facts.bits;
}

}  // namespace

uint8_t magnitude_bits(TypeKind kind) {
  switch (kind) {
    case TypeKind::kI32: return 31;
    case TypeKind::kI64: return 63;
    case TypeKind::kU32: return 32;
    case TypeKind::kU64: return 64;
    default: return Facts::kAny;
  }
}

void ValuePool::harvest(int64_t number) {
  if (harvested_.size() < kMaxHarvested) harvested_.push_back(number);
}

/// A number of `width` bits, in 64-bit form (sign- or zero-extended), usually below 2^bits.
int64_t ValuePool::raw_integer(uint32_t width, bool is_signed, uint8_t bits) {
  uint32_t top = std::min<uint32_t>(bits, is_signed ? width - 1 : width);
  uint64_t limit = top >= 64 ? UINT64_MAX : (uint64_t{1} << top) - 1;
  uint32_t kind = stream_.below(100);
  if (kind < 12) return static_cast<int64_t>(stream_.below(11)) - (is_signed ? 3 : 0);
  if (kind < 20 && top >= 63) {  // the ends of what an instruction holds as an immediate
    static constexpr int64_t kEnds[] = {INT32_MIN, INT32_MAX, int64_t{INT32_MIN} - 1, int64_t{INT32_MAX} + 1};
    return stream_.pick(kEnds);
  }
  if (kind < 60) {  // boundaries: of the range, of powers of two, of narrower kinds
    uint64_t power = uint64_t{1} << stream_.below(std::max(top, 1u));
    uint64_t base = stream_.flip() ? limit : power;
    // Unsigned throughout: neighbours of the ends wrap around.
    uint64_t value = base - stream_.below(3) + (base == limit ? 0 : 1);
    if (!is_signed || !stream_.flip()) return static_cast<int64_t>(value);
    bool minimum = base == limit && stream_.flip();
    return static_cast<int64_t>(minimum ? ~limit : uint64_t{0} - value);
  }
  if (kind < 66 && top > 56) return static_cast<int64_t>(between_reals(top));
  if (kind < 80 && !harvested_.empty()) {
    auto known = static_cast<uint64_t>(harvested_[stream_.below(static_cast<uint32_t>(harvested_.size()))]);
    return static_cast<int64_t>(known + stream_.below(3) - 1);
  }
  uint64_t word = stream_.word();
  if (!is_signed) return static_cast<int64_t>(word & limit);
  return static_cast<int64_t>(word) >> (63 - std::min(top, 63u));
}

uint64_t ValuePool::between_reals(uint32_t bits) {
  uint32_t power = stream_.flip() ? bits - 1 : 54 + stream_.below(bits - 54);
  uint64_t half = uint64_t{1} << (power - 53);
  return (uint64_t{1} << power) + half * (1 + 2 * stream_.below(2)) + stream_.below(3) - 1;
}

int64_t ValuePool::integer(uint32_t width, bool is_signed, const Facts& facts) {
  for (int tries = 0; tries < 4; ++tries) {
    int64_t value = raw_integer(width, is_signed, facts.bits);
    if (width == 32) value = is_signed ? int64_t{static_cast<int32_t>(value)} : int64_t{static_cast<uint32_t>(value)};
    if (fits(value, is_signed, facts)) return value;
  }
  return facts.nonzero ? 1 : 0;
}

double ValuePool::real(const Facts& facts) {
  if (facts.bits < 60) return static_cast<double>(integer(64, true, facts)) * (stream_.chance(4) ? 0.5 : 1.0);
  uint32_t kind = stream_.below(100);
  double value;
  if (kind < 40) {
    value = static_cast<double>(static_cast<int32_t>(stream_.below(41)) - 20) / (stream_.flip() ? 1.0 : 4.0);
  } else if (kind < 85) {
    value = stream_.pick(kReals);
  } else if (kind < 90) {
    value = std::bit_cast<double>(stream_.pick(kNanBits));
  } else {
    value = std::bit_cast<double>(stream_.word());
  }
  if ((facts.nonzero && value == 0) || (facts.nonneg && !(value >= 0))) return 1.5;
  return value;
}

double ValuePool::real_of(TypeKind integer_kind) {
  uint64_t bits = constant(integer_kind, Facts{});
  switch (integer_kind) {
    case TypeKind::kI32: return static_cast<int32_t>(bits);
    case TypeKind::kI64: return static_cast<double>(static_cast<int64_t>(bits));
    default: return static_cast<double>(bits);
  }
}

uint64_t ValuePool::constant(TypeKind kind, const Facts& facts) {
  switch (kind) {
    case TypeKind::kBool: return stream_.below(2);
    case TypeKind::kF64: return std::bit_cast<uint64_t>(real(facts));
    case TypeKind::kI32: {
      int64_t value = integer(32, true, facts);
      harvest(value);
      return static_cast<uint32_t>(value);
    }
    case TypeKind::kU32: return static_cast<uint32_t>(integer(32, false, facts));
    case TypeKind::kU64: return static_cast<uint64_t>(integer(64, false, facts));
    default: {
      int64_t value = integer(64, true, facts);
      harvest(value);
      return static_cast<uint64_t>(value);
    }
  }
}

int16_t ValuePool::immediate(const Facts& facts) {
  Facts narrow = facts;
  narrow.bits = std::min<uint8_t>(facts.bits, 15);
  return static_cast<int16_t>(integer(16, true, narrow));
}

std::string_view ValuePool::text() { return stream_.pick(kTexts); }

}  // namespace orus::fuzz
