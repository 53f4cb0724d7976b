// Decoding of one function: every rule that needs no look at more than one instruction, then jumps and handlers.
// See "Rules of code" in docs/bytecode.md.
#include <array>
#include <optional>

#include <fmt/format.h>

#include "vm/bytecode/verifier_parts.h"

namespace orus {
namespace {

constexpr bool is_register(char letter) { return letter == 'd' || letter == 'r' || letter == 'x' || letter == 'w'; }
constexpr bool has_kind(char letter) { return is_register(letter) || letter == 'h'; }

/// Letters that one instruction's operands share: the types that they stand for, once known.
struct Shared {
  TypeId any;         // T
  TypeId array;       // A p q o P, element E
  TypeId object;      // S, field M
  uint16_t field = 0;
};

struct Operand {
  char kind;
  TypeId type;
  uint16_t reg;
};

class CodeChecker {
 public:
  CodeChecker(const Module& module, const Function& fn) : module_(module), fn_(fn) {}

  Result<InstructionStarts> check() {
    is_start_.assign(size(), false);
    for (pc_ = 0; pc_ < size();) {
      starts_.push_back(pc_);
      is_start_[pc_] = true;
      if (!check_instruction()) return *error_;
      pc_ += insn_length(insn());
    }
    pc_ = starts_.back();
    if (fn_.loops != loops_) fail("the function counts {} loops but has {}", fn_.loops, loops_);
    if ((info(insn().opcode()).effects & kTerminator) == 0) fail("execution falls off the end of the code");
    if (error_ || !check_jumps() || !check_handlers()) return *error_;
    return std::move(starts_);
  }

 private:
  template <class... Args>
  bool fail(fmt::format_string<Args...> format, Args&&... args) {
    if (!error_) error_ = code_error(fn_, pc_, fmt::format(format, std::forward<Args>(args)...));
    return false;
  }

  uint32_t size() const { return static_cast<uint32_t>(fn_.code.size()); }
  const Insn& insn() const { return fn_.code[pc_]; }
  uint16_t field(size_t i) const { return i == 0 ? insn().a : i == 1 ? insn().b : insn().c; }
  TypeId type_of(uint16_t reg) const { return fn_.registers[reg]; }
  TypeKind kind_of(uint16_t reg) const { return module_.kind(type_of(reg)); }

  bool check_instruction() {
    if (insn().op >= kOpCount) return fail("unknown opcode {}", insn().op);
    const OpInfo& row = info(insn().opcode());
    for (size_t i = 0; i < row.format.size(); ++i) {
      if (!check_operand(row.format[i], i)) return false;
    }
    return check_listed() && (row.kinds == "C" ? check_custom() : check_kinds(row));
  }

  bool check_operand(char letter, size_t i) {
    uint16_t value = field(i);
    auto wide = static_cast<uint32_t>(insn().bc());
    switch (letter) {
      case '-': return value == 0 || fail("unused operand {} is not zero", i + 1);
      case 'd':
        if (value == kNoReg && (insn().opcode() == Op::call || insn().opcode() == Op::rt)) return true;
        return check_register(value);
      case 'r':
      case 'x': return check_register(value);
      case 'w': return check_register(value) && check_register(value + 1u);
      case 'h': return check_constant(value);
      case 'K': return check_constant(wide);
      case 'G': return wide < module_.globals.size() || fail("no global g{}", wide);
      case 'F': return value < module_.functions.size() || fail("no function f{}", value);
      case 'B': return value < kBuiltinCount || fail("unknown builtin {}", value);
      case 'q': return value < kErrorKindCount || fail("unknown error kind {}", value);
      case 't': return value < module_.types.size() || fail("no type #{}", value);
      case 'L': return value == loops_++ || fail("loop number {} out of order", value);
      default: return true;  // i, n: any value; j, J: check_jumps; f: check_kinds
    }
  }

  bool check_register(uint32_t r) { return r < fn_.registers.size() || fail("no register r{}", r); }
  bool check_constant(uint32_t k) { return k < module_.constants.size() || fail("no constant k{}", k); }

  /// Operand words: present, in range, unused fields zero, the position of their instruction.
  bool check_listed() {
    uint32_t length = insn_length(insn());
    if (length > size() - pc_) return fail("operand words are cut off");
    for (uint32_t i = 0; i < (length - 1) * 4; ++i) {
      uint16_t r = listed_register(&insn(), i);
      if (i >= insn().c) {
        if (r != 0) return fail("unused field of an operand word is not zero");
      } else if (!check_register(r)) {
        return false;
      }
    }
    for (uint32_t i = 1; i < length; ++i) {
      if (!(fn_.positions[pc_ + i] == fn_.positions[pc_])) return fail("operand word with a position of its own");
    }
    return true;
  }

  bool check_kinds(const OpInfo& row) {
    std::array<Operand, 3> operands;
    size_t count = 0;
    Shared shared;
    for (size_t i = 0; i < row.format.size(); ++i) {
      char letter = row.format[i];
      if (letter == 'f') shared.field = field(i);
      if (!has_kind(letter)) continue;
      TypeId type = letter == 'h' ? module_.constants[field(i)].type : type_of(field(i));
      operands[count] = {row.kinds[count], type, field(i)};
      ++count;
    }
    for (size_t i = 0; i < count; ++i) {  // arrays and structs first: E and M depend on them
      if (!check_container(operands[i], &shared)) return false;
    }
    for (size_t i = 0; i < count; ++i) {
      if (!check_kind(operands[i], &shared)) return false;
    }
    return true;
  }

  bool mismatch(const Operand& operand, std::string_view wanted) {
    return fail("{} needs {} where it has {}", info(insn().opcode()).name, wanted, module_.type_name(operand.type));
  }

  bool check_container(const Operand& operand, Shared* shared) {
    TypeKind kind = module_.kind(operand.type);
    if (std::string_view("ApqoP").find(operand.kind) != std::string_view::npos) {
      if (kind != TypeKind::kArray) return mismatch(operand, "an array");
      shared->array = operand.type;
      return check_width(operand);
    }
    if (operand.kind != 'S') return true;
    if (kind != TypeKind::kStruct) return mismatch(operand, "a struct");
    shared->object = operand.type;
    return shared->field < module_.type(operand.type).fields.size() || fail("no field {}", shared->field);
  }

  bool check_width(const Operand& operand) {
    TypeKind element = module_.kind(module_.type(operand.type).element);
    uint32_t bytes = element_bytes(element);
    switch (operand.kind) {
      case 'p': return bytes == 1 || mismatch(operand, "an array of 1-byte elements");
      case 'q': return bytes == 4 || mismatch(operand, "an array of 4-byte elements");
      case 'o': return (bytes == 8 && !is_reference(element)) || mismatch(operand, "an array of 8-byte scalars");
      case 'P': return is_reference(element) || mismatch(operand, "an array of references");
      default: return true;
    }
  }

  bool check_kind(const Operand& operand, Shared* shared) {
    switch (operand.kind) {
      case 'L': return operand.type == kTypeI64 || operand.type == kTypeU64 || mismatch(operand, "i64 or u64");
      case 'Q': return is_reference(module_.kind(operand.type)) || mismatch(operand, "a reference");
      case 'W': {
        Operand second = {'i', type_of(static_cast<uint16_t>(operand.reg + 1)), operand.reg};
        return check_exact(operand, kTypeI32) && check_exact(second, kTypeI32);
      }
      case 'T':
        if (!shared->any.valid()) shared->any = operand.type;
        return check_exact(operand, shared->any);
      case 'E': return check_exact(operand, module_.type(shared->array).element);
      case 'M': return check_field(operand, module_.type(shared->object).fields[shared->field].type);
      case 'V': return check_exact(operand, module_.globals[static_cast<uint32_t>(insn().bc())].type);
      case 'A':
      case 'p':
      case 'q':
      case 'o':
      case 'P':
      case 'S': return true;  // check_container
      default: return check_exact(operand, type_of_letter(operand.kind));
    }
  }

  bool check_exact(const Operand& operand, TypeId wanted) { return operand.type == wanted || mismatch(operand, module_.type_name(wanted)); }

  bool check_field(const Operand& operand, TypeId wanted) {
    bool reference = is_reference(module_.kind(wanted));
    if (insn().opcode() == Op::set_field && reference) return fail("set_field of a reference, which needs a barrier");
    if (insn().opcode() == Op::set_field_ref && !reference) return fail("set_field_ref of a scalar");
    return check_exact(operand, wanted);
  }

  // The letter C: ops whose operands depend on constants, functions, builtins or types.

  bool check_custom() {
    switch (insn().opcode()) {
      case Op::load_k: return check_exact({'C', type_of(insn().a), insn().a}, module_.constants[static_cast<uint32_t>(insn().bc())].type);
      case Op::call: return check_call();
      case Op::rt: return check_rt();
      case Op::ret: return check_ret();
      case Op::ret_void: return fn_.result == kTypeVoid || fail("ret_void in a function with a result");
      case Op::fail:
        return module_.constants[static_cast<uint32_t>(insn().bc())].type == kTypeString || fail("the message of fail is not a string");
      case Op::new_struct: return check_new_struct();
      default: return fail("no rule for {}", info(insn().opcode()).name);
    }
  }

  /// `wanted` void: there must be no destination.
  bool check_result(TypeId wanted) {
    if (wanted == kTypeVoid) return insn().a == kNoReg || fail("destination for a call without result");
    if (insn().a == kNoReg) return fail("no destination for the result of a call");
    return check_exact({'C', type_of(insn().a), insn().a}, wanted);
  }

  bool check_argument(uint32_t i, TypeId wanted) {
    uint16_t r = listed_register(&insn(), i);
    return type_of(r) == wanted || fail("argument {} is {} instead of {}", i + 1, module_.type_name(type_of(r)), module_.type_name(wanted));
  }

  bool check_call() {
    const Function& callee = module_.functions[insn().b];
    if (insn().c != callee.params) return fail("call with {} arguments instead of {}", insn().c, callee.params);
    for (uint32_t i = 0; i < insn().c; ++i) {
      if (!check_argument(i, callee.registers[i])) return false;
    }
    return check_result(callee.result);
  }

  bool check_rt() {
    const BuiltinInfo& row = info(static_cast<Builtin>(insn().b));
    TypeId array;
    bool variadic = row.arguments == "*";
    if (!variadic && insn().c != row.arguments.size()) {
      return fail("{} with {} arguments instead of {}", row.name, insn().c, row.arguments.size());
    }
    for (uint32_t i = 0; i < insn().c && !variadic; ++i) {
      char letter = row.arguments[i];
      uint16_t r = listed_register(&insn(), i);
      if (letter == 'A') {
        if (kind_of(r) != TypeKind::kArray) return fail("argument {} of {} is not an array", i + 1, row.name);
        array = type_of(r);
      } else if (letter != '*' && !check_argument(i, type_of_letter(letter))) {
        return false;
      }
    }
    char result = row.result[0];
    return check_result(result == '-' ? kTypeVoid : result == 'A' ? array : type_of_letter(result));
  }

  bool check_ret() {
    if (fn_.result == kTypeVoid) return fail("ret in a function without result");
    return check_exact({'C', type_of(insn().a), insn().a}, fn_.result);
  }

  bool check_new_struct() {
    if (kind_of(insn().a) != TypeKind::kStruct) return mismatch({'C', type_of(insn().a), insn().a}, "a struct");
    const auto& fields = module_.type(type_of(insn().a)).fields;
    if (insn().c != fields.size()) return fail("new_struct with {} fields instead of {}", insn().c, fields.size());
    for (uint32_t i = 0; i < insn().c; ++i) {
      if (!check_argument(i, fields[i].type)) return false;
    }
    return true;
  }

  bool check_jumps() {
    for (uint32_t pc : starts_) {
      pc_ = pc;
      char last = info(insn().opcode()).format.back();
      if (last != 'j' && last != 'J') continue;
      int64_t target = int64_t{pc} + (last == 'j' ? insn().sc() : insn().bc());
      if (target < 0 || target >= size()) return fail("jump out of the code");
      auto to = static_cast<uint32_t>(target);
      if (!is_start_[to]) return fail("jump to {}, which is not an instruction", to);
      if (to <= pc && fn_.code[to].opcode() != Op::loop) return fail("backward jump to {}, which is not a loop", to);
    }
    return true;
  }

  bool check_handlers() {
    for (const Handler& h : fn_.handlers) {
      pc_ = h.start;
      if (h.start >= h.end || h.end > size()) return fail("handler range {} .. {} is not in the code", h.start, h.end);
      if (!is_start_[h.start]) return fail("handler range starts at {}, which is not an instruction", h.start);
      if (h.end < size() && !is_start_[h.end]) return fail("handler range ends at {}, inside an instruction", h.end);
      if (h.target >= size() || !is_start_[h.target]) {
        return fail("handler at {}, which is not an instruction", h.target);
      }
      if (h.target < h.end && fn_.code[h.target].opcode() != Op::loop) {
        return fail("handler at {} can be reached backward but is not a loop", h.target);
      }
      if (!check_register(h.error_register)) return false;
      if (type_of(h.error_register) != kTypeError) return fail("r{} cannot hold an error", h.error_register);
    }
    return true;
  }

  const Module& module_;
  const Function& fn_;
  InstructionStarts starts_;
  std::vector<bool> is_start_;
  uint32_t pc_ = 0;
  uint32_t loops_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<InstructionStarts> check_code(const Module& module, const Function& fn) { return CodeChecker(module, fn).check(); }

}  // namespace orus
