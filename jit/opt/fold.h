// Folder: rewrites of one instruction that look at its operands only. Each is exact: the value, the trap and the bits
// are the same for every input (but for the payload of a NaN, which no program can see). Every rule carries its name,
// "before -> after", by which fuzz/proofs demands and checks its proof.
//
// Usage: begin_block, then fold each instruction of the block in order after its arguments were resolved. Instructions
// that a rewrite makes are appended to the block, in front of the one being folded, which the caller appends after.
#pragma once

#include "jit/ir/ir.h"
#include "jit/pipeline.h"

namespace orus::jit {

class Folder {
 public:
  Folder(Function& fn, PassContext& ctx) : fn_(fn), ctx_(ctx) {}
  void begin_block(BlockId block) { block_ = block; }

  /// The value that can replace `id`, or none. May exchange operands in place.
  InstId fold(InstId id);
  /// For guard: whether the condition is known to be true.
  bool always_true(InstId condition) const { return fn_.is_constant(condition) && fn_.constant_value(condition) != 0; }

 private:
  // fold.cc: constants, arithmetic, bits
  InstId evaluate(InstId id);
  bool may_evaluate(const Inst& inst) const;
  InstId integer(InstId id);
  InstId integer_constant(InstId id, int64_t c);
  InstId divide(InstId id, int64_t c);
  InstId checked(InstId id);
  InstId floating(InstId id);
  InstId bool_logic(InstId id);
  void canonical_order(InstId id);
  // fold_compare.cc: comparisons, selects, conversions
  InstId comparison(InstId id);
  InstId compare_same(InstId id);
  InstId compare_constant(InstId id, int64_t c);
  InstId compare_extended(InstId id);
  InstId compare_extended_constant(InstId id, int64_t c);
  InstId select(InstId id);
  InstId negate(InstId id);
  InstId convert(InstId id);
  InstId truncate(InstId id);
  InstId bounds(InstId id);
  bool never_null(InstId id);

  // Shorthand.
  const Inst& at(InstId id) const { return fn_.at(id); }
  InstId arg(InstId id, uint32_t i) const { return fn_.at(id).args[i]; }
  IrOp op(InstId id) const { return fn_.at(id).op; }
  IrType type(InstId id) const { return fn_.at(id).type; }
  bool constant(InstId id, int64_t* value) const;     // signed value of an integer or bool constant
  bool f64_constant(InstId id, double* value) const;
  InstId number(IrType type, int64_t value) { return fn_.constant(type, value); }
  InstId truth(bool value) { return fn_.constant(IrType::kBool, value ? 1 : 0); }
  /// Records that `rule` makes an instruction `value`; every rewrite goes through here.
  InstId by(std::string_view rule, InstId value) {
    ctx_.rewrote(rule);
    return value;
  }
  /// A new pure instruction in front of the one at hand, folded itself.
  InstId make(IrOp op, IrType type, std::initializer_list<InstId> args);

  Function& fn_;
  PassContext& ctx_;
  BlockId block_;
  std::vector<bool> maybe_null_;   // by value; computed at the first use
};

/// The comparison that is true exactly when `op` is false, on integers.
IrOp inverse_comparison(IrOp op);
/// The comparison op' with a op b == b op' a; `op` itself has none when it is ult or ule.
IrOp swapped_comparison(IrOp op);
/// a op b is b op a; comparisons are for swapped_comparison.
bool is_commutative(IrOp op);
constexpr bool is_comparison(IrOp op) { return op >= IrOp::eq && op <= IrOp::ule; }
static_assert(IrOp::eq < IrOp::ne && IrOp::ne < IrOp::lt && IrOp::ult < IrOp::ule);

}  // namespace orus::jit
