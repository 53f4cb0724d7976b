// parse_assembly: function bodies. Operands are read by the format letters of the opcode table.
#include <array>
#include <map>

#include <fmt/format.h>

#include "vm/bytecode/assembly_parser.h"

namespace orus {
namespace {

class FunctionParser {
 public:
  FunctionParser(AssemblyCursor& cursor, AssemblyModule& module, Function& fn) : cursor_(cursor), module_(module), fn_(fn) {}

  bool parse() {
    while (!cursor_.accept("}")) {
      if (cursor_.at_end()) return cursor_.fail("expected '}'");
      if (!line()) return false;
    }
    if (!has_loops_) fn_.loops = loop_ops_;
    return cursor_.end_line() && resolve();
  }

 private:
  struct JumpFixup {
    Token token;
    uint32_t at;
    bool wide;
  };
  struct PlaceFixup {
    Token token;
    uint32_t handler;
    uint32_t Handler::* field;
  };

  uint32_t size() const { return static_cast<uint32_t>(fn_.code.size()); }

  bool line() {
    if (size() >= kMaxCode) return cursor_.fail("function too long");
    if (cursor_.peek().kind == TokenKind::kIdentifier && cursor_.peek(1).text == ":") return label_line();
    if (cursor_.accept("reg")) return register_line();
    if (cursor_.accept("handler")) return handler_line();
    if (cursor_.accept("loops")) return loops_line();
    if (cursor_.accept(".")) return word_line();
    return instruction_line();
  }

  bool label_line() {
    auto [it, inserted] = labels_.try_emplace(cursor_.peek().text, size());
    if (!inserted) return cursor_.fail("label defined twice");
    cursor_.advance();
    cursor_.advance();
    if (cursor_.is("}")) return cursor_.fail("'}' stands on a line of its own");
    return cursor_.peek().kind != TokenKind::kEndOfLine || cursor_.end_line();
  }

  bool register_line() {
    uint32_t first, last;
    const Token& token = cursor_.peek();
    if (!cursor_.indexed('r', kMaxRegisters - 1, &first)) return false;
    if (first != fn_.registers.size()) {
      return cursor_.fail(token, fmt::format("the next one is r{}", fn_.registers.size()));
    }
    last = first;
    if (cursor_.accept("..") && !cursor_.indexed('r', kMaxRegisters - 1, &last)) return false;
    if (last < first) return cursor_.fail("empty range of registers");
    TypeId type;
    if (!cursor_.expect(":") || !module_.type_reference(&type)) return false;
    fn_.registers.resize(size_t{last} + 1, type);
    return cursor_.end_line();
  }

  bool handler_line() {
    auto index = static_cast<uint32_t>(fn_.handlers.size());
    fn_.handlers.push_back({});
    uint32_t error_register;
    if (!place(index, &Handler::start) || !cursor_.expect("..") || !place(index, &Handler::end)) return false;
    if (!cursor_.expect("->") || !place(index, &Handler::target) || !cursor_.expect(",")) return false;
    if (!cursor_.indexed('r', UINT16_MAX, &error_register)) return false;
    fn_.handlers.back().error_register = static_cast<uint16_t>(error_register);
    return cursor_.end_line();
  }

  bool place(uint32_t handler, uint32_t Handler::* field) {
    const Token& token = cursor_.peek();
    if (token.kind == TokenKind::kNumber) {
      uint64_t pc;
      if (!cursor_.number(UINT32_MAX, &pc)) return false;
      fn_.handlers[handler].*field = static_cast<uint32_t>(pc);
      return true;
    }
    std::string_view name;
    if (!cursor_.identifier(&name)) return false;
    places_.push_back({token, handler, field});
    return true;
  }

  bool loops_line() {
    uint64_t loops;
    if (!cursor_.number(UINT32_MAX, &loops)) return false;
    has_loops_ = true;
    fn_.loops = static_cast<uint32_t>(loops);
    return cursor_.end_line();
  }

  bool word_line() {
    std::array<uint64_t, 4> fields;
    if (!cursor_.expect("word")) return false;
    for (size_t i = 0; i < fields.size(); ++i) {
      if ((i > 0 && !cursor_.expect(",")) || !cursor_.number(UINT16_MAX, &fields[i])) return false;
    }
    fn_.code.push_back({static_cast<uint16_t>(fields[0]), static_cast<uint16_t>(fields[1]), static_cast<uint16_t>(fields[2]),
                        static_cast<uint16_t>(fields[3])});
    return end_instruction();
  }

  bool instruction_line() {
    const Token& token = cursor_.peek();
    std::string_view mnemonic;
    if (!cursor_.identifier(&mnemonic)) return false;
    Op op;
    if (!find_op(mnemonic, &op)) return cursor_.fail(token, "unknown instruction");
    std::string_view format = info(op).format;
    fn_.code.push_back(make_insn(op));
    bool first = true;
    for (size_t i = 0; i < format.size(); ++i) {
      if (format[i] == '-') continue;
      if (format[i] == 'n' && op != Op::new_array) {
        if (!register_list()) return false;
        continue;
      }
      if (!first && !cursor_.expect(",")) return false;
      if (!operand(format[i], i)) return false;
      first = false;
    }
    return end_instruction();
  }

  /// Optional position, end of line; then every new word has a position.
  bool end_instruction() {
    loop_ops_ += fn_.code[fn_.positions.size()].opcode() == Op::loop;
    if (cursor_.accept("@")) {
      uint64_t line, column;
      if (!cursor_.number(UINT32_MAX, &line) || !cursor_.expect(":")) return false;
      if (!cursor_.number(UINT32_MAX, &column)) return false;
      position_ = {static_cast<uint32_t>(line), static_cast<uint32_t>(column)};
    }
    fn_.positions.resize(fn_.code.size(), position_);
    return cursor_.end_line();
  }

  bool register_list() {
    size_t at = fn_.code.size() - 1;
    uint32_t count = 0;
    if (!cursor_.expect("(")) return false;
    for (; !cursor_.accept(")"); ++count) {
      if (count == UINT16_MAX) return cursor_.fail("too many registers in a list");
      uint32_t r;
      if ((count > 0 && !cursor_.expect(",")) || !cursor_.indexed('r', UINT16_MAX, &r)) return false;
      auto value = static_cast<uint16_t>(r);
      if (count % 4 == 0) fn_.code.push_back({});
      Insn& word = fn_.code.back();
      switch (count % 4) {
        case 0: word.op = value; break;
        case 1: word.a = value; break;
        case 2: word.b = value; break;
        default: word.c = value; break;
      }
    }
    fn_.code[at].c = static_cast<uint16_t>(count);
    return true;
  }

  bool operand(char letter, size_t i) {
    if (letter == 'K' || letter == 'J' || letter == 'G') return wide_operand(letter);
    uint16_t value;
    if (!narrow_operand(letter, &value)) return false;
    Insn& insn = fn_.code.back();
    (i == 0 ? insn.a : i == 1 ? insn.b : insn.c) = value;
    return true;
  }

  bool wide_operand(char letter) {
    uint32_t value = 0;
    bool ok = letter == 'K'   ? module_.constant_reference(UINT32_MAX, &value)
              : letter == 'G' ? module_.global_reference(&value)
                              : jump_operand(true, &value);
    Insn& insn = fn_.code.back();
    insn = make_insn_bc(insn.opcode(), insn.a, static_cast<int32_t>(value));
    return ok;
  }

  bool narrow_operand(char letter, uint16_t* out) {
    uint32_t index = 0;
    uint64_t number = 0;
    int64_t value = 0;
    bool ok = false;
    switch (letter) {
      case 'd':
      case 'r':
      case 'x':
        if (letter == 'd' && cursor_.accept("_")) {
          *out = kNoReg;
          return true;
        }
        ok = cursor_.indexed('r', UINT16_MAX, &index);
        break;
      case 'w': ok = register_pair(&index); break;
      case 'i':
        ok = cursor_.signed_number(INT16_MIN, INT16_MAX, &value);
        index = static_cast<uint16_t>(value);
        break;
      case 'h': ok = module_.constant_reference(UINT16_MAX, &index); break;
      case 'j': ok = jump_operand(false, &index); break;
      case 'F': ok = module_.function_reference(&index); break;
      case 'B': ok = table_word("unknown builtin", kBuiltins, [](const BuiltinInfo& b) { return b.name; }, &index); break;
      case 'q': ok = table_word("unknown error kind", kErrorKindWords, [](auto word) { return word; }, &index); break;
      case 't': ok = type_operand(&index); break;
      default:
        ok = (letter != 'f' || cursor_.expect(".")) && cursor_.number(UINT16_MAX, &number);
        index = static_cast<uint32_t>(number);
        break;
    }
    *out = static_cast<uint16_t>(index);
    return ok;
  }

  bool type_operand(uint32_t* out) {
    const Token& token = cursor_.peek();
    TypeId type;
    if (!module_.type_reference(&type)) return false;
    *out = type.index;
    return type.index <= UINT16_MAX || cursor_.fail(token, "too many types for this instruction");
  }

  bool register_pair(uint32_t* out) {
    uint32_t second;
    if (!cursor_.indexed('r', UINT16_MAX - 1, out) || !cursor_.expect("..")) return false;
    const Token& token = cursor_.peek();
    if (!cursor_.indexed('r', UINT16_MAX, &second)) return false;
    return second == *out + 1 || cursor_.fail(token, "expected the register after the first");
  }

  template <class Table, class Name>
  bool table_word(std::string_view problem, const Table& table, Name name, uint32_t* out) {
    const Token& token = cursor_.peek();
    std::string_view text;
    if (!cursor_.identifier(&text)) return false;
    *out = 0;
    for (const auto& row : table) {
      if (name(row) == text) return true;
      ++*out;
    }
    return cursor_.fail(token, std::string(problem));
  }

  bool jump_operand(bool wide, uint32_t* out) {
    const Token& token = cursor_.peek();
    if (cursor_.is("+") || cursor_.is("-")) {
      int64_t value;
      if (!cursor_.signed_number(wide ? INT32_MIN : INT16_MIN, wide ? INT32_MAX : INT16_MAX, &value)) return false;
      *out = static_cast<uint32_t>(value);
      return true;
    }
    std::string_view name;
    if (!cursor_.identifier(&name)) return false;
    jumps_.push_back({token, size() - 1, wide});
    *out = 0;
    return true;
  }

  bool find_label(const Token& token, uint32_t* pc) {
    auto it = labels_.find(token.text);
    if (it == labels_.end()) return cursor_.fail(token, "unknown label");
    *pc = it->second;
    return true;
  }

  bool resolve() {
    uint32_t pc = 0;
    for (const JumpFixup& jump : jumps_) {
      if (!find_label(jump.token, &pc)) return false;
      int32_t displacement = static_cast<int32_t>(pc) - static_cast<int32_t>(jump.at);
      Insn& insn = fn_.code[jump.at];
      if (jump.wide) {
        insn = make_insn_bc(insn.opcode(), insn.a, displacement);
      } else if (displacement == static_cast<int16_t>(displacement)) {
        insn.c = static_cast<uint16_t>(displacement);
      } else {
        return cursor_.fail(jump.token, "label out of reach of this instruction");
      }
    }
    for (const PlaceFixup& p : places_) {
      if (!find_label(p.token, &pc)) return false;
      fn_.handlers[p.handler].*p.field = pc;
    }
    return true;
  }

  AssemblyCursor& cursor_;
  AssemblyModule& module_;
  Function& fn_;
  std::map<std::string_view, uint32_t> labels_;
  std::vector<JumpFixup> jumps_;
  std::vector<PlaceFixup> places_;
  Position position_;
  uint32_t loop_ops_ = 0;
  bool has_loops_ = false;
};

}  // namespace

bool parse_function_body(AssemblyCursor& cursor, AssemblyModule& module, Function* fn) {
  return FunctionParser(cursor, module, *fn).parse();
}

}  // namespace orus
