// What single ops demand beyond SSA: types from the rows of ir_ops.def, frame states against the bytecode, immediates,
// memory classes, calls.
#include <algorithm>

#include "jit/code/runtime_table.h"
#include "jit/ir/verify_internal.h"
#include "vm/bytecode/verifier.h"

namespace orus::jit {
namespace {

constexpr bool rows_agree() {
  for (const IrOpInfo& row : kIrOps) {
    bool any = row.types.back() == '*' && row.types.size() == 2;
    if (any ? row.args != -1 : row.types.size() != static_cast<size_t>(row.args) + 1) return false;
  }
  return true;
}
static_assert(rows_agree(), "ir_ops.def: arguments and types of a row differ");

bool matches(char letter, IrType type) {
  switch (letter) {
    case 'i': return type == IrType::kI32;
    case 'l': return type == IrType::kI64;
    case 'f': return type == IrType::kF64;
    case 'b': return type == IrType::kBool;
    case 'r': return type == IrType::kRef;
    case '-': return type == IrType::kVoid;
    case 'n': return type == IrType::kI32 || type == IrType::kI64;
    case 'm': return type == IrType::kI32 || type == IrType::kI64 || type == IrType::kBool;
    case 'a': return type == IrType::kI32 || type == IrType::kI64 || type == IrType::kF64;
    case 'z': return type == IrType::kI32 || type == IrType::kBool;
    case 'v': return type != IrType::kVoid;
    default: return true;
  }
}

IrType type_at(const Function& fn, InstId id, size_t position) {
  return position == 0 ? fn.at(id).type : fn.at(fn.arg(id, static_cast<uint32_t>(position - 1))).type;
}

const orus::Function& bytecode(const Function& fn, uint32_t function) { return fn.module->functions[function]; }

IrType register_type(const Function& fn, uint32_t function, uint16_t reg) {
  return ir_type(fn.module->kind(bytecode(fn, function).registers[reg]));
}

std::string check_constant(const Inst& inst) {
  auto bits = static_cast<uint64_t>(inst.imm);
  if (inst.type == IrType::kI32 && bits > UINT32_MAX) return "an i32 constant with upper bits";
  if (inst.type == IrType::kBool && bits > 1) return "a bool constant that is not 0 or 1";
  if (inst.type == IrType::kRef && bits != 0) return "a reference constant that is not null";
  return "";
}

std::string check_entry_value(const Function& fn, const Inst& inst) {
  if (inst.block.index != 0) return "outside the entry block";
  auto number = static_cast<uint64_t>(inst.imm);
  if (inst.op == IrOp::param) {
    if (fn.is_loop_entry) return "param in a unit that is entered at a loop";
    if (number >= fn.param_types.size()) return "no such parameter";
    return fn.param_types[number] == inst.type ? "" : "the parameter has another type";
  }
  if (!fn.is_loop_entry) return "slot in a unit that is called";
  if (number >= bytecode(fn, fn.index).registers.size()) return "no such register";
  return register_type(fn, fn.index, static_cast<uint16_t>(number)) == inst.type ? "" : "the register has another type";
}

std::string check_global(const Function& fn, InstId id) {
  const Inst& inst = fn.at(id);
  auto number = static_cast<uint64_t>(inst.imm);
  if (number >= fn.module->globals.size()) return "no such global";
  if (inst.aux != global_alias(static_cast<uint32_t>(number))) return "the alias class is not that of the global";
  if (inst.op == IrOp::load_assigned) return "";
  IrType type = inst.op == IrOp::load_global ? inst.type : fn.at(fn.arg(id, 0)).type;
  return type == ir_type(fn.module->kind(fn.module->globals[number].type)) ? "" : "the global has another type";
}

std::string check_memory(const Function& fn, InstId id) {
  const Inst& inst = fn.at(id);
  bool store = inst.op == IrOp::store || inst.op == IrOp::store_elem;
  bool element = inst.op == IrOp::load_elem || inst.op == IrOp::store_elem;
  IrType type = store ? fn.at(fn.arg(id, inst.arg_count - 1)).type : inst.type;
  if (inst.width != 1 && inst.width != 2 && inst.width != 4 && inst.width != 8) return "width is not 1, 2, 4 or 8";
  bool whole = type == IrType::kF64 || type == IrType::kRef;
  if (whole && inst.width != 8) return "an f64 or a reference takes 8 bytes";
  if (!store && type == IrType::kI32 && inst.width == 8) return "an i32 load of 8 bytes";
  if (!store && type == IrType::kBool && inst.width != 1) return "a bool load of more than 1 byte";
  bool element_class = inst.aux >= kAliasElem1 && inst.aux <= kAliasElemRef;
  if (element != element_class) return element ? "an element access needs an element class" : "an element class needs an element access";
  if (element) return "";
  bool known = (inst.aux > kAliasNone && inst.aux <= kAliasBufferSize) || inst.aux >= kAliasFieldBase;
  if (!known) return "no such alias class";
  if (store && inst.aux == kAliasString) return "strings are never written";
  return inst.imm < 0 || inst.imm > INT32_MAX ? "offset out of range" : "";
}

std::string check_new_object(const Inst& inst) {
  if (inst.imm < 8 || inst.imm % 8 != 0 || inst.imm > INT32_MAX) return "the size is not a positive multiple of 8";
  return inst.aux >> 24 < std::size(kObjectKindNames) ? "" : "no such object kind";
}

/// Argument types against registers of a bytecode function.
std::string check_registers(const Function& fn, InstId id, uint32_t function, const std::vector<uint16_t>& registers) {
  if (fn.at(id).arg_count != registers.size()) return "wrong number of arguments";
  for (uint32_t i = 0; i < registers.size(); ++i) {
    if (registers[i] >= bytecode(fn, function).registers.size()) return "the bytecode names a register that does not exist";
    if (fn.at(fn.arg(id, i)).type != register_type(fn, function, registers[i])) {
      return "argument " + std::to_string(i) + " has another type than its register";
    }
  }
  return "";
}

std::string check_call(const Function& fn, InstId id) {
  const Inst& inst = fn.at(id);
  auto callee = static_cast<uint64_t>(inst.imm);
  if (callee >= fn.module->functions.size()) return "no such function";
  const FrameState& frame = fn.at(inst.frame);
  const Insn& insn = bytecode(fn, frame.function).code[frame.pc];
  if (insn.opcode() != Op::call || insn.b != callee) return "the bytecode at the frame state's pc is not this call";
  const orus::Function& target = fn.module->functions[callee];
  if (inst.type != ir_type(fn.module->kind(target.result))) return "the function has another result type";
  std::vector<uint16_t> parameters(target.params);
  if (target.params > target.registers.size()) return "the function has more parameters than registers";
  for (uint32_t i = 0; i < target.params; ++i) parameters[i] = static_cast<uint16_t>(i);
  return check_registers(fn, id, static_cast<uint32_t>(callee), parameters);
}

std::string check_runtime(const Function& fn, InstId id) {
  const Inst& inst = fn.at(id);
  const FrameState& frame = fn.at(inst.frame);
  const Insn* insn = &bytecode(fn, frame.function).code[frame.pc];
  bool exists = insn->opcode() != Op::rt || insn->b < kBuiltinCount;
  if (!exists || runtime_function(*insn) == nullptr) return "the bytecode at the frame state's pc has no runtime function";
  RegisterRoles roles = register_roles(*insn);
  std::vector<uint16_t> operands(roles.uses, roles.uses + roles.use_count);
  for (uint32_t i = 0; i < roles.listed; ++i) operands.push_back(listed_register(insn, i));
  if (roles.def != kNoReg && roles.def >= bytecode(fn, frame.function).registers.size())
    return "the bytecode names a register that does not exist";
  IrType result = roles.def == kNoReg ? IrType::kVoid : register_type(fn, frame.function, roles.def);
  if (inst.type != result) return "the instruction's result has another type";
  return check_registers(fn, id, frame.function, operands);
}

std::string check_ret(const Function& fn, InstId id) {
  const Inst& inst = fn.at(id);
  if (inst.arg_count != (fn.result == IrType::kVoid ? 0u : 1u)) return "wrong number of arguments";
  return inst.arg_count == 0 || fn.at(fn.arg(id, 0)).type == fn.result ? "" : "the function has another result type";
}

/// One frame state; the ids in it exist.
std::string check_frame(const Function& fn, const FrameState& state) {
  if (state.function >= fn.module->functions.size()) return "the frame state's function does not exist";
  const orus::Function& function = bytecode(fn, state.function);
  if (state.pc >= function.code.size()) return "the frame state's pc is outside the code";
  const Insn& insn = function.code[state.pc];
  if (insn.op >= kOpCount || state.pc + insn_length(insn) > function.code.size()) return "the frame state's pc is not an instruction";
  uint32_t next = 0;
  for (const FrameValue& value : state.values) {
    if (value.reg >= function.registers.size()) return "the frame state names a register that does not exist";
    if (value.reg < next) return "the frame state's registers do not ascend";
    next = uint32_t{value.reg} + 1;
    if (fn.at(value.value).type != register_type(fn, state.function, value.reg)) {
      return "the frame state's value for r" + std::to_string(value.reg) + " has another type";
    }
  }
  next = 0;
  for (const GlobalValue& global : state.globals) {
    if (global.global >= fn.module->globals.size()) return "the frame state names a global that does not exist";
    if (global.global < next) return "the frame state's globals do not ascend";
    next = global.global + 1;
    if (fn.at(global.value).type != ir_type(fn.module->kind(fn.module->globals[global.global].type))) {
      return "the frame state's value for g" + std::to_string(global.global) + " has another type";
    }
  }
  return "";
}

}  // namespace

std::string check_types(const Function& fn, InstId id) {
  const Inst& inst = fn.at(id);
  std::string_view letters = info(inst.op).types;
  if (letters[0] != '*' && !matches(letters[0], inst.type)) return "wrong result type";
  for (size_t i = 1; i < letters.size(); ++i) {
    if (letters[i] == '*') break;
    IrType type = type_at(fn, id, i);
    if (!matches(letters[i], type)) return "argument " + std::to_string(i - 1) + " has the wrong type";
    for (size_t j = 0; j < i; ++j) {
      if (letters[j] == letters[i] && type_at(fn, id, j) != type) return "types differ that must be the same";
    }
  }
  if (inst.op == IrOp::zext && type_at(fn, id, 1) == inst.type) return "the argument is not narrower than the result";
  return "";
}

std::string check_frames(const Function& fn, InstId id) {
  const FrameState* inner = nullptr;
  for (FrameId frame = fn.at(id).frame; frame.valid(); frame = fn.at(frame).parent) {
    const FrameState& state = fn.at(frame);
    std::string rule = check_frame(fn, state);
    if (!rule.empty()) return rule;
    if (inner != nullptr) {
      if (!state.globals.empty()) return "globals in a frame state that is not the innermost";
      const orus::Function& function = bytecode(fn, state.function);
      const Insn& insn = function.code[state.pc];
      if (insn.opcode() != Op::call || insn.b != inner->function) return "the parent frame's pc is not at a call of the inlined function";
      if (inner->base_offset != state.base_offset + function.registers.size() + kFrameHeader)
        return "the inlined frame is not right above its parent";
    }
    if (!state.parent.valid()) {
      if (state.function != fn.index) return "the outermost frame is not the unit's function";
      if (state.base_offset != 0) return "the outermost frame has an offset";
    }
    inner = &state;
  }
  return "";
}

std::string check_op(const Function& fn, InstId id) {
  const Inst& inst = fn.at(id);
  switch (inst.op) {
    case IrOp::constant: return check_constant(inst);
    case IrOp::param:
    case IrOp::slot: return check_entry_value(fn, inst);
    case IrOp::pool: {
      auto number = static_cast<uint64_t>(inst.imm);
      bool string = number < fn.module->constants.size() && fn.module->constants[number].type == kTypeString;
      return string ? "" : "no such string constant";
    }
    case IrOp::load:
    case IrOp::store:
    case IrOp::load_elem:
    case IrOp::store_elem: return check_memory(fn, id);
    case IrOp::load_global:
    case IrOp::store_global:
    case IrOp::load_assigned: return check_global(fn, id);
    case IrOp::new_object: return check_new_object(inst);
    case IrOp::call: return check_call(fn, id);
    case IrOp::runtime: return check_runtime(fn, id);
    case IrOp::ret: return check_ret(fn, id);
    case IrOp::charge:
      if (inst.imm <= 0) return "the charge is not positive";
      return fn.at(inst.frame).charged ? "the frame state is charged already" : "";
    default: return "";
  }
}

}  // namespace orus::jit
