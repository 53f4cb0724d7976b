// Policies: pieces of code that a particular pass likes to work on.
#include <algorithm>

#include "fuzz/gen/function_gen.h"

namespace orus::fuzz {

void FunctionGen::policy_statement() {
  uint32_t at = s_.below(static_cast<uint32_t>(Policy::kCount));
  for (uint32_t i = 0; i < static_cast<uint32_t>(Policy::kCount); ++i) {
    auto policy = static_cast<Policy>((at + i) % static_cast<uint32_t>(Policy::kCount));
    if (!m_.has(policy)) continue;
    switch (policy) {
      case Policy::kInvariants: return invariant_chain();
      case Policy::kRepeats: return repeat_expression();
      case Policy::kMayAlias: return may_alias();
      case Policy::kAffineIndex: return s_.chance(3) ? two_counters() : affine_index();
      case Policy::kPressure: return pressure();
      case Policy::kFixedRegisters: return fixed_registers();
      case Policy::kLargeConstants: return large_constants();
      case Policy::kColdExits: return cold_exit();
      case Policy::kGlobalLoops: return s_.chance(10) ? late_global() : s_.flip() ? shared_globals() : global_updates();
      case Policy::kSmallCallees: return s_.chance(3) ? protect([&] { call(); }) : call();
      case Policy::kCheckedLoops: return s_.chance(5) ? growing_bound() : checked_loop();
      case Policy::kSelects: return selected_value();
      case Policy::kConversions: return conversion_chains();
      case Policy::kAcrossCalls: return across_call();
      case Policy::kYoungIntoOld: return young_into_old();
      case Policy::kGuardedDivision: return s_.flip() ? constant_division() : guarded_division();
      case Policy::kValueTables: return value_table();
      case Policy::kImplied: return implied_condition();
      case Policy::kTestedDivision: return tested_division();
      case Policy::kInPlace: return s_.chance(4) ? unread_check() : s_.chance(4) ? shift_count() : in_place();
      case Policy::kCount: return;
    }
  }
}

/// A chain of checked operations on values that no statement writes.
void FunctionGen::invariant_chain() {
  TypeId type = s_.flip() ? kTypeI32 : kTypeI64;
  bool narrow = type == kTypeI32;
  Reg a = value(type, {.bits = 12}), b = value(type, {.bits = 12, .nonzero = true});
  static constexpr Op kNarrow[] = {Op::add_i32, Op::mul_i32, Op::sub_i32, Op::div_i32, Op::rem_i32, Op::bxor_i32, Op::neg_i32};
  static constexpr Op kWide[] = {Op::add_i64, Op::mul_i64, Op::sub_i64, Op::div_i64, Op::rem_i64, Op::bxor_i64, Op::neg_i64};
  for (uint32_t n = 2 + s_.below(3); n > 0; --n) {
    uint32_t which = s_.below(std::size(kNarrow));
    uint8_t bits = static_cast<uint8_t>(which == 1 ? 24 : 14);
    if (facts(a).bits > 13) a = make_masked(type, {.bits = 12});
    Reg d = fresh(type, {.bits = bits});
    op(narrow ? kNarrow[which] : kWide[which], d, a, which == 6 ? uint16_t{0} : b);
    wrote(d);
    a = d;
  }
}

/// a op b and b op a, for ops that tell the two apart.
void FunctionGen::mirrored_pair() {
  struct Choice {
    Op op;
    TypeId type;
  };
  static constexpr Choice kChoices[] = {{Op::sub_i32, kTypeI32}, {Op::sub_i64, kTypeI64}, {Op::sub_f64, kTypeF64},
                                        {Op::sub_f64, kTypeF64}, {Op::div_f64, kTypeF64}, {Op::rem_f64, kTypeF64}};
  Choice choice = s_.pick(kChoices);
  Reg a = value(choice.type, {.bits = 12}), b = value(choice.type, {.bits = 12});
  for (auto [left, right] : {std::pair{a, b}, {b, a}}) {
    Reg d = fresh(choice.type, choice.type == kTypeF64 ? kNoFacts : Facts{.bits = 13});
    op(choice.op, d, left, right);
    wrote(d);
    keep_visible(d);
  }
}

/// An earlier pure instruction again, into another register.
void FunctionGen::repeat_expression() {
  if (s_.chance(3)) return mirrored_pair();
  for (int tries = 0; tries < 4 && !recent_.empty(); ++tries) {
    const Remembered& old = s_.pick(recent_);
    const OpInfo& row = info(old.op);
    bool usable = true;
    for (size_t i = 1; i < 3; ++i) usable = usable && (row.format[i] != 'r' || assigned_[old.fields[i]]);
    if (!usable) continue;
    Reg d = fresh(registers_[old.fields[0]].type, registers_[old.fields[0]].facts);
    bool swapped = row.format == "drr" && s_.flip() && registers_[old.fields[1]].type == registers_[old.fields[2]].type;
    op(old.op, d, old.fields[swapped ? 2 : 1], old.fields[swapped ? 1 : 2]);
    wrote(d);
    if (is_numeric(kind(d))) keep_visible(d);
    return;
  }
  random_data_op();
}

/// a[i * k + c] near the length.
void FunctionGen::affine_index() {
  if (counters_.empty()) return counted_loop();
  TypeId type = s_.flip() ? m_.arrays[0] : m_.arrays[1];
  Reg counter = s_.pick(counters_);
  if (!assigned_[counter] || facts(counter).bits > 12) return;
  Reg scaled = fresh(kTypeI32, {.bits = 16}), index = fresh(kTypeI32, {.bits = 17});
  op(Op::mulk_i32, scaled, counter, static_cast<uint16_t>(s_.below(4)));
  wrote(scaled);
  op(Op::addk_i32, index, scaled, static_cast<uint16_t>(static_cast<int32_t>(s_.below(4)) - 1));
  wrote(index);
  Reg array = value(type, {.elem = 12, .min_len = 8});
  Label skip = b_.label();
  if (!s_.chance(4)) {
    Reg length = fresh(kTypeI32, {.bits = 12, .nonneg = true});
    op(Op::array_len, length, array);
    wrote(length);
    jump_op(Op::jle_i32, length, index, skip);
    if (!s_.chance(4)) jump_op(Op::jltk_i32, index, 0, skip);
  }
  Assigned before = assigned_;
  bool narrow = type == m_.arrays[0];
  TypeId element = narrow ? kTypeI32 : kTypeI64;
  if (s_.flip()) {
    op(narrow ? Op::array_set_4 : Op::array_set_8, array, index, value(element, {.bits = facts(array).elem}));
  } else {
    Reg d = fresh(element, {.bits = facts(array).elem});
    op(narrow ? Op::array_get_4 : Op::array_get_8, d, array, index);
    wrote(d);
  }
  restore(before);
  b_.bind(skip);
}

/// More values than a machine has registers, used in the reverse order.
void FunctionGen::pressure() {
  if (!affordable(60)) return;
  bool real = s_.flip();
  std::vector<Reg> live;
  for (uint32_t n = 18 + s_.below(8); n > 0; --n) {
    Reg a = real ? value(kTypeF64) : value(kTypeU64);
    Reg d = fresh(real ? kTypeF64 : kTypeU64, kNoFacts);
    if (live.empty()) {
      op(real ? Op::neg_f64 : Op::bnot_u64, d, a);
    } else {
      op(real ? Op::add_f64 : Op::add_u64, d, a, live[s_.below(static_cast<uint32_t>(live.size()))]);
    }
    wrote(d);
    live.push_back(d);
  }
  if (s_.flip()) statement();
  Reg sum = live.front();
  for (size_t i = live.size(); i-- > 1;) op(real ? Op::sub_f64 : Op::bxor_u64, sum, sum, live[i]);
}

/// Divisions, shifts and calls side by side: each wants operands in places of its own.
void FunctionGen::fixed_registers() {
  Reg a = value(kTypeI64, {.bits = 40}), b = value(kTypeI64, {.bits = 20, .nonzero = true});
  Reg count = value(kTypeI64, {.bits = 5, .nonneg = true});
  Reg q = fresh(kTypeI64, {.bits = 40}), r = fresh(kTypeI64, {.bits = 40}), x = fresh(kTypeI64, kNoFacts),
      y = fresh(kTypeI64, {.bits = 40});
  op(Op::div_i64, q, a, b);
  op(Op::rem_i64, r, a, b);
  wrote(q);
  wrote(r);
  op(Op::shl_i64, x, s_.flip() ? q : a, count);
  wrote(x);
  if (s_.flip()) call();
  op(Op::shr_i64, y, s_.flip() ? r : q, count);
  wrote(y);
  op(Op::bxor_i64, x, x, y);
}

void FunctionGen::large_constants() {
  for (uint32_t n = 2 + s_.below(4); n > 0; --n) {
    TypeId type = s_.flip() ? kTypeU64 : kTypeF64;
    Reg k = fresh(type, kNoFacts);
    uint64_t bits = m_.values.constant(m_.kind(type), kNoFacts);
    // Not what an instruction can hold, or just what it can: a sign-extended half.
    if (type == kTypeU64) bits = s_.flip() ? uint64_t{0} - (uint64_t{1} << 31) - (s_.chance(3) ? 1 : 0) : bits | uint64_t{1} << 40;
    step();
    b_.load_k(k, m_.builder.constant(type, bits));
    wrote(k);
    Reg d = destination(type, kNoFacts);
    static constexpr Op kOps[] = {Op::bxor_u64, Op::sub_u64, Op::add_u64, Op::sub_u64, Op::mul_u64};
    op(type == kTypeU64 ? s_.pick(kOps) : Op::sub_f64, d, value(type), k);
    wrote(d);
  }
}

/// An error that is raised seldom.
void FunctionGen::cold_exit() {
  Label skip = b_.label();
  conditional_jump(skip);
  Assigned before = assigned_;
  if (s_.flip() && !counters_.empty()) jump_op(Op::jnek_i32, counters_.back(), static_cast<uint16_t>(s_.below(60)), skip);
  leave();
  restore(before);
  b_.bind(skip);
}

bool FunctionGen::takes_any_number(const GlobalPlan& global) {
  const Promise& p = global.promise;
  return is_numeric(m_.kind(p.type)) && p.facts.bits == Facts::kAny && !p.facts.nonneg;
}

/// A global; one that takes any number if there is one, so that different places meet in the same. Null: no globals.
GlobalPlan* FunctionGen::some_global() {
  if (m_.globals.empty()) return nullptr;
  auto count = static_cast<uint32_t>(m_.globals.size());
  uint32_t at = s_.below(count), tries = 0;
  while (tries < count && !takes_any_number(m_.globals[(at + tries) % count])) ++tries;
  return &m_.globals[(at + tries) % count];
}

/// load, change, store of several globals.
void FunctionGen::global_updates() {
  for (uint32_t n = 1 + s_.below(3); n > 0 && !m_.globals.empty(); --n) {
    GlobalPlan& global = *some_global();
    if (!takes_any_number(global)) {
      load_global(global);
      continue;
    }
    if (s_.chance(5)) {  // an exit behind it must store the constant
      step();
      b_.store_global(constant(global.promise.type, kNoFacts), global.id);
      random_data_op();
      Reg seen = fresh(global.promise.type, kNoFacts);
      step();
      b_.load_global(seen, global.id);
      wrote(seen);
      keep_visible(seen);
      continue;
    }
    static constexpr Op kUpdates[][2] = {{Op::bxor_i32, Op::add_i32},
                                         {Op::bxor_i64, Op::add_i64},
                                         {Op::add_u32, Op::mul_u32},
                                         {Op::add_u64, Op::bxor_u64},
                                         {Op::add_f64, Op::sub_f64}};
    TypeId type = global.promise.type;
    Reg old = fresh(type, kNoFacts), d = fresh(type, kNoFacts);
    step();
    b_.load_global(old, global.id);
    wrote(old);
    op(kUpdates[type.index - kTypeI32.index][s_.below(2)], d, old, value(type, {.bits = 12}));
    wrote(d);
    step();
    b_.store_global(d, global.id);
  }
}

}  // namespace orus::fuzz
