// The loop of the reference interpreter: frames, fuel, errors.
#include "fuzz/oracle/reference.h"

#include "fuzz/oracle/reference_machine.h"

namespace orus::fuzz {
namespace ref {

std::vector<uint32_t> block_costs(const Function& fn) {
  std::vector<bool> starts(fn.code.size() + 1, false);
  starts[0] = true;
  for (uint32_t pc = 0; pc < fn.code.size(); pc += insn_length(fn.code[pc])) {
    const Insn& insn = fn.code[pc];
    const OpInfo& row = info(insn.opcode());
    if (insn.opcode() == Op::loop) starts[pc] = true;
    if ((row.effects & (kBranch | kTerminator)) != 0) starts[pc + insn_length(insn)] = true;
    for (char letter : row.format) {
      if (letter == 'J') starts[static_cast<size_t>(int64_t{pc} + insn.bc())] = true;
      if (letter == 'j') starts[static_cast<size_t>(int64_t{pc} + insn.sc())] = true;
    }
  }
  for (const Handler& h : fn.handlers) starts[h.start] = starts[h.end] = starts[h.target] = true;
  std::vector<uint32_t> costs(fn.code.size(), 0);
  uint32_t block = 0;
  for (uint32_t pc = 0; pc < fn.code.size(); pc += insn_length(fn.code[pc])) {
    if (starts[pc]) block = pc;
    ++costs[block];
  }
  return costs;
}

Machine::Machine(const Module& m, int64_t fuel_given, uint32_t depth, std::span<const std::string_view> lines)
    : module(m),
      globals(m.globals.size(), 0),
      assigned(m.globals.size(), false),
      input(lines.begin(), lines.end()),
      max_depth(depth),
      fuel(fuel_given) {
  for (const Constant& k : m.constants) constants_.push_back(k.type == kTypeString ? make_string(k.text) : k.bits);
  for (const Function& fn : m.functions) costs_.push_back(block_costs(fn));
}

Object* Machine::make(TypeKind kind, TypeId type) {
  objects.push_back({.kind = kind, .type = type});
  return &objects.back();
}

Bits Machine::make_string(std::string text) {
  Object* s = make(TypeKind::kString);
  s->text = std::move(text);
  return reinterpret_cast<Bits>(s);
}

void Machine::raise(ErrorKind kind, std::string message) { raise_object(reinterpret_cast<Object*>(make_string(std::move(message))), kind); }

void Machine::raise_object(Object* message, ErrorKind kind) {
  Object* error = make(TypeKind::kError);
  error->error_kind = static_cast<uint32_t>(kind);
  error->function = frames.back().function;
  error->pc = frames.back().pc;
  error->message = message;
  pending = error;
}

/// Pays for the block that starts here. False: there is not enough left.
bool Machine::charge() {
  const Frame& frame = frames.back();
  uint32_t cost = costs_[frame.function][frame.pc];
  if (fuel >= cost) {
    fuel -= cost;
    return true;
  }
  seen.outcome = Outcome::kLimit;
  seen.limit = Limit::kFuel;
  seen.limit_position = function().positions[frame.pc];
  return false;
}

/// Hands the pending error to the innermost handler that covers its frame's pc.
void Machine::unwind() {
  while (!frames.empty()) {
    Frame& frame = frames.back();
    for (const Handler& h : function().handlers) {
      if (h.start > frame.pc || frame.pc >= h.end) continue;
      frame.regs[h.error_register] = reinterpret_cast<Bits>(pending);
      frame.pc = h.target;
      pending = nullptr;
      return;
    }
    frames.pop_back();
  }
  seen.outcome = Outcome::kError;
  seen.error_kind = pending->error_kind;
  seen.function = pending->function;
  seen.pc = pending->pc;
  seen.message = pending->message->text;
  finished = true;
}

void Machine::step() {
  const Insn* insn = &function().code[frames.back().pc];
  executed.set(insn->op);
  next_pc = frames.back().pc + insn_length(*insn);
  size_t depth = frames.size();
  kInstructions[insn->op](*this, insn);
  if (pending != nullptr) return unwind();
  // A call or a return has set the pc of the frame that goes on.
  if (!finished && frames.size() == depth) frames.back().pc = next_pc;
}

void Machine::run() {
  frames.push_back({module.main.index, 0, std::vector<Bits>(module.functions[module.main.index].registers.size(), 0)});
  while (!finished && !too_big) {
    if (!charge()) return;
    step();
  }
}

}  // namespace ref

ReferenceReport run_reference(const Module& module, const RunSettings& settings, std::span<const std::string_view> input_lines) {
  ref::Machine machine(module, settings.fuel, settings.max_depth, input_lines);
  machine.run();
  Observation& seen = machine.seen;
  seen.output = std::move(machine.output);
  seen.counted = true;
  seen.ops = static_cast<uint64_t>(settings.fuel - machine.fuel);
  seen.refused = machine.too_big;
  seen.digest = machine.too_big ? 0 : ref::digest(machine);
  return {std::move(seen), machine.executed};
}

}  // namespace orus::fuzz
