// The printer of the IR text form; grammar in docs/ir.md. Works on broken IR too: it is what a person debugs with.
#include <algorithm>
#include <cctype>
#include <charconv>

#include "jit/ir/ir_numbering.h"
#include "jit/ir/ir_text.h"

namespace orus::jit {
namespace {

constexpr std::string_view kAliasNames[] = {"none",  "array_length", "array_capacity", "array_buffer", "elem1",
                                            "elem4", "elem_i64",     "elem_f64",       "elem_ref",     "string",
                                            "range", "object_flags", "buffer_size"};
static_assert(std::size(kAliasNames) == kAliasBufferSize + 1);

/// Blocks that can be walked: every successor exists. The printer's own walk, since reverse_postorder needs sound IR.
void walk(const Function& fn, uint32_t start, std::vector<uint8_t>* seen, std::vector<BlockId>* order) {
  size_t first = order->size();
  std::vector<std::pair<uint32_t, size_t>> stack{{start, 0}};
  (*seen)[start] = 1;
  while (!stack.empty()) {
    auto& [b, next] = stack.back();
    const auto& successors = fn.blocks[b].successors;
    if (next < successors.size()) {
      uint32_t target = successors[successors.size() - 1 - next++].target.index;
      if (target < fn.blocks.size() && (*seen)[target] == 0) {
        (*seen)[target] = 1;
        stack.emplace_back(target, 0);
      }
    } else {
      order->push_back(BlockId(b));
      stack.pop_back();
    }
  }
  std::reverse(order->begin() + static_cast<ptrdiff_t>(first), order->end());
}

std::string hex(uint64_t bits) {
  char text[20] = {'0', 'x'};
  auto end = std::to_chars(text + 2, text + sizeof text, bits, 16).ptr;
  return {text, end};
}

bool plain_name(std::string_view name) {
  if (name.empty()) return false;
  for (char c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.' && c != '$') return false;
  }
  return true;
}

/// @name, @"any text" or, when an earlier function has the same name, @name#index.
std::string function_name(const Module& module, uint32_t index) {
  if (index >= module.functions.size()) return "@?#" + std::to_string(index);
  const std::string& name = module.functions[index].name;
  std::string text = "@";
  if (plain_name(name)) {
    text += name;
  } else {
    text += '"';
    for (char c : name) {
      auto u = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\' || u < 0x20) {
        static constexpr char kDigits[] = "0123456789abcdef";
        text += {'\\', kDigits[u >> 4], kDigits[u & 15]};
      } else {
        text += c;
      }
    }
    text += '"';
  }
  for (uint32_t i = 0; i < index; ++i) {
    if (module.functions[i].name == name) return text + "#" + std::to_string(index);
  }
  return text;
}

std::string constant_text(IrType type, int64_t imm) {
  auto bits = static_cast<uint64_t>(imm);
  switch (type) {
    case IrType::kI32:
      if (bits > UINT32_MAX) return hex(bits);
      return std::to_string(static_cast<int32_t>(bits));
    case IrType::kI64: return std::to_string(imm);
    case IrType::kBool: return bits == 0 ? "false" : bits == 1 ? "true" : hex(bits);
    case IrType::kRef: return bits == 0 ? "null" : hex(bits);
    case IrType::kF64: {
      auto value = __builtin_bit_cast(double, bits);
      if (value != value) return bits == 0x7ff8000000000000u ? "nan" : hex(bits);
      char text[40];
      return {text, std::to_chars(text, text + sizeof text, value).ptr};
    }
    case IrType::kVoid: break;
  }
  return hex(bits);
}

class Printer {
 public:
  Printer(const Function& fn, const Numbering& names) : fn_(fn), names_(names) {}

  std::string unit() {
    header();
    for (size_t i = 0; i < names_.order.size(); ++i) block(names_.order[i], i >= names_.reachable);
    out_ += "}\n";
    return std::move(out_);
  }
  std::string inst_text(InstId id) {
    inst(id);
    return std::move(out_);
  }

 private:
  void header();
  void block(BlockId id, bool unreachable);
  void inst(InstId id);
  void edge(const Edge& edge);
  void frames(FrameId id);
  void text(std::string_view s) { out_ += s; }
  void number(int64_t n) { out_ += std::to_string(n); }
  /// The separator in front of an operand.
  void comma() {
    out_ += first_ ? " " : ", ";
    first_ = false;
  }

  const Function& fn_;
  const Numbering& names_;
  std::string out_;
  bool first_ = true;
};

void Printer::header() {
  text(fn_.is_loop_entry ? "loop " : "func ");
  text(function_name(*fn_.module, fn_.index));
  if (fn_.is_loop_entry) {
    text(" at ");
    number(fn_.entry_pc);
  } else {
    text("(");
    for (size_t i = 0; i < fn_.param_types.size(); ++i) {
      if (i != 0) text(", ");
      text(names_.header_params[i].valid() ? names_.value(names_.header_params[i]) : "_");
      text(": ");
      text(type_name(fn_.param_types[i]));
    }
    text(")");
  }
  if (fn_.result != IrType::kVoid) {
    text(" -> ");
    text(type_name(fn_.result));
  }
  text(" {\n");
}

void Printer::block(BlockId id, bool unreachable) {
  const Block& b = fn_.at(id);
  text(names_.block(id));
  if (!b.phis.empty()) {
    text("(");
    for (size_t i = 0; i < b.phis.size(); ++i) {
      if (i != 0) text(", ");
      text(names_.value(b.phis[i]));
      text(": ");
      text(b.phis[i].index < fn_.insts.size() ? type_name(fn_.at(b.phis[i]).type) : "?");
    }
    text(")");
  }
  if (b.cold) text(" cold");
  if (b.pc != 0) {
    text(" pc ");
    number(b.pc);
  }
  text(unreachable ? ":  ; unreachable\n" : ":\n");
  for (InstId inst_id : b.insts) {
    if (inst_id.index < fn_.insts.size() && fn_.at(inst_id).op == IrOp::param) {
      bool in_header = false;
      for (InstId p : names_.header_params) in_header = in_header || p == inst_id;
      if (in_header) continue;
    }
    text("  ");
    inst(inst_id);
    text("\n");
  }
}

void Printer::inst(InstId id) {
  if (id.index >= fn_.insts.size()) return text("?");
  const Inst& inst = fn_.at(id);
  if (inst.type != IrType::kVoid) {
    text(names_.value(id));
    text(" = ");
  }
  text(mnemonic(inst.op));
  if (inst.type != IrType::kVoid) {
    text(".");
    text(type_name(inst.type));
  }
  first_ = true;
  for (char letter : info(inst.op).attributes) {
    switch (letter) {
      case 'c': comma(), text(constant_text(inst.type, inst.imm)); break;
      case 'p':
      case 'n': comma(), number(inst.imm); break;
      case 'r': comma(), text("r"), number(inst.imm); break;
      case 'k': comma(), text("k"), number(inst.imm); break;
      case 'g': comma(), text("g"), number(inst.imm); break;
      case 'F': comma(), text(function_name(*fn_.module, static_cast<uint32_t>(inst.imm))); break;
      default: break;
    }
  }
  for (uint32_t i = 0; i < inst.arg_count; ++i) {
    comma();
    bool listed = i < 3 || inst.more + i - 3 < fn_.more_args.size();
    text(names_.value(listed ? fn_.arg(id, i) : InstId()));
  }
  if (inst.op == IrOp::jump || inst.op == IrOp::branch) {
    if (inst.block.index < fn_.blocks.size()) {
      for (const Edge& e : fn_.at(inst.block).successors) comma(), edge(e);
    }
  }
  for (char letter : info(inst.op).attributes) {
    switch (letter) {
      case 'o': text(" offset "), number(inst.imm); break;
      case 'w': text(" width "), number(inst.width); break;
      case 'a': text(" alias "), text(alias_name(inst.aux, *fn_.module)); break;
      case 'O': {
        uint32_t kind = inst.aux >> 24;
        text(" object ");
        text(kind < std::size(kObjectKindNames) ? kObjectKindNames[kind] : "?");
        text(" "), number(inst.aux & 0xffffff);
        break;
      }
      default: break;
    }
  }
  if (!has_frame(inst.op) && !inst.frame.valid()) return;
  text(" reason ");
  auto reason = static_cast<size_t>(inst.reason);
  text(reason < kExitReasonCount ? kExitReasons[reason].name : "?");
  if (inst.frame.valid()) frames(inst.frame);
}

void Printer::edge(const Edge& e) {
  text(names_.block(e.target));
  if (e.args.empty()) return;
  text("(");
  for (size_t i = 0; i < e.args.size(); ++i) {
    if (i != 0) text(", ");
    text(names_.value(e.args[i]));
  }
  text(")");
}

void Printer::frames(FrameId id) {
  text(" frame [");
  // A chain longer than the number of states is a cycle.
  for (size_t steps = 0; id.valid() && steps <= fn_.frames.size(); ++steps) {
    if (steps != 0) text(" <- ");
    if (id.index >= fn_.frames.size()) {
      text("?");
      break;
    }
    const FrameState& state = fn_.at(id);
    text("fn "), number(state.function);
    text(" pc "), number(state.pc);
    if (state.base_offset != 0) text(" offset "), number(state.base_offset);
    if (state.charged) text(" charged");
    text(" {");
    for (size_t i = 0; i < state.values.size(); ++i) {
      if (i != 0) text(", ");
      text("r"), number(state.values[i].reg);
      text(": "), text(names_.value(state.values[i].value));
    }
    text("}");
    if (!state.globals.empty()) text(" globals {");
    for (size_t i = 0; i < state.globals.size(); ++i) {
      if (i != 0) text(", ");
      text("g"), number(state.globals[i].global);
      text(": "), text(names_.value(state.globals[i].value));
    }
    if (!state.globals.empty()) text("}");
    id = state.parent;
  }
  text("]");
}

}  // namespace

std::string Numbering::block(BlockId id) const {
  if (id.index >= block_number.size() || block_number[id.index] == UINT32_MAX) return "b?";
  return "b" + std::to_string(block_number[id.index]);
}

std::string Numbering::value(InstId id) const {
  if (id.index >= value_number.size() || value_number[id.index] == UINT32_MAX) return "v?";
  return "v" + std::to_string(value_number[id.index]);
}

Numbering number_ir(const Function& fn) {
  Numbering names;
  names.block_number.assign(fn.blocks.size(), UINT32_MAX);
  names.value_number.assign(fn.insts.size(), UINT32_MAX);
  std::vector<uint8_t> seen(fn.blocks.size(), 0);
  if (!fn.blocks.empty()) walk(fn, 0, &seen, &names.order);
  names.reachable = names.order.size();
  for (uint32_t b = 0; b < fn.blocks.size(); ++b) {
    if (!seen[b] && !fn.blocks[b].dead) {
      seen[b] = 1;
      names.order.push_back(BlockId(b));
    }
  }
  uint32_t next = 0;
  auto name = [&](InstId id) {
    if (id.index < fn.insts.size() && names.value_number[id.index] == UINT32_MAX) names.value_number[id.index] = next++;
  };
  names.header_params.resize(fn.is_loop_entry ? 0 : fn.param_types.size());
  if (!fn.blocks.empty()) {
    for (InstId id : fn.blocks[0].insts) {
      if (id.index >= fn.insts.size() || fn.at(id).op != IrOp::param) continue;
      auto number = static_cast<uint64_t>(fn.at(id).imm);
      if (number >= names.header_params.size() || fn.at(id).type != fn.param_types[number]) continue;
      if (!names.header_params[number].valid()) names.header_params[number] = id;
    }
  }
  for (InstId id : names.header_params) name(id);
  for (size_t i = 0; i < names.order.size(); ++i) {
    const Block& block = fn.at(names.order[i]);
    names.block_number[names.order[i].index] = static_cast<uint32_t>(i);
    for (InstId id : block.phis) name(id);
    for (InstId id : block.insts) {
      if (id.index < fn.insts.size() && fn.at(id).type != IrType::kVoid) name(id);
    }
  }
  return names;
}

std::string alias_name(uint32_t alias, const Module& module) {
  if (alias < std::size(kAliasNames)) return std::string(kAliasNames[alias]);
  if (alias >= kAliasFieldBase) {
    for (uint32_t t = kFirstUserType; t < module.types.size(); ++t) {
      for (uint32_t f = 0; f < module.types[t].fields.size(); ++f) {
        if (field_alias(t, f) == alias) return "field" + std::to_string(t) + "." + std::to_string(f);
      }
    }
    return "field#" + hex(alias - kAliasFieldBase).substr(2);
  }
  if (alias >= kAliasGlobalBase) return "global" + std::to_string(alias - kAliasGlobalBase);
  return "class#" + std::to_string(alias);
}

bool find_alias(std::string_view name, uint32_t* alias) {
  for (uint32_t i = 0; i < std::size(kAliasNames); ++i) {
    if (kAliasNames[i] == name) return *alias = i, true;
  }
  auto number = [&](size_t from, int base, uint32_t* value) -> size_t {
    auto [end, error] = std::from_chars(name.data() + from, name.data() + name.size(), *value, base);
    return error == std::errc() ? static_cast<size_t>(end - name.data()) : 0;
  };
  uint32_t a = 0, b = 0;
  if (name.starts_with("global")) {
    if (number(6, 10, &a) != name.size() || a >= kAliasFieldBase - kAliasGlobalBase) return false;
    return *alias = global_alias(a), true;
  }
  if (name.starts_with("field#")) {
    if (number(6, 16, &a) != name.size() || a >= kAliasFieldBase) return false;
    return *alias = kAliasFieldBase | a, true;
  }
  if (!name.starts_with("field")) return false;
  size_t dot = number(5, 10, &a);
  if (dot == 0 || dot >= name.size() || name[dot] != '.' || number(dot + 1, 10, &b) != name.size()) return false;
  return *alias = field_alias(a, b), true;
}

std::string_view mnemonic(IrOp op) {
  if (op == IrOp::constant) return "const";
  std::string_view name = info(op).name;
  if (name.ends_with('_')) name.remove_suffix(1);
  return name;
}

std::string print_inst(const Function& fn, const Numbering& names, InstId id) { return Printer(fn, names).inst_text(id); }

std::string print_ir(const Function& fn) {
  Numbering names = number_ir(fn);
  return Printer(fn, names).unit();
}

}  // namespace orus::jit
