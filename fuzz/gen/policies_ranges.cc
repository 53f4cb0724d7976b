// Policies about what a compiler believes to know of a number: ranges from the way it was made, facts from a comparison
// that has been passed, checks that a test makes unnecessary, the value that an overflow must leave as it was.
#include <algorithm>

#include "fuzz/gen/function_gen.h"

namespace orus::fuzz {
namespace {

struct IntegerOps {
  TypeId type;
  uint32_t width;
  Op add, sub, mul, div, rem, band, bxor, shr, addk, jlt, jle, jeq, jne;
};
constexpr IntegerOps kIntegers[] = {
    {kTypeI32, 32, Op::add_i32, Op::sub_i32, Op::mul_i32, Op::div_i32, Op::rem_i32, Op::band_i32, Op::bxor_i32, Op::shr_i32, Op::addk_i32,
     Op::jlt_i32, Op::jle_i32, Op::jeq_i32, Op::jne_i32},
    {kTypeI64, 64, Op::add_i64, Op::sub_i64, Op::mul_i64, Op::div_i64, Op::rem_i64, Op::band_i64, Op::bxor_i64, Op::shr_i64, Op::addk_i64,
     Op::jlt_i64, Op::jle_i64, Op::jeq_i64, Op::jne_i64},
    {kTypeU32, 32, Op::add_u32, Op::sub_u32, Op::mul_u32, Op::div_u32, Op::rem_u32, Op::band_u32, Op::bxor_u32, Op::shr_u32, Op::addk_u32,
     Op::jlt_u32, Op::jle_u32, Op::jeq_u32, Op::jne_u32},
    {kTypeU64, 64, Op::add_u64, Op::sub_u64, Op::mul_u64, Op::div_u64, Op::rem_u64, Op::band_u64, Op::bxor_u64, Op::shr_u64, Op::addk_u64,
     Op::jlt_u64, Op::jle_u64, Op::jeq_u64, Op::jne_u64},
};

const IntegerOps& ops_of(TypeId type) { return kIntegers[type.index - kTypeI32.index]; }
bool is_signed(const IntegerOps& k) { return k.type == kTypeI32 || k.type == kTypeI64; }

}  // namespace

/// A number where kinds, or parts of them, end: what comparisons tell values on both sides of apart.
uint64_t FunctionGen::threshold_number(TypeId type) {
  const IntegerOps& k = ops_of(type);
  if (s_.chance(4)) return m_.values.constant(m_.kind(type), kNoFacts);
  static constexpr uint8_t kPowers[] = {31, 0, 16, 32, 15, 8, 7, 63, 30, 33};
  uint64_t power = uint64_t{1} << std::min<uint32_t>(s_.pick(kPowers), k.width - 1);
  uint64_t number = s_.chance(3) ? 0 : power + s_.below(3) - 1;
  return is_signed(k) && s_.chance(4) ? uint64_t{0} - number : number;
}

Reg FunctionGen::integer(TypeId type, uint64_t number) {
  Reg d = fresh(type, kNoFacts);
  step();
  b_.load_k(d, m_.builder.constant(type, ops_of(type).width == 32 ? number & UINT32_MAX : number));
  wrote(d);
  return d;
}

Reg FunctionGen::threshold(TypeId type) { return integer(type, threshold_number(type)); }

/// A number whose range follows from how it is made (a mask, a shift, a remainder, a counter), moved by a little; what
/// goes in is often all ones or the smallest number, so that the ends of the range are met.
Reg FunctionGen::ranged_value(TypeId type) {
  const IntegerOps& k = ops_of(type);
  Reg x = s_.flip() ? integer(type, s_.chance(4) ? s_.below(3) : UINT64_MAX) : constant(type, kNoFacts);
  x = s_.chance(3) ? value(type) : hidden(x);
  uint8_t bits = static_cast<uint8_t>(1 + s_.below(s_.flip() ? 4 : k.width - 2));
  if (k.width == 64 && s_.chance(3)) bits = static_cast<uint8_t>(31 + s_.below(4));  // what 32 bits just hold, or just not
  bool wraps = !is_signed(k), nonneg = wraps;
  Reg d = fresh(type, kNoFacts);
  switch (s_.below(5)) {
    case 0:
      if (type == kTypeI32 && !counters_.empty() && assigned_[counters_.back()]) {
        op(Op::mov, d, counters_.back());
        bits = 10;
        break;
      }
      [[fallthrough]];
    case 1:
    case 2:
      op(k.band, d, x, number(type, static_cast<int64_t>((uint64_t{1} << bits) - 1)));
      nonneg = true;
      break;
    case 3: op(k.shr, d, x, number(kTypeI64, k.width - 1 - bits)); break;
    default: op(k.rem, d, x, number(type, static_cast<int64_t>((uint64_t{1} << bits) - s_.below(2)))); break;
  }
  wrote(d);
  if (wraps || bits + 2u < k.width) {
    if (s_.flip()) op(k.addk, d, d, static_cast<uint16_t>(s_.below(40) - 20));
  } else if (nonneg && s_.flip()) {
    op(k.addk, d, d, static_cast<uint16_t>(-static_cast<int32_t>(s_.below(20))));  // below zero, but not beyond the maximum
  }
  return d;
}

/// Whether x is below, at most or equal to y, as a number that the end of the program shows. By a branch: ranges decide these.
/// Every `equal_one_in`-th time whether they are equal.
void FunctionGen::show_order(Reg x, Reg y, uint32_t equal_one_in) {
  static constexpr Op kJumps[][3] = {{Op::jlt_i32, Op::jle_i32, Op::jeq_i32},
                                     {Op::jlt_i64, Op::jle_i64, Op::jeq_i64},
                                     {Op::jlt_u32, Op::jle_u32, Op::jeq_u32},
                                     {Op::jlt_u64, Op::jle_u64, Op::jeq_u64},
                                     {Op::jlt_f64, Op::jnlt_f64, Op::jeq_f64}};
  Reg seen = number(kTypeI32, 0);
  registers_[seen].facts = {.bits = 1, .nonneg = true};
  Label skip = b_.label();
  jump_op(kJumps[registers_[x].type.index - kTypeI32.index][s_.chance(equal_one_in) ? 2 : s_.below(2)], x, y, skip);
  op(Op::load_k, seen, static_cast<uint16_t>(m_.builder.constant(kTypeI32, 1).index));
  b_.bind(skip);
  keep_visible(seen);
}

/// Numbers of known range through conversions that keep, extend or cut them, then comparisons that show which.
void FunctionGen::conversion_chains() {
  for (uint32_t n = 1 + s_.below(3); n > 0; --n) conversion_chain();
}

void FunctionGen::conversion_chain() {
  static constexpr Op kConversions[] = {Op::conv_i32_u32, Op::conv_u32_i64, Op::conv_u32_u64, Op::conv_i32_i64,
                                        Op::conv_i64_i32, Op::conv_u32_i32, Op::conv_i64_f64, Op::conv_f64_i32,
                                        Op::conv_f64_i64, Op::conv_u64_f64, Op::index_i64,    Op::conv_i32_f64};
  Reg x = ranged_value(s_.chance(3) ? kTypeI64 : s_.pick(kIntegers).type);
  for (uint32_t n = 1 + s_.below(3); n > 0; --n) {
    uint32_t at = s_.below(std::size(kConversions));
    for (size_t i = 0; i < std::size(kConversions); ++i) {
      Op candidate = kConversions[(at + i) % std::size(kConversions)];
      if (scalar_of_letter(info(candidate).kinds[1]) != registers_[x].type) continue;
      Reg d = fresh(scalar_of_letter(info(candidate).kinds[0]), kNoFacts);
      op(candidate, d, x);
      wrote(d);
      x = d;
      test_sign(x);
      break;
    }
  }
  keep_visible(x);
}

/// Shows on which side of zero, or of where kinds end, a number is.
void FunctionGen::test_sign(Reg x) {
  TypeId type = registers_[x].type;
  Reg y = number(type, 0);
  if (s_.flip()) y = type == kTypeF64 ? constant(type, kNoFacts) : threshold(type);
  bool wide = type == kTypeI64 || type == kTypeU64;
  if (wide && s_.chance(3)) y = integer(type, (uint64_t{1} << (31 + s_.below(2))) - s_.below(2));  // where 32 bits end
  s_.flip() ? show_order(x, y) : show_order(y, x);
}

/// Behind a comparison of two numbers, the same two compared again, or one of them with a number nearby: what the first
/// has decided must be what the second shows, on either side.
void FunctionGen::implied_condition() {
  const IntegerOps& k = s_.pick(kIntegers);
  uint64_t number = threshold_number(k.type);
  Reg a = s_.chance(4) ? ranged_value(k.type) : hidden(integer(k.type, s_.flip() ? number + s_.below(3) - 1 : threshold_number(k.type)));
  Reg b = s_.flip() ? integer(k.type, number) : s_.flip() ? ranged_value(k.type) : hidden(a);
  const Op jumps[] = {k.jlt, k.jle, k.jlt, k.jle, k.jeq, k.jne};
  Label other = b_.label();
  bool swapped = s_.flip();
  jump_op(s_.pick(jumps), swapped ? b : a, swapped ? a : b, other);
  auto again = [&] {
    Assigned before = assigned_;
    bool near = s_.chance(3);
    Reg x = s_.chance(4) ? b : a, y = near ? threshold(k.type) : x == a ? b : a;
    s_.flip() ? show_order(x, y, 2) : show_order(y, x, 2);
    restore(before);
  };
  again();
  if (s_.chance(3)) again();
  b_.bind(other);
  if (s_.flip()) again();
}

/// A table of numbers where kinds end, or what a mask leaves of them and a little less, each divided by constants: the
/// multipliers, shifts and corrections of a division by a constant depend on both.
void FunctionGen::constant_division() {
  static constexpr uint64_t kDivisors[] = {2, 3, 4, 7, 10, 8, 5, 6, 641, 1000, 16, 9, 14, 28, 1 << 20};
  uint32_t count = 4 + s_.below(6);
  if (!affordable(uint64_t{count} * 16) || depth_ >= 4) return guarded_division();
  const IntegerOps& k = s_.pick(kIntegers);
  bool masked = s_.flip();
  Reg table = boundary_table(k.type, count, false), sum = fresh_pinned(k.type, kNoFacts);
  Reg mask = integer(k.type, (uint64_t{1} << (1 + s_.below(k.width - 2))) - 1);
  op(Op::mov, sum, mask);
  wrote(sum);
  std::vector<Reg> divisors;
  for (uint32_t n = 1 + s_.below(3); n > 0; --n) {
    uint64_t by = s_.chance(4) ? threshold_number(k.type) : s_.pick(kDivisors);
    if (is_signed(k) && s_.chance(3)) by = uint64_t{0} - by;
    divisors.push_back(integer(k.type, by + 1 < 2 ? 7 : by));  // not 0, not -1: neither raises
  }
  uint16_t less = static_cast<uint16_t>(-static_cast<int32_t>(s_.below(3)));
  small_loop(count, [&] {
    Reg x = fresh(k.type, kNoFacts);
    op(k.width == 32 ? Op::array_get_4 : Op::array_get_8, x, table, counters_.back());
    wrote(x);
    if (masked) op(k.band, x, x, mask);
    if (masked) op(k.addk, x, x, less);
    for (Reg by : divisors) {
      Reg d = fresh(k.type, kNoFacts);
      op(s_.flip() ? k.div : k.rem, d, x, by);
      wrote(d);
      op(k.bxor, sum, sum, d);
    }
  });
  keep_visible(sum);
}

/// A loop that leaves, or goes on, before it divides by a number that it does not change; or lets the division raise,
/// again and again. What it divides by may be just what the test keeps away.
void FunctionGen::tested_division() {
  uint32_t trips = 2 + s_.below(8);
  if (!affordable(uint64_t{trips} * 14) || depth_ >= 4) return guarded_division();
  const IntegerOps& k = s_.pick(kIntegers);
  int64_t bad = is_signed(k) && s_.flip() ? -1 : 0;
  Reg y = hidden(number(k.type, s_.chance(5) ? 3 : bad)), x = value(k.type), result = fresh_pinned(k.type, kNoFacts);
  if (is_signed(k) && s_.flip()) x = number(k.type, k.width == 32 ? INT32_MIN : INT64_MIN);
  if (s_.flip()) x = hidden(x);
  op(Op::mov, result, x);
  wrote(result);
  // Another division by it proves a part of what the one in the loop needs.
  if (bad != 0 && s_.chance(3)) op(s_.flip() ? k.div : k.rem, result, number(k.type, 1 + s_.below(9)), y);
  Reg forbidden = number(k.type, bad);
  bool tested = s_.chance(3), both = bad != 0 && s_.flip();
  small_loop(trips, [&] {
    Label next = b_.label();
    if (s_.chance(6)) conditional_jump(next);
    if (both) op(s_.flip() ? k.div : k.rem, result, number(k.type, 1 + s_.below(9)), y);
    if (tested) jump_op(k.jeq, y, forbidden, s_.flip() ? next : loop_exit());
    protect([&] { op(s_.flip() ? k.div : k.rem, result, x, y); });
    b_.bind(next);
  });
  keep_visible(result);
}

/// Runs `body` with a handler that shows at most what only it reads: what raised has not happened.
void FunctionGen::protect(const std::function<void()>& body) {
  Label handler = b_.label(), done = b_.label();
  Reg error = fresh(kTypeError, kNoFacts), only_there = kNoReg;
  if (s_.chance(3)) {
    only_there = fresh_pinned(kTypeI32, kNoFacts);
    op(Op::mov, only_there, hidden(number(kTypeI32, s_.below(100))));
    wrote(only_there);
  }
  Assigned before = assigned_;
  auto range = b_.begin_try();
  ++tries_;
  body();
  --tries_;
  step();
  b_.jump(done);
  b_.end_try(range, handler, error);
  restore(before);
  b_.bind(handler);
  if (only_there != kNoReg) keep_visible(only_there);
  b_.bind(done);
}

/// x = x op y near the ends of the kind, where an overflow must leave the old x behind.
void FunctionGen::in_place() {
  const IntegerOps& k = s_.flip() ? kIntegers[0] : kIntegers[1];
  Reg x = fresh_pinned(k.type, kNoFacts);
  bool ranged = s_.chance(3);
  op(Op::mov, x, ranged ? ranged_value(k.type) : hidden(s_.flip() ? threshold(k.type) : constant(k.type, kNoFacts)));
  wrote(x);
  Reg y = s_.flip() ? value(k.type) : threshold(k.type);
  protect([&] {
    for (uint32_t n = 1 + s_.below(3); n > 0; --n) {
      const Op kinds[] = {k.add, k.sub, k.mul, k.add};
      Op opcode = s_.pick(kinds);
      switch (s_.below(4)) {
        case 0: op(k.addk, x, x, static_cast<uint16_t>(m_.values.immediate(kNoFacts))); break;
        case 1: op(opcode, x, x, y); break;
        case 2: op(opcode, x, y, x); break;
        default: op(opcode, x, x, x); break;
      }
    }
  });
  keep_visible(x);
}

/// A shift by about as many bits as there are, of this kind or another.
void FunctionGen::shift_count() {
  static constexpr Op kShifts[][2] = {
      {Op::shl_i32, Op::shr_i32}, {Op::shl_i64, Op::shr_i64}, {Op::shl_u32, Op::shr_u32}, {Op::shl_u64, Op::shr_u64}};
  const IntegerOps& k = s_.pick(kIntegers);
  Reg x = value(k.type), count = number(kTypeI64, (s_.flip() ? 32 : 64) + static_cast<int32_t>(s_.below(4)) - 2);
  if (s_.chance(4)) count = s_.flip() ? number(kTypeI64, -1) : ranged_value(kTypeI64);
  if (!s_.chance(4)) count = hidden(count);
  Reg d = fresh(k.type, kNoFacts);
  protect([&] {
    op(kShifts[k.type.index - kTypeI32.index][s_.below(2)], d, x, count);
    wrote(d);
    keep_visible(d);
  });
}

/// A checked sum that one of two ways passes and nothing reads: when it overflows, that way raises all the same.
void FunctionGen::unread_check() {
  const IntegerOps& k = s_.flip() ? kIntegers[0] : kIntegers[1];
  Reg x = fresh_pinned(k.type, kNoFacts), flag = hidden(number(kTypeI32, s_.below(2)));
  Reg large = hidden(s_.flip() ? integer(k.type, (uint64_t{1} << (k.width - 1)) - 1) : threshold(k.type));
  Reg y = number(k.type, 1 + s_.below(3)), other = value(k.type), unread = fresh(k.type, kNoFacts);
  op(Op::mov, x, value(k.type));
  wrote(x);
  protect([&] {
    Label skip = b_.label();
    jump_op(Op::jltk_i32, flag, 1, skip);
    op(s_.chance(3) ? k.sub : k.add, unread, large, y);
    op(Op::mov, x, other);
    b_.bind(skip);
    keep_visible(x);
  });
  keep_visible(x);
}

}  // namespace orus::fuzz
