// print_assembly: the text form of a module, for people and for parse_assembly.
//
// Works on any module, verified or not. An instruction that its table row cannot express (unknown opcode, a non-zero
// unused field, operand words cut off or placed elsewhere in the source) is written as raw `.word` lines, so that
// nothing is lost. Labels are numbered in code order; positions are written where they change.
#include <algorithm>
#include <bit>
#include <charconv>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "vm/bytecode/names.h"
#include "vm/bytecode/text.h"

namespace orus {
namespace {

constexpr uint32_t kMaxBrackets = 8;  // deeper array types are written by number
constexpr uint32_t kNoLabel = UINT32_MAX;
constexpr uint64_t kCanonicalNan = 0x7FF8000000000000u;
constexpr size_t kMaxCommentText = 40;

class TypePrinter {
 public:
  explicit TypePrinter(const Module& module) : module_(module) {
    for (uint32_t i = kFirstUserType; i < module.types.size(); ++i) {
      const Type& type = module.types[i];
      if (type.kind == TypeKind::kStruct) structs_.try_emplace(type.name, i);
      if (type.kind == TypeKind::kArray) arrays_.try_emplace(type.element.index, i);
    }
  }
  /// By structure where that finds the type again, else `#number`.
  std::string text(TypeId id) const {
    std::string brackets;
    for (TypeId t = id; brackets.size() <= kMaxBrackets; t = module_.types[t.index].element) {
      if (std::string name = simple(t); !name.empty()) return brackets + name + std::string(brackets.size(), ']');
      if (t.index >= module_.types.size() || module_.types[t.index].kind != TypeKind::kArray) break;
      if (arrays_.find(module_.types[t.index].element.index)->second != t.index) break;
      brackets += '[';
    }
    return number(id);
  }
  /// As text(), but array types always by number: for declarations of types, where no other array may be known yet.
  std::string element_text(TypeId id) const {
    std::string name = simple(id);
    return name.empty() ? number(id) : name;
  }

 private:
  static std::string number(TypeId id) { return "#" + std::to_string(id.index); }
  std::string simple(TypeId id) const {
    if (std::string_view name = builtin_type_name(id.index); !name.empty()) return std::string(name);
    if (id.index >= module_.types.size() || module_.types[id.index].kind != TypeKind::kStruct) return "";
    const std::string& name = module_.types[id.index].name;
    bool taken = false;
    for (uint32_t i = 0; i < kFirstUserType; ++i) taken |= builtin_type_name(i) == name;
    return !taken && is_identifier(name) && structs_.find(name)->second == id.index ? name : "";
  }
  const Module& module_;
  std::map<std::string_view, uint32_t> structs_;
  std::map<uint32_t, uint32_t> arrays_;  // by element type
};

std::string raw_bits(uint64_t bits) { return fmt::format("bits {:#x}", bits); }

std::string f64_text(uint64_t bits) {
  if (bits == kCanonicalNan) return "nan";
  auto value = std::bit_cast<double>(bits);
  if (value != value) return raw_bits(bits);
  char buffer[32];
  auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  return std::string(buffer, end);
}

std::string literal_text(const Constant& constant) {
  uint64_t bits = constant.bits;
  switch (static_cast<TypeKind>(constant.type.index < kFirstUserType ? constant.type.index : 0)) {
    case TypeKind::kI32: return bits >> 32 ? raw_bits(bits) : std::to_string(static_cast<int32_t>(bits));
    case TypeKind::kU32: return bits >> 32 ? raw_bits(bits) : std::to_string(bits);
    case TypeKind::kI64: return std::to_string(static_cast<int64_t>(bits));
    case TypeKind::kU64: return std::to_string(bits);
    case TypeKind::kF64: return f64_text(bits);
    case TypeKind::kBool: return bits > 1 ? raw_bits(bits) : bits == 1 ? "true" : "false";
    case TypeKind::kString: return quoted(constant.text);
    default: return raw_bits(bits);
  }
}

std::string name_text(std::string_view name) { return is_identifier(name) ? std::string(name) : quoted(name); }

/// Comments are one line and short: long constants are cut at a character boundary.
std::string comment_text(const Constant& constant) {
  std::string text = literal_text(constant);
  if (text.size() <= kMaxCommentText) return text;
  size_t cut = kMaxCommentText;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return text.substr(0, cut) + "...";
}

class FunctionPrinter {
 public:
  FunctionPrinter(const Module& module, const TypePrinter& types, uint32_t index, std::string& out)
      : module_(module), types_(types), fn_(module.functions[index]), index_(index), out_(out) {}

  void print() {
    find_instructions();
    number_labels();
    put("func f{} {} params {} -> {} {{\n", index_, quoted(fn_.name), fn_.params, types_.text(fn_.result));
    print_registers();
    if (fn_.loops != loop_ops_) put("  loops {}\n", fn_.loops);
    for (const Handler& h : fn_.handlers) {
      put("  handler {} .. {} -> {}, r{}\n", place(h.start), place(h.end), place(h.target), h.error_register);
    }
    print_code();
    out_ += "}\n";
  }

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  uint32_t size() const { return static_cast<uint32_t>(fn_.code.size()); }
  Position position(uint32_t pc) const { return pc < fn_.positions.size() ? fn_.positions[pc] : Position{}; }

  static uint16_t field(const Insn& insn, size_t i) { return i == 0 ? insn.a : i == 1 ? insn.b : insn.c; }

  /// May the instruction at `pc` be written by name?
  bool expressible(uint32_t pc) const {
    const Insn& insn = fn_.code[pc];
    if (insn.op >= kOpCount) return false;
    uint32_t length = insn_length(insn);
    if (length > size() - pc) return false;
    std::string_view format = info(insn.opcode()).format;
    for (size_t i = 0; i < format.size(); ++i) {
      uint16_t value = field(insn, i);
      if (format[i] == '-' && value != 0) return false;
      if (format[i] == 'B' && value >= kBuiltinCount) return false;
      if (format[i] == 'q' && value >= kErrorKindCount) return false;
      if (format[i] == 'w' && value == UINT16_MAX) return false;
    }
    for (uint32_t i = insn.c; i < (length - 1) * 4; ++i) {
      if (listed_register(&insn, i) != 0) return false;
    }
    for (uint32_t i = 1; i < length; ++i) {
      if (!(position(pc + i) == position(pc))) return false;
    }
    return true;
  }

  void find_instructions() {
    starts_.assign(size() + 1, false);
    named_.assign(size(), false);
    for (uint32_t pc = 0; pc < size();) {
      starts_[pc] = true;
      named_[pc] = expressible(pc);
      loop_ops_ += fn_.code[pc].opcode() == Op::loop;
      pc += named_[pc] ? insn_length(fn_.code[pc]) : 1;
    }
    starts_[size()] = true;
  }

  /// The word that the jump at `pc` goes to; false if it is none or goes nowhere that can have a label.
  bool target_of(uint32_t pc, uint32_t* target) const {
    const Insn& insn = fn_.code[pc];
    char last = info(insn.opcode()).format.back();
    if (last != 'j' && last != 'J') return false;
    int64_t to = int64_t{pc} + (last == 'j' ? insn.sc() : insn.bc());
    if (to < 0 || to > size() || !starts_[static_cast<size_t>(to)]) return false;
    *target = static_cast<uint32_t>(to);
    return true;
  }

  void number_labels() {
    labels_.assign(size() + 1, kNoLabel);
    auto mark = [&](uint32_t pc) {
      if (pc <= size() && starts_[pc]) labels_[pc] = 0;
    };
    uint32_t target;
    for (uint32_t pc = 0; pc < size(); ++pc) {
      if (starts_[pc] && named_[pc] && target_of(pc, &target)) mark(target);
    }
    for (const Handler& h : fn_.handlers) {
      mark(h.start);
      mark(h.end);
      mark(h.target);
    }
    uint32_t next = 0;
    for (uint32_t& label : labels_) {
      if (label != kNoLabel) label = next++;
    }
  }

  /// A label, or a plain word number where none can stand.
  std::string place(uint32_t pc) const {
    if (pc > size() || labels_[pc] == kNoLabel) return std::to_string(pc);
    return "L" + std::to_string(labels_[pc]);
  }

  void print_registers() {
    const auto& regs = fn_.registers;
    for (size_t i = 0; i < regs.size();) {
      size_t end = i + 1;
      while (end < regs.size() && regs[end] == regs[i]) ++end;
      if (end - i == 1) {
        put("  reg r{}: {}\n", i, types_.text(regs[i]));
      } else {
        put("  reg r{}..r{}: {}\n", i, end - 1, types_.text(regs[i]));
      }
      i = end;
    }
  }

  void print_code() {
    Position last;
    for (uint32_t pc = 0; pc <= size(); ++pc) {
      if (!starts_[pc]) continue;
      if (labels_[pc] != kNoLabel) put("L{}:\n", labels_[pc]);
      if (pc == size()) break;
      comment_.clear();
      std::string text = named_[pc] ? insn_text(pc) : word_text(pc);
      put("  {}", text);
      if (Position p = position(pc); !(p == last)) {
        put(" @{}:{}", p.line, p.column);
        last = p;
      }
      if (!comment_.empty()) put("  ; {}", comment_);
      out_ += '\n';
    }
  }

  std::string word_text(uint32_t pc) const {
    const Insn& insn = fn_.code[pc];
    return fmt::format(".word {:#x}, {:#x}, {:#x}, {:#x}", insn.op, insn.a, insn.b, insn.c);
  }

  void comment(std::string text) {
    if (!comment_.empty()) comment_ += ", ";
    comment_ += text;
  }

  std::string insn_text(uint32_t pc) {
    const Insn& insn = fn_.code[pc];
    const OpInfo& row = info(insn.opcode());
    std::string text(row.name);
    std::string_view separator = " ";
    bool lists = false;
    for (size_t i = 0; i < row.format.size(); ++i) {
      if (row.format[i] == '-') continue;
      if (row.format[i] == 'n' && insn.opcode() != Op::new_array) {
        lists = true;
        continue;
      }
      text += separator;
      text += operand_text(pc, row.format[i], field(insn, i));
      separator = ", ";
    }
    return lists ? text + list_text(insn) : text;
  }

  static std::string list_text(const Insn& insn) {
    std::string text = "(";
    for (uint32_t i = 0; i < insn.c; ++i) {
      text += i == 0 ? "r" : ", r";
      text += std::to_string(listed_register(&insn, i));
    }
    return text + ")";
  }

  std::string operand_text(uint32_t pc, char letter, uint16_t value) {
    const Insn& insn = fn_.code[pc];
    auto wide = static_cast<uint32_t>(insn.bc());
    switch (letter) {
      case 'd': return value == kNoReg ? "_" : register_text(value);
      case 'r':
      case 'x': return register_text(value);
      case 'w': return register_text(value) + ".." + register_text(value + 1u);
      case 'i': return std::to_string(static_cast<int16_t>(value));
      case 'h': return constant_text(value);
      case 'K': return constant_text(wide);
      case 'j': return jump_text(pc, insn.sc());
      case 'J': return jump_text(pc, insn.bc());
      case 'G': return global_text(wide);
      case 'F': return function_text(value);
      case 'B': return std::string(kBuiltins[value].name);
      case 'q': return std::string(kErrorKindWords[value]);
      case 't': return types_.text(TypeId(value));
      case 'f': return field_text(insn, value);
      default: return std::to_string(value);
    }
  }

  static std::string register_text(uint32_t r) { return "r" + std::to_string(r); }

  std::string constant_text(uint32_t k) {
    if (k < module_.constants.size()) {
      const Constant& constant = module_.constants[k];
      comment(types_.text(constant.type) + " " + comment_text(constant));
    }
    return "k" + std::to_string(k);
  }

  std::string global_text(uint32_t g) {
    if (g < module_.globals.size()) comment(quoted(module_.globals[g].name));
    return "g" + std::to_string(g);
  }

  std::string function_text(uint32_t f) {
    if (f < module_.functions.size()) comment(quoted(module_.functions[f].name));
    return "f" + std::to_string(f);
  }

  std::string field_text(const Insn& insn, uint16_t f) {
    uint16_t object = info(insn.opcode()).format[1] == 'f' ? insn.a : insn.b;
    if (object < fn_.registers.size() && fn_.registers[object].index < module_.types.size()) {
      const Type& type = module_.type(fn_.registers[object]);
      if (f < type.fields.size()) comment(quoted(type.fields[f].name));
    }
    return "." + std::to_string(f);
  }

  std::string jump_text(uint32_t pc, int32_t displacement) const {
    uint32_t target;
    if (target_of(pc, &target)) return "L" + std::to_string(labels_[target]);
    return fmt::format("{:+}", displacement);
  }

  const Module& module_;
  const TypePrinter& types_;
  const Function& fn_;
  uint32_t index_;
  std::string& out_;
  std::vector<bool> starts_;  // instruction starts; the end of the code counts as one
  std::vector<bool> named_;   // written by mnemonic
  std::vector<uint32_t> labels_;
  uint32_t loop_ops_ = 0;
  std::string comment_;
};

void print_types(const Module& module, const TypePrinter& types, std::string& out) {
  for (uint32_t i = kFirstUserType; i < module.types.size(); ++i) {
    const Type& type = module.types[i];
    if (type.kind == TypeKind::kArray) {
      out += fmt::format("type #{} = [{}]\n", i, types.element_text(type.element));
      continue;
    }
    if (type.kind != TypeKind::kStruct) {
      out += fmt::format("type #{} = {}\n", i, builtin_type_name(static_cast<uint32_t>(type.kind)));
      continue;
    }
    out += fmt::format("struct #{} {} {{", i, name_text(type.name));
    std::string_view separator = " ";
    for (const Field& field : type.fields) {
      out += fmt::format("{}{}: {}", separator, name_text(field.name), types.text(field.type));
      separator = ", ";
    }
    out += " }\n";
  }
}

}  // namespace

std::string print_assembly(const Module& module) {
  TypePrinter types(module);
  std::string out = fmt::format("module {}\n", quoted(module.file));
  if (module.main.valid()) out += fmt::format("main f{}\n", module.main.index);
  print_types(module, types, out);
  for (size_t i = 0; i < module.globals.size(); ++i) {
    const Global& global = module.globals[i];
    out += fmt::format("global g{} {}: {}\n", i, quoted(global.name), types.text(global.type));
  }
  for (size_t i = 0; i < module.constants.size(); ++i) {
    const Constant& constant = module.constants[i];
    out += fmt::format("const k{} = {} {}\n", i, types.text(constant.type), literal_text(constant));
  }
  for (uint32_t i = 0; i < module.functions.size(); ++i) {
    out += '\n';
    FunctionPrinter(module, types, i, out).print();
  }
  return out;
}

std::string print_assembly(const Module& module, FunctionId fn) {
  TypePrinter types(module);
  std::string out;
  FunctionPrinter(module, types, fn.index, out).print();
  return out;
}

}  // namespace orus
