// reduce_strength: divisions and remainders by constants become multiplications and shifts; wrapping multiplications by
// powers of two become shifts.
//
// Needs:  verified SSA. Leaves: verified SSA; control flow unchanged; replaced values may leave dead code behind.
// Never:  touches mul_ov (a shift does not notice overflow) or a division by zero.
//
//   before  v2 = srem.i32 v1, 10
//   after   v3 = sext v1
//           v4 = mul.i64 v3, 1717986919
//           v5 = sar.i64 v4, 34
//           v6 = sub.i64 v5, (sar.i64 v3, 63)
//           v7 = trunc v6
//           v2 = sub.i32 v1, (mul.i32 v7, 10)
//
// A dividend that is certainly not negative needs no rounding towards zero: a shift or mask does for a power of two.
// A quotient by -1 relies, as sdiv itself does, on the guard that keeps the minimum away.
#include <bit>
#include <memory>

#include "jit/opt/magic_division.h"
#include "jit/opt/passes.h"
#include "jit/opt/ranges.h"
#include "jit/pipeline.h"

namespace orus::jit {
namespace {

constexpr IrType I32 = IrType::kI32, I64 = IrType::kI64;

class Reducer {
 public:
  Reducer(Function& fn, PassContext& ctx) : fn_(fn), ctx_(ctx) {}

  bool run() {
    uint64_t before = ctx_.rewrites;
    find_ranges();
    for (BlockId b : fn_.reverse_postorder()) {
      block_ = b;
      // Constants made on the way are put in front of the entry's list, which is empty while it is being rewritten.
      std::vector<InstId> old = std::move(fn_.at(b).insts);
      fn_.at(b).insts.clear();
      out_.clear();
      for (InstId id : old) {
        InstId value = reduced(id);
        if (value.valid()) {
          fn_.replace(id, value);
        } else {
          out_.push_back(id);
        }
      }
      auto& list = fn_.at(b).insts;
      list.insert(list.end(), out_.begin(), out_.end());
    }
    if (ctx_.rewrites == before) return false;
    fn_.apply_replacements();
    return true;
  }

 private:
  Function& fn_;
  PassContext& ctx_;
  BlockId block_;
  std::vector<InstId> out_;
  std::vector<bool> positive_;  // by division: its dividend is not negative

  void find_ranges() {
    std::vector<InstId> divisions;
    positive_.assign(fn_.insts.size(), false);
    for (BlockId b : fn_.reverse_postorder()) {
      for (InstId id : fn_.at(b).insts) {
        const Inst& inst = fn_.at(id);
        if ((inst.op == IrOp::sdiv || inst.op == IrOp::srem) && fn_.is_constant(inst.args[1])) divisions.push_back(id);
      }
    }
    if (divisions.empty() || ctx_.options.opt_level < 2) return;
    fn_.rebuild_predecessors();
    Ranges ranges(fn_);
    for (InstId id : divisions) positive_[id.index] = ranges.at(fn_.at(id).args[0], ranges.before(id)).lo >= 0;
  }

  InstId emit(IrOp op, IrType type, InstId a) { return place(fn_.create(op, type, {a})); }
  InstId emit(IrOp op, IrType type, InstId a, InstId b) { return place(fn_.create(op, type, {a, b})); }
  InstId emit(IrOp op, IrType type, InstId a, int64_t b) { return emit(op, type, a, fn_.constant(type, b)); }
  InstId shift(IrOp op, IrType type, InstId a, int count) {
    return count == 0 ? a : place(fn_.create(op, type, {a, fn_.constant(I32, count)}));
  }
  InstId place(InstId id) {
    fn_.at(id).block = block_;
    out_.push_back(id);
    return id;
  }

  /// Records that `rule` makes an instruction `value`; every reduction goes through here.
  InstId by(std::string_view rule, InstId value) {
    ctx_.rewrote(rule);
    return value;
  }

  static int width(IrType type) { return type == I32 ? 32 : 64; }
  /// The constant as a signed number.
  bool constant(InstId id, int64_t* value) const {
    if (!fn_.is_constant(id)) return false;
    *value = fn_.at(id).type == I32 ? static_cast<int32_t>(fn_.at(id).imm) : fn_.at(id).imm;
    return true;
  }
  static uint64_t magnitude(int64_t value) { return value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value); }
  static uint64_t bits(IrType type, int64_t value) { return type == I32 ? static_cast<uint32_t>(value) : static_cast<uint64_t>(value); }

  /// What stands for the instruction from now on; invalid: it stays.
  InstId reduced(InstId id) {
    const Inst inst = fn_.at(id);
    int64_t by;
    if (inst.op == IrOp::eq || inst.op == IrOp::ne) return divisible(inst);
    if (inst.arg_count != 2) return {};
    if (inst.op == IrOp::mul && inst.type != IrType::kF64) return multiplied(inst);
    if (!constant(inst.args[1], &by) || by == 0) return {};
    switch (inst.op) {
      case IrOp::sdiv: return quotient(inst.type, inst.args[0], by, positive_[id.index]);
      case IrOp::srem: return remainder(inst.type, inst.args[0], by, positive_[id.index]);
      case IrOp::udiv: return unsigned_quotient(inst.type, inst.args[0], bits(inst.type, by));
      case IrOp::urem: return unsigned_remainder(inst.type, inst.args[0], bits(inst.type, by));
      default: return {};
    }
  }

  /// For either sign of x and of the divisor; the same for !=.
  InstId divisible(const Inst& inst) {
    for (int i : {0, 1}) {
      const Inst rem = fn_.at(inst.args[i]);
      int64_t zero, divisor;
      if (rem.op != IrOp::srem || !constant(inst.args[1 - i], &zero) || zero != 0) continue;
      if (!constant(rem.args[1], &divisor) || divisor == 0 || !std::has_single_bit(magnitude(divisor))) continue;
      InstId low = emit(IrOp::and_, rem.type, rem.args[0], static_cast<int64_t>(magnitude(divisor) - 1));
      return by("eq (srem x, 2^k), 0 -> eq (and x, 2^k - 1), 0", emit(inst.op, IrType::kBool, low, fn_.constant(rem.type, 0)));
    }
    return {};
  }

  InstId multiplied(const Inst& inst) {
    for (int i : {0, 1}) {
      int64_t factor;
      if (!constant(inst.args[i], &factor)) continue;
      uint64_t value = bits(inst.type, factor);
      if (!std::has_single_bit(value)) return {};
      return by("mul x, 2^k -> shl x, k", shift(IrOp::shl, inst.type, inst.args[1 - i], std::countr_zero(value)));
    }
    return {};
  }

  /// What to add to a dividend so that an arithmetic shift by k rounds towards zero: x < 0 ? 2^k - 1 : 0
  InstId bias(IrType type, InstId x, int k) {
    InstId sign = k == 1 ? x : shift(IrOp::sar, type, x, width(type) - 1);
    return shift(IrOp::shr, type, sign, width(type) - k);
  }

  InstId quotient(IrType type, InstId x, int64_t divisor, bool positive) {
    if (divisor == 1) return by("sdiv x, 1 -> x", x);
    uint64_t d = magnitude(divisor);
    InstId q;
    if (d == 1) {
      q = by("sdiv x, -1 -> sub 0, x", x);  // INT64_MIN / -1: kept away by its guard
    } else if (std::has_single_bit(d)) {
      int k = std::countr_zero(d);
      q = positive ? by("sdiv x, 2^k -> shr x, k, for x >= 0", shift(IrOp::shr, type, x, k))
                   : by("sdiv x, 2^k -> sar (add x, bias), k", shift(IrOp::sar, type, emit(IrOp::add, type, x, bias(type, x, k)), k));
    } else {
      return type == I32 ? quotient32(x, d, divisor < 0, positive) : quotient64(x, d, divisor < 0, positive);
    }
    return divisor < 0 ? emit(IrOp::sub, type, fn_.constant(type, 0), q) : q;
  }

  /// x / d for -2^31 <= x < 2^31: the multiplier has 32 bits, so the product fits 64.
  InstId quotient32(InstId x, uint64_t d, bool negate, bool positive) {
    Magic magic = signed_magic(d, 32);
    InstId wide = emit(IrOp::sext, I64, x);
    InstId high = shift(IrOp::sar, I64, emit(IrOp::mul, I64, wide, static_cast<int64_t>(magic.multiplier)), magic.shift);
    return by("sdiv.i32 x, c -> trunc ((sext x) * magic >> s) + rounding", emit(IrOp::trunc, I32, rounded(wide, high, negate, positive)));
  }

  InstId quotient64(InstId x, uint64_t d, bool negate, bool positive) {
    Magic magic = signed_magic(d, 64);
    auto multiplier = static_cast<int64_t>(static_cast<uint64_t>(magic.multiplier));
    InstId high = emit(IrOp::mul_high, I64, x, multiplier);
    // A multiplier of 2^63 or more was taken as 2^64 less than it is.
    if (multiplier < 0) high = emit(IrOp::add, I64, high, x);
    return by("sdiv.i64 x, c -> (mul_high x, magic) >> s + rounding",
              rounded(x, shift(IrOp::sar, I64, high, magic.shift - 64), negate, positive));
  }

  /// From rounded down to rounded towards zero; negated when the divisor is negative.
  InstId rounded(InstId x, InstId floor, bool negate, bool positive) {
    if (positive) return negate ? emit(IrOp::sub, I64, fn_.constant(I64, 0), floor) : floor;
    InstId sign = shift(IrOp::sar, I64, x, 63);
    return negate ? emit(IrOp::sub, I64, sign, floor) : emit(IrOp::sub, I64, floor, sign);
  }

  InstId remainder(IrType type, InstId x, int64_t divisor, bool positive) {
    uint64_t d = magnitude(divisor);
    if (d == 1) return by("srem x, 1 -> 0", fn_.constant(type, 0));
    if (std::has_single_bit(d)) {
      if (positive) return by("srem x, 2^k -> and x, 2^k - 1, for x >= 0", emit(IrOp::and_, type, x, static_cast<int64_t>(d - 1)));
      InstId add = bias(type, x, std::countr_zero(d));
      InstId low = emit(IrOp::and_, type, emit(IrOp::add, type, x, add), static_cast<int64_t>(d - 1));
      return by("srem x, 2^k -> sub (and (add x, bias), 2^k - 1), bias", emit(IrOp::sub, type, low, add));
    }
    // The sign of the divisor does not matter: x % -d == x % d.
    InstId q = type == I32 ? quotient32(x, d, false, positive) : quotient64(x, d, false, positive);
    return by("srem x, c -> sub x, (mul (x / c), c)", emit(IrOp::sub, type, x, emit(IrOp::mul, type, q, static_cast<int64_t>(d))));
  }

  InstId unsigned_quotient(IrType type, InstId x, uint64_t d) {
    if (std::has_single_bit(d)) return by("udiv x, 2^k -> shr x, k", shift(IrOp::shr, type, x, std::countr_zero(d)));
    if (type == I32) return unsigned_quotient32(x, d);
    // Above half of the range the quotient is 0 or 1.
    if (d > uint64_t{1} << 63) {
      InstId above = emit(IrOp::ule, IrType::kBool, fn_.constant(I64, static_cast<int64_t>(d)), x);
      return by("udiv.i64 x, c -> zext (ule c, x), for c > 2^63", emit(IrOp::zext, I64, above));
    }
    Magic magic = unsigned_magic(d, 64, 64);
    int before = 0;
    if (magic.multiplier >> 64 != 0 && d % 2 == 0) {
      // Halving both first makes room for the multiplier's last bit.
      before = std::countr_zero(d);
      magic = unsigned_magic(d >> before, 64, 64 - before);
    }
    InstId start = shift(IrOp::shr, I64, x, before);
    InstId high = emit(IrOp::umul_high, I64, start, static_cast<int64_t>(static_cast<uint64_t>(magic.multiplier)));
    if (magic.multiplier >> 64 == 0) return by("udiv.i64 x, c -> (umul_high x, magic) >> s", shift(IrOp::shr, I64, high, magic.shift - 64));
    // The multiplier is 2^64 more: (high + x) / 2, without the carry.
    InstId half = emit(IrOp::add, I64, shift(IrOp::shr, I64, emit(IrOp::sub, I64, start, high), 1), high);
    return by("udiv.i64 x, c -> ((x - h) / 2 + h) >> s, h = umul_high x, magic", shift(IrOp::shr, I64, half, magic.shift - 65));
  }

  InstId unsigned_quotient32(InstId x, uint64_t d) {
    InstId wide = emit(IrOp::zext, I64, x);
    Magic magic = d < uint64_t{1} << 31 ? unsigned_magic(d, 32, 32) : Magic{Unsigned128{1} << 32, 0};
    if (magic.multiplier >> 32 == 0) {
      InstId product = emit(IrOp::mul, I64, wide, static_cast<int64_t>(magic.multiplier));
      return by("udiv.i32 x, c -> trunc ((zext x) * magic >> s)", emit(IrOp::trunc, I32, shift(IrOp::shr, I64, product, magic.shift)));
    }
    // With 2^64 as the power the error is below d, far below 2^(64-32).
    auto multiplier = static_cast<uint64_t>((Unsigned128{1} << 64) / d + 1);
    InstId high = emit(IrOp::umul_high, I64, wide, static_cast<int64_t>(multiplier));
    return by("udiv.i32 x, c -> trunc (umul_high (zext x), magic)", emit(IrOp::trunc, I32, high));
  }

  InstId unsigned_remainder(IrType type, InstId x, uint64_t d) {
    if (std::has_single_bit(d)) return by("urem x, 2^k -> and x, 2^k - 1", emit(IrOp::and_, type, x, static_cast<int64_t>(d - 1)));
    InstId q = unsigned_quotient(type, x, d);
    return by("urem x, c -> sub x, (mul (x / c), c)", emit(IrOp::sub, type, x, emit(IrOp::mul, type, q, static_cast<int64_t>(d))));
  }
};

}  // namespace

bool reduce_strength(Function& fn, PassContext& ctx) { return Reducer(fn, ctx).run(); }

}  // namespace orus::jit
