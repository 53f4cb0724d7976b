#include "fuzz/gen/function_gen.h"

#include <algorithm>

#include "fuzz/gen/renumber.h"

namespace orus::fuzz {
namespace {

constexpr size_t kMaxGenRegisters = 120;
constexpr uint32_t kMaxStatements = 2000;

}  // namespace

FunctionGen::FunctionGen(ModuleState& module, uint32_t index)
    : m_(module), s_(module.s), plan_(module.functions[index]), b_(module.builder, plan_.id), is_main_(index == 0) {
  for (const Promise& p : plan_.params) registers_.push_back({p.type, p.facts});
  if (plan_.recursive || plan_.raises) registers_[0].pinned = true;
  if (plan_.raises) ++tries_;  // its caller has a handler
  assigned_.assign(registers_.size(), true);
  // The programs that are called cost little, so that loops may call them.
  bool large = index == (m_.thin_main ? 1 : 0);
  budget_ = large ? m_.limits.cost : s_.chance(3) ? 400 : 60;
  // Half of the callees are small enough to be inlined, half are not. Programs of twice the size were not better at finding
  // planted miscompiles, by the second.
  max_size_ = large ? 12 + s_.below(s_.flip() ? 30 : 80) : s_.flip() ? 4 + s_.below(20) : 42 + s_.below(16);
}

void FunctionGen::step() {
  b_.set_position({++m_.line, 1});
  cost_ += mult_;
  ++m_.emitted;
  ++size_;
}

void FunctionGen::op(Op opcode, uint16_t a, uint16_t b, uint16_t c) {
  step();
  b_.emit(opcode, a, b, c);
}

void FunctionGen::jump_op(Op opcode, uint16_t a, uint16_t b, Label to) {
  step();
  b_.jump_op(opcode, a, b, to);
}

bool FunctionGen::spent() const { return size_ > max_size_ || m_.emitted > m_.limits.instructions || cost_ > budget_; }

// ---- registers

Reg FunctionGen::fresh(TypeId type, Facts facts) {
  Reg r = b_.reg(type);
  registers_.resize(std::max<size_t>(registers_.size(), r + 1u));
  assigned_.resize(registers_.size(), false);
  registers_[r] = {type, facts};
  return r;
}

Reg FunctionGen::fresh_pinned(TypeId type, Facts facts) {
  Reg r = fresh(type, facts);
  registers_[r].pinned = true;
  return r;
}

/// Weaker facts for a new register, so that it can be written again.
Facts FunctionGen::loosened(TypeId type, Facts facts) {
  if (!is_numeric(m_.kind(type)) || facts.bits == Facts::kAny) return facts;
  static constexpr uint8_t kSteps[] = {0, 4, 12, 30, Facts::kAny};
  Facts out = facts;
  uint8_t step = s_.pick(kSteps);
  if (step > out.bits) {
    out.bits = step;
    out.nonneg = out.nonneg && !s_.chance(3);
    out.nonzero = false;
  }
  return out;
}

/// A register to write a value with these facts to: one in use, or a new one.
Reg FunctionGen::destination(TypeId type, Facts facts) {
  Reg found = kNoReg;
  uint32_t seen = 0;
  bool reuse = s_.flip() || registers_.size() > kMaxGenRegisters;
  for (size_t r = 0; reuse && r < registers_.size(); ++r) {
    const Register& reg = registers_[r];
    if (!assigned_[r] || reg.pinned || reg.type != type || !storable(facts, reg.facts)) continue;
    if (s_.below(++seen) == 0) found = static_cast<Reg>(r);
  }
  return found != kNoReg ? found : fresh(type, loosened(type, facts));
}

Reg FunctionGen::known(TypeId type, Facts need) {
  Reg candidates[16];
  uint32_t count = 0;
  // The newest first: values just made are used, old ones stay in play.
  for (size_t r = registers_.size(); r-- > 0 && count < std::size(candidates);) {
    if (assigned_[r] && registers_[r].type == type && serves(registers_[r].facts, need)) candidates[count++] = static_cast<Reg>(r);
  }
  if (count == 0) return kNoReg;
  return candidates[s_.below(s_.flip() ? std::min(count, 3u) : count)];
}

/// A register that holds a value of the type with the facts; kNoReg only for errors, when none was caught.
Reg FunctionGen::value(TypeId type, Facts need, uint32_t depth) {
  Reg r = known(type, need);
  if (r != kNoReg && !s_.chance(8)) return r;
  if (type == kTypeError) return r;
  return make(type, need, depth);
}

Reg FunctionGen::make(TypeId type, Facts need, uint32_t depth) {
  switch (m_.kind(type)) {
    case TypeKind::kArray: return make_array(type, need, depth);
    case TypeKind::kStruct: return make_struct(type, depth);
    case TypeKind::kRange: {
      Reg args[3] = {value(kTypeI64, {.bits = 4}), value(kTypeI64, {.bits = 4}), number(kTypeI64, 1 + s_.below(3))};
      Reg d = destination(type, kNoFacts);
      step();
      b_.rt(d, Builtin::range_new, args);
      wrote(d);
      return d;
    }
    case TypeKind::kI32:
    case TypeKind::kI64:
    case TypeKind::kU32:
    case TypeKind::kU64:
      if (s_.flip() && need.bits < magnitude_bits(m_.kind(type))) return make_masked(type, need);
      return constant(type, need);
    default: return constant(type, need);
  }
}

Reg FunctionGen::constant(TypeId type, Facts need) {
  if (type == kTypeString) return text(m_.values.text());
  Reg d = fresh(type, need);
  step();
  b_.load_k(d, m_.builder.constant(type, m_.values.constant(m_.kind(type), need)));
  wrote(d);
  return d;
}

Reg FunctionGen::number(TypeId type, int64_t value) {
  uint64_t bits = type == kTypeF64 ? __builtin_bit_cast(uint64_t, static_cast<double>(value)) : static_cast<uint64_t>(value);
  Reg d = fresh(type, facts_of(value));
  step();
  b_.load_k(d, m_.builder.constant(type, bits));
  wrote(d);
  return d;
}

/// Any integer, cut down to what is needed: x & (2^bits - 1), made odd where zero is not allowed.
Reg FunctionGen::make_masked(TypeId type, Facts need) {
  static constexpr Op kAnd[] = {Op::band_i32, Op::band_i64, Op::band_u32, Op::band_u64};
  static constexpr Op kOr[] = {Op::bor_i32, Op::bor_i64, Op::bor_u32, Op::bor_u64};
  uint32_t k = type.index - kTypeI32.index;
  Reg from = known(type, kNoFacts);
  if (from == kNoReg) from = constant(type, kNoFacts);
  Reg mask = number(type, static_cast<int64_t>((uint64_t{1} << need.bits) - 1));
  Facts facts{.bits = need.bits, .nonneg = true, .nonzero = need.nonzero};
  Reg d = fresh(type, facts);
  op(kAnd[k], d, from, mask);
  if (need.nonzero) op(kOr[k], d, d, number(type, need.bits == 0 ? 0 : 1));
  wrote(d);
  return d;
}

Reg FunctionGen::make_array(TypeId type, Facts need, uint32_t depth) {
  static constexpr uint16_t kLengths[] = {1, 4, 2, 3, 8, 16, 7, 9, 17, 33};
  TypeId element = m_.type(type).element;
  Facts facts{.elem = need.elem, .min_len = need.min_len};
  if (facts.elem == Facts::kAny && is_numeric(m_.kind(element)) && s_.flip()) facts.elem = 12;
  uint16_t length = std::max<uint16_t>(need.min_len, s_.pick(kLengths));
  if (need.min_len == 0 && (depth == 0 || s_.chance(6))) {
    Reg d = fresh(type, facts);  // filled by pushes
    op(Op::new_array, d, static_cast<uint16_t>(s_.below(5)));
    wrote(d);
    return d;
  }
  if (need.min_len == 0 && !s_.chance(3)) facts.min_len = length;
  Reg fill = value(element, {.bits = facts.elem}, depth == 0 ? 0 : depth - 1);
  Reg count = number(kTypeI32, length);
  Reg d = fresh(type, facts);
  op(Op::array_fill, d, fill, count);
  wrote(d);
  m_.values.harvest(length);
  return d;
}

Reg FunctionGen::make_struct(TypeId type, uint32_t depth) {
  std::vector<Reg> fields;
  for (const Field& field : std::vector<Field>(m_.type(type).fields)) {
    fields.push_back(value(field.type, kNoFacts, depth == 0 ? 0 : depth - 1));
  }
  Reg d = destination(type, kNoFacts);
  step();
  b_.new_struct(d, fields);
  wrote(d);
  return d;
}

void FunctionGen::restore(Assigned before) {
  before.resize(assigned_.size(), false);
  assigned_ = std::move(before);
}

void FunctionGen::join(const Assigned& other) {
  for (size_t r = 0; r < assigned_.size(); ++r) assigned_[r] = assigned_[r] && r < other.size() && other[r];
}

// ---- the whole function

void FunctionGen::run() {
  if (is_main_) {
    for (GlobalPlan& global : m_.globals) {
      // A scalar may stay unassigned until a loop stores it; a reference without a value raises.
      if (!s_.chance(is_reference(m_.kind(global.promise.type)) ? 12 : 4)) store_global(global);
    }
  }
  if (plan_.recursive) {
    Label deeper = b_.label();
    jump_op(Op::jgtk_i32, 0, 0, deeper);
    Assigned before = assigned_;
    return_value();
    restore(before);
    b_.bind(deeper);
  }
  bool guarded = s_.chance(3) || is_main_;
  Label handler = b_.label();
  Assigned before = assigned_;
  Reg error = guarded ? fresh_pinned(kTypeError, kNoFacts) : kNoReg;
  auto range = b_.begin_try();
  if (!is_main_ && s_.flip()) side_effect();
  if (is_main_ && m_.thin_main) {
    hot_ = true;
    budget_ += m_.functions[1].cost;
    call_function(m_.functions[1]);
    max_size_ = size_ + s_.below(8);
  }
  // A statement may find nothing to do; a stream of equal choices would find it for ever.
  for (uint32_t n = 0; !spent() && n < kMaxStatements; ++n) statement();
  if (is_main_ && (!hot_ || s_.chance(3))) do_while_loop();
  if (s_.flip()) store_everything();
  if (guarded) {
    return_value();
    b_.end_try(range, handler, error);
    before.resize(registers_.size(), false);
    restore(before);
    b_.bind(handler);
    wrote(error);
    if (s_.chance(4)) print_some();
    if (s_.flip()) store_everything();
  }
  leave();
  plan_.cost = cost_ * (plan_.recursive ? 9 : 1);
  b_.finish();
  if (s_.chance(3)) rotate_registers(&m_.builder.module().functions[plan_.id.index], 1 + s_.below(40));
}

}  // namespace orus::fuzz
