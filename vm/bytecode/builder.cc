#include "vm/bytecode/builder.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/check.h"

namespace orus {
namespace {

constexpr uint32_t kUnbound = UINT32_MAX;
constexpr uint64_t kCanonicalNan = 0x7FF8000000000000u;

/// The one representation of a constant that verify() accepts.
uint64_t canonical_bits(TypeKind kind, uint64_t bits) {
  constexpr uint64_t kExponent = 0x7FF0000000000000u;
  switch (kind) {
    case TypeKind::kI32:
    case TypeKind::kU32: return bits & 0xFFFFFFFFu;
    case TypeKind::kBool: return bits != 0 ? 1 : 0;
    case TypeKind::kF64: return (bits & ~(uint64_t{1} << 63)) > kExponent ? kCanonicalNan : bits;
    default: return bits;
  }
}

std::string constant_key(TypeId type, uint64_t bits, std::string_view text) {
  std::string key = std::to_string(type.index) + ':' + std::to_string(bits) + ':';
  key.append(text);
  return key;
}

}  // namespace

ModuleBuilder::ModuleBuilder(std::string file) { module_.file = std::move(file); }

TypeId ModuleBuilder::array_of(TypeId element) {
  auto [it, inserted] = arrays_.try_emplace(element.index, TypeId());
  if (inserted) it->second = module_.array_of(element);
  return it->second;
}

TypeId ModuleBuilder::add_struct(std::string name) {
  module_.types.push_back(Type{.kind = TypeKind::kStruct, .name = std::move(name)});
  return TypeId(module_.types.size() - 1);
}

GlobalId ModuleBuilder::add_global(std::string name, TypeId type) {
  module_.globals.push_back({std::move(name), type});
  return GlobalId(module_.globals.size() - 1);
}

ConstantId ModuleBuilder::intern(Constant constant) {
  auto next = static_cast<uint32_t>(module_.constants.size());
  auto [it, inserted] = constants_.try_emplace(constant_key(constant.type, constant.bits, constant.text), next);
  if (inserted) module_.constants.push_back(std::move(constant));
  return ConstantId(it->second);
}

ConstantId ModuleBuilder::constant(TypeId type, uint64_t bits) {
  return intern({.type = type, .bits = canonical_bits(module_.kind(type), bits)});
}

ConstantId ModuleBuilder::string_constant(std::string_view text) { return intern({.type = kTypeString, .text = std::string(text)}); }

FunctionId ModuleBuilder::declare_function(std::string name, std::span<const TypeId> params, TypeId result) {
  Function fn;
  fn.name = std::move(name);
  fn.params = static_cast<uint32_t>(params.size());
  fn.result = result;
  fn.registers.assign(params.begin(), params.end());
  module_.functions.push_back(std::move(fn));
  return FunctionId(module_.functions.size() - 1);
}

Module ModuleBuilder::take() {
  for (const Function& fn : module_.functions) ORUS_CHECK(!fn.code.empty());
  return std::move(module_);
}

FunctionBuilder::FunctionBuilder(ModuleBuilder& module, FunctionId id)
    : module_(module), id_(id), registers_(module.module_.functions[id.index].registers) {
  overflowed_ = registers_.size() > kMaxRegisters;
}

Reg FunctionBuilder::reg(TypeId type) {
  auto it = free_.find(type.index);
  if (it != free_.end() && !it->second.empty()) {
    Reg r = it->second.back();
    it->second.pop_back();
    return r;
  }
  if (registers_.size() >= kMaxRegisters) {
    overflowed_ = true;
    return static_cast<Reg>(registers_.size() - 1);
  }
  registers_.push_back(type);
  return static_cast<Reg>(registers_.size() - 1);
}

void FunctionBuilder::release(Reg r) { free_[registers_[r].index].push_back(r); }

void FunctionBuilder::word(Insn insn) {
  code_.push_back(insn);
  positions_.push_back(position_);
}

void FunctionBuilder::start(Insn insn) {
  word(insn);
  reachable_ = (info(insn.opcode()).effects & kTerminator) == 0;
}

void FunctionBuilder::list(std::span<const Reg> regs) {
  for (size_t i = 0; i < regs.size(); i += 4) {
    std::array<uint16_t, 4> four = {};
    std::copy_n(regs.begin() + static_cast<std::ptrdiff_t>(i), std::min<size_t>(4, regs.size() - i), four.begin());
    word({four[0], four[1], four[2], four[3]});
  }
}

void FunctionBuilder::emit(Op op, uint16_t a, uint16_t b, uint16_t c) { start(make_insn(op, a, b, c)); }

void FunctionBuilder::load_k(Reg d, ConstantId k) { start(make_insn_bc(Op::load_k, d, static_cast<int32_t>(k.index))); }

void FunctionBuilder::load_global(Reg d, GlobalId g) { start(make_insn_bc(Op::load_global, d, static_cast<int32_t>(g.index))); }

void FunctionBuilder::store_global(Reg r, GlobalId g) { start(make_insn_bc(Op::store_global, r, static_cast<int32_t>(g.index))); }

void FunctionBuilder::check_global(GlobalId g) { start(make_insn_bc(Op::check_global, 0, static_cast<int32_t>(g.index))); }

void FunctionBuilder::listing(Op op, uint16_t a, uint16_t b, std::span<const Reg> regs) {
  if (regs.size() > std::numeric_limits<uint16_t>::max()) {
    overflowed_ = true;
    return;
  }
  start(make_insn(op, a, b, static_cast<uint16_t>(regs.size())));
  list(regs);
}

void FunctionBuilder::call(Reg d, FunctionId f, std::span<const Reg> args) {
  if (f.index >= kMaxFunctions) overflowed_ = true;
  listing(Op::call, d, static_cast<uint16_t>(f.index), args);
}

void FunctionBuilder::rt(Reg d, Builtin b, std::span<const Reg> args) { listing(Op::rt, d, static_cast<uint16_t>(b), args); }

void FunctionBuilder::new_struct(Reg d, std::span<const Reg> fields) { listing(Op::new_struct, d, 0, fields); }

void FunctionBuilder::fail(ErrorKind kind, std::string_view message) {
  ConstantId text = module_.string_constant(message);
  start(make_insn_bc(Op::fail, static_cast<uint16_t>(kind), static_cast<int32_t>(text.index)));
}

Label FunctionBuilder::label() {
  labels_.push_back(kUnbound);
  return Label(labels_.size() - 1);
}

void FunctionBuilder::bind(Label l) {
  ORUS_CHECK(labels_[l.index] == kUnbound);
  labels_[l.index] = size();
  reachable_ = true;
}

void FunctionBuilder::bind_loop(Label l) {
  bind(l);
  emit(Op::loop, static_cast<uint16_t>(loops_));
  if (++loops_ > std::numeric_limits<uint16_t>::max()) overflowed_ = true;
}

void FunctionBuilder::jump(Label l) { jump_wide(make_insn(Op::jump), l); }
void FunctionBuilder::jump_if(Reg cond, Label l) { jump_wide(make_insn(Op::jump_if, cond), l); }
void FunctionBuilder::jump_unless(Reg cond, Label l) { jump_wide(make_insn(Op::jump_unless, cond), l); }

void FunctionBuilder::jump_wide(Insn insn, Label l) {
  fixups_.push_back({size(), l, true});
  start(insn);
}

void FunctionBuilder::jump_op(Op op, uint16_t a, uint16_t b, Label l) {
  ORUS_CHECK(info(op).format.back() == 'j');
  fixups_.push_back({size(), l, false});
  start(make_insn(op, a, b));
}

FunctionBuilder::TryRange FunctionBuilder::begin_try() { return {size(), static_cast<uint32_t>(tries_.size())}; }

void FunctionBuilder::end_try(TryRange range, Label handler, Reg error_register) {
  ORUS_CHECK(range.start <= size() && range.index <= tries_.size());
  if (range.start == size()) return;  // covers nothing
  tries_.push_back({range.start, size(), handler, error_register});
}

uint32_t FunctionBuilder::bound(Label l) const {
  ORUS_CHECK(labels_[l.index] != kUnbound);
  return labels_[l.index];
}

// Which short jumps need the long form. Exact for the set it returns, linear, and no fixpoint: growth between a jump
// and its target is bounded first by the short jumps there, then by those that the first bound could not clear. Both
// bounds are from above, so a jump left short does fit.
std::vector<uint32_t> FunctionBuilder::far_jumps() const {
  std::vector<uint32_t> candidates;
  for (uint32_t i = 0; i < fixups_.size(); ++i) {
    if (!fixups_[i].wide) candidates.push_back(i);
  }
  for (int round = 0; round < 2 && !candidates.empty(); ++round) {
    std::vector<uint32_t> growing_before(code_.size() + 1, 0);
    for (uint32_t i : candidates) growing_before[fixups_[i].at + 1] = 1;
    for (size_t pc = 1; pc < growing_before.size(); ++pc) growing_before[pc] += growing_before[pc - 1];
    std::erase_if(candidates, [&](uint32_t i) {
      uint32_t at = fixups_[i].at, target = bound(fixups_[i].label);
      uint32_t low = std::min(at, target), high = std::max(at, target);
      uint32_t between = growing_before[high] - growing_before[at < target ? at + 1 : low];  // without the jump itself
      uint32_t distance = high - low + kFarGrowth * between;
      return distance <= static_cast<uint32_t>(std::numeric_limits<int16_t>::max());
    });
  }
  return candidates;
}

//   op a, b, +far      ->      op a, b, +2
//                              jump +2
//                              jump +far
// The shape serves every op, also those that have an effect and no opposite (inc_lt, range_next).
void FunctionBuilder::insert_far_jumps(const std::vector<uint32_t>& far) {
  std::vector<Insn> code;
  std::vector<Position> positions;
  code.reserve(code_.size() + kFarGrowth * far.size());
  positions.reserve(code.capacity());
  std::vector<uint32_t> moved(code_.size() + 1);
  auto next_far = far.begin();
  for (uint32_t pc = 0; pc < code_.size(); ++pc) {
    moved[pc] = static_cast<uint32_t>(code.size());
    code.push_back(code_[pc]);
    positions.push_back(positions_[pc]);
    if (next_far == far.end() || fixups_[*next_far].at != pc) continue;
    code.back().c = kFarGrowth;
    code.push_back(make_insn_bc(Op::jump, 0, kFarGrowth));
    code.push_back(make_insn(Op::jump));
    positions.insert(positions.end(), kFarGrowth, positions_[pc]);
    ++next_far;
  }
  moved[code_.size()] = static_cast<uint32_t>(code.size());
  for (Fixup& fixup : fixups_) fixup.at = moved[fixup.at];
  for (uint32_t i : far) fixups_[i] = {fixups_[i].at + kFarGrowth, fixups_[i].label, true};
  for (uint32_t& pc : labels_) {
    if (pc != kUnbound) pc = moved[pc];
  }
  for (PendingTry& t : tries_) t = {moved[t.start], moved[t.end], t.handler, t.error_register};
  code_ = std::move(code);
  positions_ = std::move(positions);
}

void FunctionBuilder::resolve_labels() {
  for (const Fixup& fixup : fixups_) {
    Insn& insn = code_[fixup.at];
    int32_t displacement = static_cast<int32_t>(bound(fixup.label)) - static_cast<int32_t>(fixup.at);
    if (fixup.wide) {
      insn = make_insn_bc(insn.opcode(), insn.a, displacement);
    } else {
      ORUS_CHECK(displacement == static_cast<int16_t>(displacement));
      insn.c = static_cast<uint16_t>(displacement);
    }
  }
}

void FunctionBuilder::finish() {
  ORUS_CHECK(!overflowed_);
  std::vector<uint32_t> far = far_jumps();
  if (!far.empty()) insert_far_jumps(far);
  resolve_labels();
  Function& fn = module_.module_.functions[id_.index];
  ORUS_CHECK(fn.code.empty());
  for (const PendingTry& t : tries_) fn.handlers.push_back({t.start, t.end, bound(t.handler), t.error_register});
  fn.registers = std::move(registers_);
  fn.code = std::move(code_);
  fn.positions = std::move(positions_);
  fn.loops = loops_;
}

}  // namespace orus
