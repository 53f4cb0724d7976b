// The parser of the IR text form; grammar in docs/ir.md. Takes any bytes: malformed text gives a located error, and
// what it accepts still has to pass verify_ir.
//
// Values and blocks may be used before they are defined, so references are kept as the numbers of the text and turned
// into ids at the end (resolve).
#include <cctype>
#include <charconv>
#include <unordered_map>

#include "jit/ir/ir_numbering.h"
#include "jit/ir/ir_text.h"

namespace orus::jit {
namespace {

class Parser {
 public:
  Parser(std::string_view text, const Module& module) : text_(text), module_(module), fn_(module, 0) {}

  Result<Function> parse() {
    if (unit() && resolve()) {
      fn_.rebuild_predecessors();
      return std::move(fn_);
    }
    size_t line = 1, column = 1;
    for (size_t i = 0; i < failure_at_ && i < text_.size(); ++i) {
      column = text_[i] == '\n' ? 1 : column + 1;
      line += text_[i] == '\n' ? 1 : 0;
    }
    return Error{ErrorCode::kBadIr, message_, std::to_string(line) + ":" + std::to_string(column)};
  }

 private:
  // Characters. Each function skips blanks and comments first.
  void skip();
  bool fail(std::string message) { return fail_at(at_, std::move(message)); }
  bool fail_at(size_t at, std::string message);
  bool peek(std::string_view punctuation);
  bool accept(std::string_view punctuation);
  bool expect(std::string_view punctuation);
  std::string_view peek_word();
  bool accept_word(std::string_view word);
  bool unsigned_number(uint64_t limit, uint64_t* value);
  bool signed_number(int64_t* value);
  /// A number with a one-letter prefix: v12, b3, r0.
  bool prefixed(char prefix, uint32_t* number);
  bool at_prefixed(char prefix);
  bool type(IrType* type);
  bool quoted(std::string* text);
  bool function_ref(uint32_t* index);

  // Grammar.
  bool unit();
  bool header();
  bool block();
  bool block_header();
  bool inst();
  bool find_mnemonic(std::string_view word, IrOp* op);
  bool leading_attribute(IrOp op, char letter, Inst* inst);
  bool constant(IrType type, int64_t* bits);
  bool operands(IrOp op, bool* first, std::vector<InstId>* args);
  bool trailing_attributes(IrOp op, Inst* inst);
  bool edge(Block* block);
  bool value_use(InstId* id);
  bool define(uint32_t number, InstId id, size_t at);
  bool frames(FrameId* id);
  bool frame(FrameState* state);
  bool frame_globals(FrameState* state);

  // Names to ids.
  bool resolve();
  bool resolve_value(InstId* id);

  std::string_view text_;
  size_t at_ = 0;
  const Module& module_;
  Function fn_;
  BlockId block_;
  std::unordered_map<uint32_t, InstId> values_;       // by number in the text
  std::unordered_map<uint32_t, BlockId> blocks_;
  std::unordered_map<uint32_t, size_t> value_uses_, block_uses_;  // where each was first used
  std::vector<std::pair<uint32_t, IrType>> header_params_;        // UINT32_MAX: unnamed
  std::vector<size_t> header_param_at_;
  size_t failure_at_ = 0;
  std::string message_;
};

bool Parser::fail_at(size_t at, std::string message) {
  failure_at_ = at;
  message_ = std::move(message);
  return false;
}

void Parser::skip() {
  while (at_ < text_.size()) {
    char c = text_[at_];
    if (c == ';') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++at_;
    } else {
      return;
    }
  }
}

bool Parser::peek(std::string_view punctuation) {
  skip();
  return text_.substr(at_).starts_with(punctuation);
}

bool Parser::accept(std::string_view punctuation) {
  if (!peek(punctuation)) return false;
  at_ += punctuation.size();
  return true;
}

bool Parser::expect(std::string_view punctuation) { return accept(punctuation) || fail("expected '" + std::string(punctuation) + "'"); }

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '$'; }

std::string_view Parser::peek_word() {
  skip();
  size_t end = at_;
  while (end < text_.size() && is_word(text_[end])) ++end;
  return text_.substr(at_, end - at_);
}

bool Parser::accept_word(std::string_view word) {
  if (peek_word() != word) return false;
  at_ += word.size();
  return true;
}

bool Parser::unsigned_number(uint64_t limit, uint64_t* value) {
  std::string_view word = peek_word();
  auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), *value);
  if (error != std::errc() || end != word.data() + word.size()) return fail("expected a number");
  if (*value > limit) return fail("number above " + std::to_string(limit));
  at_ += word.size();
  return true;
}

bool Parser::signed_number(int64_t* value) {
  skip();
  size_t start = at_;
  bool negative = accept("-");
  std::string_view word = peek_word();
  const char* begin = negative ? word.data() - 1 : word.data();
  auto [end, error] = std::from_chars(begin, word.data() + word.size(), *value);
  if (word.empty() || error != std::errc() || end != word.data() + word.size()) return fail_at(start, "expected a 64-bit number");
  at_ += word.size();
  return true;
}

bool Parser::at_prefixed(char prefix) {
  std::string_view word = peek_word();
  if (word.size() < 2 || word[0] != prefix) return false;
  for (char c : word.substr(1)) {
    if (!std::isdigit(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

bool Parser::prefixed(char prefix, uint32_t* number) {
  if (!at_prefixed(prefix)) return fail(std::string("expected ") + prefix + " and a number");
  ++at_;
  uint64_t value = 0;
  if (!unsigned_number(UINT32_MAX - 1, &value)) return false;
  *number = static_cast<uint32_t>(value);
  return true;
}

bool Parser::type(IrType* result) {
  for (IrType candidate : {IrType::kI32, IrType::kI64, IrType::kF64, IrType::kBool, IrType::kRef}) {
    if (accept_word(type_name(candidate))) return *result = candidate, true;
  }
  return fail("expected a type");
}

bool Parser::quoted(std::string* result) {
  auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  for (++at_; at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n'; ++at_) {
    if (text_[at_] != '\\') {
      *result += text_[at_];
      continue;
    }
    int high = at_ + 1 < text_.size() ? digit(text_[at_ + 1]) : -1;
    int low = at_ + 2 < text_.size() ? digit(text_[at_ + 2]) : -1;
    if (high < 0 || low < 0) return fail("a backslash needs two hexadecimal digits");
    *result += static_cast<char>(high * 16 + low);
    at_ += 2;
  }
  return expect("\"");
}

bool Parser::function_ref(uint32_t* index) {
  skip();
  size_t start = at_;
  if (!expect("@")) return false;
  std::string name;
  if (at_ < text_.size() && text_[at_] == '"') {
    if (!quoted(&name)) return false;
  } else {
    while (at_ < text_.size() && is_word(text_[at_])) name += text_[at_++];
  }
  if (at_ < text_.size() && text_[at_] == '#') {
    ++at_;
    uint64_t number = 0;
    if (!unsigned_number(UINT32_MAX, &number)) return false;
    if (number >= module_.functions.size() || module_.functions[number].name != name) {
      return fail_at(start, "the module has no function '" + name + "' with this number");
    }
    *index = static_cast<uint32_t>(number);
    return true;
  }
  for (size_t i = 0; i < module_.functions.size(); ++i) {
    if (module_.functions[i].name == name) return *index = static_cast<uint32_t>(i), true;
  }
  return fail_at(start, "the module has no function '" + name + "'");
}

bool Parser::unit() {
  if (!header() || !expect("{")) return false;
  while (!accept("}")) {
    if (at_ >= text_.size()) return fail("expected '}'");
    if (!block()) return false;
  }
  skip();
  if (at_ != text_.size()) return fail("text after the end of the function");
  if (fn_.blocks.empty()) return fail("a function needs a block");
  return true;
}

bool Parser::header() {
  if (accept_word("loop")) {
    fn_.is_loop_entry = true;
  } else if (!accept_word("func")) {
    return fail("expected 'func' or 'loop'");
  }
  if (!function_ref(&fn_.index)) return false;
  if (fn_.is_loop_entry) {
    uint64_t pc = 0;
    if (!accept_word("at")) return fail("expected 'at'");
    if (!unsigned_number(UINT32_MAX, &pc)) return false;
    fn_.entry_pc = static_cast<uint32_t>(pc);
  } else {
    if (!expect("(")) return false;
    for (bool more = !accept(")"); more; more = !accept(")")) {
      if (!fn_.param_types.empty() && !expect(",")) return false;
      uint32_t number = UINT32_MAX;
      skip();
      header_param_at_.push_back(at_);
      if (!accept_word("_") && !prefixed('v', &number)) return false;
      IrType param{};
      if (!expect(":") || !type(&param)) return false;
      fn_.param_types.push_back(param);
      header_params_.emplace_back(number, param);
    }
  }
  return !accept("->") || type(&fn_.result);
}

bool Parser::block_header() {
  skip();
  size_t start = at_;
  uint32_t number = 0;
  if (!prefixed('b', &number)) return false;
  block_ = fn_.add_block();
  if (!blocks_.emplace(number, block_).second) return fail_at(start, "block defined twice");
  if (accept("(")) {
    for (bool more = !accept(")"); more; more = !accept(")")) {
      if (!fn_.at(block_).phis.empty() && !expect(",")) return false;
      skip();
      size_t at = at_;
      uint32_t value = 0;
      IrType phi{};
      if (!prefixed('v', &value) || !expect(":") || !type(&phi) || !define(value, fn_.add_phi(block_, phi), at)) return false;
    }
  }
  fn_.at(block_).cold = accept_word("cold");
  if (accept_word("pc")) {
    uint64_t pc = 0;
    if (!unsigned_number(UINT32_MAX, &pc)) return false;
    fn_.at(block_).pc = static_cast<uint32_t>(pc);
  }
  return expect(":");
}

bool Parser::block() {
  if (!block_header()) return false;
  if (block_.index == 0) {
    for (size_t i = 0; i < header_params_.size(); ++i) {
      if (header_params_[i].first == UINT32_MAX) continue;
      InstId id = fn_.append(block_, IrOp::param, header_params_[i].second, {}, static_cast<int64_t>(i));
      if (!define(header_params_[i].first, id, header_param_at_[i])) return false;
    }
  }
  while (!at_prefixed('b') && !peek("}") && at_ < text_.size()) {
    if (!inst()) return false;
  }
  return true;
}

bool Parser::find_mnemonic(std::string_view word, IrOp* op) {
  for (size_t i = 0; i < kIrOpCount; ++i) {
    *op = static_cast<IrOp>(i);
    if (mnemonic(*op) == word && *op != IrOp::phi) return true;
  }
  return fail("no instruction '" + std::string(word) + "'");
}

bool Parser::inst() {
  skip();
  size_t start = at_;
  bool defines = at_prefixed('v');
  uint32_t number = 0;
  if (defines && (!prefixed('v', &number) || !expect("="))) return false;
  std::string_view word = peek_word();
  size_t dot = word.find('.');
  IrOp op{};
  if (!find_mnemonic(word.substr(0, dot), &op)) return false;
  at_ += std::min(dot, word.size());
  IrType result = IrType::kVoid;
  if (defines && (!expect(".") || !type(&result))) return false;
  if (!defines && dot != std::string_view::npos) return fail("a result type without a result");

  Inst draft;
  draft.op = op;
  draft.type = result;
  bool first = true;
  for (char letter : info(op).attributes) {
    if (std::string_view("cprkgFn").find(letter) == std::string_view::npos) continue;
    if (!first && !expect(",")) return false;
    if (!leading_attribute(op, letter, &draft)) return false;
    first = false;
  }
  std::vector<InstId> args;
  if (!operands(op, &first, &args) || !trailing_attributes(op, &draft)) return false;
  InstId id = fn_.create(op, result, args, draft.imm);
  Inst& inst = fn_.at(id);
  inst.width = draft.width;
  inst.aux = draft.aux;
  inst.reason = draft.reason;
  inst.frame = draft.frame;
  inst.block = block_;
  fn_.at(block_).insts.push_back(id);
  return !defines || define(number, id, start);
}

bool Parser::constant(IrType result, int64_t* bits) {
  skip();
  size_t start = at_;
  std::string_view word = peek_word();
  if (word.starts_with("0x")) {
    uint64_t value = 0;
    auto [end, error] = std::from_chars(word.data() + 2, word.data() + word.size(), value, 16);
    if (error != std::errc() || end != word.data() + word.size()) return fail("expected hexadecimal bits");
    *bits = static_cast<int64_t>(value);
    at_ += word.size();
    return true;
  }
  if (result == IrType::kF64) {
    // from_chars stops at the first character that cannot belong to the number.
    double value = 0;
    auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc() || (value != value && word != "nan")) return fail("expected an f64");
    *bits = value != value ? 0x7ff8000000000000 : __builtin_bit_cast(int64_t, value);
    at_ = static_cast<size_t>(end - text_.data());
    return true;
  }
  if (result == IrType::kBool) {
    *bits = word == "true" ? 1 : 0;
    return accept_word("true") || accept_word("false") || fail("expected true or false");
  }
  if (result == IrType::kRef) return accept_word("null") || fail("expected null");
  if (!signed_number(bits)) return false;
  if (result == IrType::kI32) {
    if (*bits < INT32_MIN || *bits > INT32_MAX) return fail_at(start, "does not fit i32");
    *bits = static_cast<int64_t>(static_cast<uint32_t>(*bits));
  }
  return true;
}

/// The attributes in front of the operands. They all go to imm.
bool Parser::leading_attribute(IrOp op, char letter, Inst* inst) {
  uint32_t index = 0;
  switch (letter) {
    case 'c': return constant(inst->type, &inst->imm);
    case 'p':
    case 'n': return signed_number(&inst->imm);
    case 'F':
      if (!function_ref(&index)) return false;
      break;
    default:
      if (!prefixed(letter, &index)) return false;
  }
  inst->imm = index;
  if (letter == 'g') {
    if (index >= kAliasFieldBase - kAliasGlobalBase) return fail("no such global");
    inst->aux = global_alias(index);
  }
  return true;
}

/// Value operands and, for jump and branch, successors. A value followed by '=' starts the next instruction.
bool Parser::operands(IrOp op, bool* first, std::vector<InstId>* args) {
  bool branches = op == IrOp::jump || op == IrOp::branch;
  for (;; *first = false) {
    if (*first) {
      bool edge_first = branches && at_prefixed('b');
      if (!edge_first && !at_prefixed('v')) return true;
      if (!edge_first) {
        size_t start = at_;
        at_ += peek_word().size();
        bool next_inst = peek("=");
        at_ = start;
        if (next_inst) return true;
      }
    } else if (!accept(",")) {
      return true;
    }
    if (branches && at_prefixed('b')) {
      if (!edge(&fn_.at(block_))) return false;
      continue;
    }
    InstId id;
    if (!value_use(&id)) return false;
    args->push_back(id);
  }
}

bool Parser::trailing_attributes(IrOp op, Inst* inst) {
  for (;;) {
    std::string_view word = peek_word();
    size_t start = at_;
    uint64_t value = 0;
    if (word == "offset" && has_attribute(op, 'o')) {
      at_ += word.size();
      if (!signed_number(&inst->imm)) return false;
    } else if (word == "width" && has_attribute(op, 'w')) {
      at_ += word.size();
      if (!unsigned_number(255, &value)) return false;
      inst->width = static_cast<uint8_t>(value);
    } else if (word == "alias" && has_attribute(op, 'a')) {
      at_ += word.size();
      std::string_view name = peek_word();
      size_t length = name.size();
      if (at_ + length < text_.size() && text_[at_ + length] == '#') {
        do ++length;
        while (at_ + length < text_.size() && is_word(text_[at_ + length]));
      }
      if (!find_alias(text_.substr(at_, length), &inst->aux)) return fail("no such alias class");
      at_ += length;
    } else if (word == "object" && has_attribute(op, 'O')) {
      at_ += word.size();
      uint32_t kind = 0;
      std::string_view name = peek_word();
      while (kind < std::size(kObjectKindNames) && kObjectKindNames[kind] != name) ++kind;
      if (kind == std::size(kObjectKindNames)) return fail("no such object kind");
      at_ += name.size();
      if (!unsigned_number(0xffffff, &value)) return false;
      inst->aux = kind << 24 | static_cast<uint32_t>(value);
    } else if (word == "reason") {
      at_ += word.size();
      std::string_view name = peek_word();
      size_t reason = 0;
      while (reason < kExitReasonCount && kExitReasons[reason].name != name) ++reason;
      if (reason == kExitReasonCount) return fail("no such exit reason");
      inst->reason = static_cast<ExitReason>(reason);
      at_ += name.size();
    } else if (word == "frame") {
      at_ += word.size();
      if (inst->frame.valid()) return fail_at(start, "a second frame state");
      if (!frames(&inst->frame)) return false;
    } else {
      return true;
    }
  }
}

bool Parser::edge(Block* block) {
  skip();
  size_t start = at_;
  uint32_t number = 0;
  if (!prefixed('b', &number)) return false;
  block_uses_.emplace(number, start);
  Edge result{BlockId(number), {}};
  if (accept("(")) {
    for (bool more = !accept(")"); more; more = !accept(")")) {
      if (!result.args.empty() && !expect(",")) return false;
      InstId id;
      if (!value_use(&id)) return false;
      result.args.push_back(id);
    }
  }
  block->successors.push_back(std::move(result));
  return true;
}

bool Parser::value_use(InstId* id) {
  skip();
  size_t start = at_;
  uint32_t number = 0;
  if (!prefixed('v', &number)) return false;
  value_uses_.emplace(number, start);
  *id = InstId(number);
  return true;
}

bool Parser::define(uint32_t number, InstId id, size_t at) {
  return values_.emplace(number, id).second || fail_at(at, "v" + std::to_string(number) + " defined twice");
}

bool Parser::frames(FrameId* id) {
  if (!expect("[")) return false;
  std::vector<FrameState> chain;
  do {
    chain.emplace_back();
    if (!frame(&chain.back())) return false;
  } while (accept("<-"));
  FrameId parent;
  for (size_t i = chain.size(); i-- > 0;) {
    chain[i].parent = parent;
    parent = fn_.add_frame(std::move(chain[i]));
  }
  fn_.inline_depth = std::max(fn_.inline_depth, static_cast<uint32_t>(chain.size() - 1));
  *id = parent;
  return expect("]");
}

bool Parser::frame(FrameState* state) {
  uint64_t value = 0;
  if (!accept_word("fn")) return fail("expected 'fn'");
  if (!unsigned_number(UINT32_MAX, &value)) return false;
  state->function = static_cast<uint32_t>(value);
  if (!accept_word("pc")) return fail("expected 'pc'");
  if (!unsigned_number(UINT32_MAX, &value)) return false;
  state->pc = static_cast<uint32_t>(value);
  if (accept_word("offset")) {
    if (!unsigned_number(UINT32_MAX, &value)) return false;
    state->base_offset = static_cast<uint32_t>(value);
  }
  state->charged = accept_word("charged");
  if (!expect("{")) return false;
  for (bool more = !accept("}"); more; more = !accept("}")) {
    if (!state->values.empty() && !expect(",")) return false;
    uint32_t reg = 0;
    InstId id;
    if (!prefixed('r', &reg)) return false;
    if (reg > UINT16_MAX) return fail("no such register");
    if (!expect(":") || !value_use(&id)) return false;
    state->values.push_back({static_cast<uint16_t>(reg), id});
  }
  return !accept_word("globals") || frame_globals(state);
}

bool Parser::frame_globals(FrameState* state) {
  if (!expect("{")) return false;
  for (bool more = !accept("}"); more; more = !accept("}")) {
    if (!state->globals.empty() && !expect(",")) return false;
    uint32_t global = 0;
    InstId id;
    if (!prefixed('g', &global) || !expect(":") || !value_use(&id)) return false;
    state->globals.push_back({global, id});
  }
  return true;
}

bool Parser::resolve_value(InstId* id) {
  auto it = values_.find(id->index);
  if (it == values_.end()) return fail_at(value_uses_[id->index], "v" + std::to_string(id->index) + " is not defined");
  *id = it->second;
  return true;
}

bool Parser::resolve() {
  bool ok = true;
  for (uint32_t i = 0; i < fn_.insts.size(); ++i) {
    fn_.for_each_arg(InstId(i), [&](InstId& arg) { ok = ok && resolve_value(&arg); });
  }
  for (FrameState& frame : fn_.frames) {
    for (FrameValue& value : frame.values) ok = ok && resolve_value(&value.value);
    for (GlobalValue& global : frame.globals) ok = ok && resolve_value(&global.value);
  }
  for (Block& block : fn_.blocks) {
    for (Edge& edge : block.successors) {
      if (!ok) return false;
      auto it = blocks_.find(edge.target.index);
      if (it == blocks_.end()) return fail_at(block_uses_[edge.target.index], "b" + std::to_string(edge.target.index) + " is not defined");
      edge.target = it->second;
      for (InstId& arg : edge.args) ok = ok && resolve_value(&arg);
    }
  }
  return ok;
}

}  // namespace

Result<Function> parse_ir(std::string_view text, const Module& module) { return Parser(text, module).parse(); }

}  // namespace orus::jit
