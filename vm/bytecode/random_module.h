// RandomModule: seeded random valid modules, for tests. Instructions come from the opcode table: a new row is covered
// without a change here unless its operands need a rule of their own (`rule_of_its_own`).
//
// Each function is made of nested statements. A set of registers known to be assigned follows the structure (branches
// start from a copy, joins go back to it), so whatever the generator makes passes verify().
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "vm/bytecode/builder.h"

namespace orus {

struct RandomModuleSize {
  uint32_t functions = 3;
  uint32_t statements = 12;  // per function, roughly
};

class RandomModule {
 public:
  explicit RandomModule(uint64_t seed, RandomModuleSize size = {}) : rng_(seed), size_(size), builder_("random.orus") {}

  Module make() {
    make_types();
    for (uint32_t i = 0; i < 6; ++i) builder_.add_global("g" + std::to_string(i), any_type());
    FunctionId main = builder_.declare_function("main", {}, kTypeVoid);
    for (uint32_t i = 1; i < size_.functions; ++i) {
      std::vector<TypeId> params;
      for (uint64_t n = rng_.below(6); n > 0; --n) params.push_back(any_type());
      TypeId result = rng_.chance(3) ? kTypeVoid : any_type();
      if (result == kTypeError) params.push_back(result);
      builder_.declare_function("fn" + std::to_string(i), params, result);
    }
    for (uint32_t i = 0; i < size_.functions; ++i) make_function(FunctionId(i));
    builder_.module().main = main;
    return builder_.take();
  }

 private:
  using Assigned = std::vector<bool>;  // by register

  void make_types() {
    types_ = {kTypeI32, kTypeI64, kTypeU32, kTypeU64, kTypeF64, kTypeBool, kTypeString, kTypeError, kTypeRange};
    for (size_t i = 0; i < 9; ++i) types_.push_back(builder_.array_of(types_[i]));
    types_.push_back(builder_.array_of(types_.back()));
    for (uint32_t i = 0; i < 3; ++i) {
      TypeId id = builder_.add_struct("S" + std::to_string(i));
      auto self = builder_.array_of(id);
      std::vector<Field> fields = {{"n", kTypeI32}, {"text", kTypeString}};
      for (uint64_t n = rng_.below(5); n > 0; --n) {
        fields.push_back({"f" + std::to_string(n), n == 1 ? self : types_[rng_.below(types_.size())]});
      }
      builder_.module().types[id.index].fields = fields;
      types_.push_back(id);
      types_.push_back(self);
    }
  }

  TypeId any_type() { return types_[rng_.below(types_.size())]; }
  TypeKind kind(TypeId type) { return builder_.module().kind(type); }
  const Type& type(TypeId id) { return builder_.module().types[id.index]; }

  void make_function(FunctionId id) {
    const Function& fn = builder_.module().functions[id.index];
    result_ = fn.result;
    FunctionBuilder b(builder_, id);
    b_ = &b;
    assigned_.assign(fn.params, true);
    tries_ = 0;
    for (uint32_t i = 0; i < size_.statements; ++i) statement(3);
    leave();
    b.finish();
  }

  // Registers.

  Reg fresh(TypeId type) {
    Reg r = b_->reg(type);
    if (r >= assigned_.size()) assigned_.resize(r + 1u, false);
    return r;
  }
  /// A register to write: an assigned one or a new one.
  Reg destination(TypeId type) {
    if (auto r = known(type); r && rng_.chance(2)) return *r;
    return fresh(type);
  }
  void wrote(Reg r) { assigned_[r] = true; }

  std::optional<Reg> known(TypeId type) {
    std::vector<Reg> found;
    for (size_t r = 0; r < assigned_.size(); ++r) {
      if (assigned_[r] && b_->type_of(static_cast<Reg>(r)) == type) found.push_back(static_cast<Reg>(r));
    }
    if (found.empty()) return std::nullopt;
    return found[rng_.below(found.size())];
  }

  /// A register that holds a value of this type; made here if need be. None for an error where there is no error.
  std::optional<Reg> value(TypeId type, uint32_t depth = 3) {
    auto r = known(type);
    if (r && !rng_.chance(4)) return r;
    if (type == kTypeError) return r;
    return new_value(type, depth);
  }

  std::optional<Reg> new_value(TypeId type, uint32_t depth) {
    if (kind(type) == TypeKind::kStruct) return new_struct(type, depth);
    std::vector<Reg> args;
    if (type == kTypeRange) {
      for (int i = 0; i < 3; ++i) args.push_back(*value(kTypeI64));
    }
    Reg d = fresh(type);
    if (type == kTypeRange) {
      b_->rt(d, Builtin::range_new, args);
    } else if (kind(type) == TypeKind::kArray) {
      b_->emit(Op::new_array, d, static_cast<uint16_t>(rng_.below(9)));
    } else {
      b_->load_k(d, constant(type));
    }
    wrote(d);
    return d;
  }

  std::optional<Reg> new_struct(TypeId type, uint32_t depth) {
    if (depth == 0) return known(type);
    std::vector<Reg> fields;
    for (const Field& field : std::vector<Field>(this->type(type).fields)) {
      auto r = value(field.type, depth - 1);
      if (!r) return std::nullopt;
      fields.push_back(*r);
    }
    Reg d = destination(type);
    b_->new_struct(d, fields);
    wrote(d);
    return d;
  }

  ConstantId constant(TypeId type) {
    static constexpr std::array<uint64_t, 8> kBits = {
        0, 1, 0x7FFFFFFF, 0x80000000, UINT64_MAX, uint64_t{1} << 63, 0x3FF8000000000000, 0x7FF0000000000000};
    static constexpr std::array<std::string_view, 5> kTexts = {"", "text", "\"\\\n\t", "\xE2\x82\xAC", "\xFF\x00x"};
    if (type == kTypeString) return builder_.string_constant(kTexts[rng_.below(kTexts.size())]);
    return builder_.constant(type, rng_.chance(2) ? kBits[rng_.below(kBits.size())] : rng_.next());
  }

  // Statements.

  void statement(uint32_t depth) {
    b_->set_position({static_cast<uint32_t>(1 + rng_.below(99)), static_cast<uint32_t>(rng_.below(80))});
    switch (depth == 0 ? 5 : rng_.below(9)) {
      case 0: return branch(depth - 1);
      case 1: return counted_loop(depth - 1);
      case 2: return range_loop(depth - 1);
      case 3: return try_catch(depth - 1);
      case 4: return call();
      case 5: return runtime_call();
      default: return table_instruction();
    }
  }

  void block(uint32_t depth) {
    for (uint64_t n = 1 + rng_.below(3); n > 0; --n) statement(depth);
  }

  void branch(uint32_t depth) {
    Label other = b_->label(), end = b_->label();
    conditional_jump(other);
    Assigned before = assigned_;
    block(depth);
    bool left = rng_.chance(6);
    left ? leave() : b_->jump(end);
    restore(before);
    b_->bind(other);
    if (rng_.chance(2)) block(depth);
    restore(before);
    b_->bind(end);
  }

  /// Only what was assigned then is assigned now; registers made since stay known as unassigned.
  void restore(Assigned before) {
    before.resize(assigned_.size(), false);
    assigned_ = std::move(before);
  }

  void conditional_jump(Label to) {
    if (rng_.chance(4)) {
      Reg cond = *value(kTypeBool);
      return rng_.chance(2) ? b_->jump_if(cond, to) : b_->jump_unless(cond, to);
    }
    for (;;) {
      Op op = static_cast<Op>(rng_.below(kOpCount));
      const OpInfo& row = info(op);
      if (row.format != "rrj" && row.format != "rij") continue;
      Reg a = *value(fixed_type(row.kinds[0]));
      bool immediate = row.format[1] == 'i';
      uint16_t second = immediate ? static_cast<uint16_t>(rng_.next()) : *value(fixed_type(row.kinds[1]));
      return b_->jump_op(op, a, second, to);
    }
  }

  void counted_loop(uint32_t depth) {
    Reg start = *value(kTypeI32), end_value = *value(kTypeI32);
    Reg counter = b_->reg(kTypeI32), limit = b_->reg(kTypeI32), step = b_->reg(kTypeI32);
    assigned_.resize(step + 1u, false);
    b_->emit(Op::mov, counter, start);
    b_->emit(Op::mov, limit, end_value);
    b_->load_k(step, builder_.constant(kTypeI32, rng_.below(5)));
    for (Reg r : {counter, limit, step}) wrote(r);
    Label head = b_->label(), exit = b_->label();
    bool closed = rng_.chance(2);
    bool stepped = rng_.chance(2);
    if (stepped) b_->jump_op(closed ? Op::for_test_closed : Op::for_test, counter, limit, exit);
    Assigned before = assigned_;
    b_->bind_loop(head);
    block(depth);
    restore(before);
    if (stepped) {
      b_->jump_op(closed ? Op::for_next_closed : Op::for_next, counter, limit, head);
    } else {
      b_->jump_op(closed ? Op::inc_le : Op::inc_lt, counter, limit, head);
    }
    b_->bind(exit);
  }

  void range_loop(uint32_t depth) {
    Reg iterator = *value(kTypeRange);
    Reg d = fresh(kTypeI64);
    assigned_[d] = false;
    Label head = b_->label(), exit = b_->label();
    b_->bind_loop(head);
    Assigned before = assigned_;
    b_->jump_op(Op::range_next, d, iterator, exit);
    wrote(d);
    block(depth);
    b_->jump(head);
    restore(before);
    b_->bind(exit);
  }

  void try_catch(uint32_t depth) {
    Assigned before = assigned_;
    Label handler = b_->label(), end = b_->label();
    Reg error = fresh(kTypeError);
    auto range = b_->begin_try();
    ++tries_;
    block(depth);
    --tries_;
    b_->end_try(range, handler, error);
    b_->jump(end);
    restore(before);
    b_->bind(handler);
    wrote(error);
    block(depth);
    restore(before);
    b_->bind(end);
  }

  void call() {
    FunctionId id(rng_.below(builder_.module().functions.size()));
    const Function& callee = builder_.module().functions[id.index];
    std::vector<TypeId> params(callee.registers.begin(), callee.registers.begin() + callee.params);
    TypeId result = callee.result;
    std::vector<Reg> args;
    for (TypeId t : params) {
      auto r = value(t);
      if (!r) return;
      args.push_back(*r);
    }
    Reg d = result == kTypeVoid ? kNoReg : destination(result);
    b_->call(d, id, args);
    if (d != kNoReg) wrote(d);
  }

  void runtime_call() {
    auto builtin = static_cast<Builtin>(rng_.below(kBuiltinCount));
    const BuiltinInfo& row = info(builtin);
    std::string letters(row.arguments);
    if (letters == "*") letters.assign(rng_.below(9), '*');
    TypeId array = array_type('A');
    std::vector<Reg> args;
    for (char letter : letters) {
      auto r = value(letter == 'A' ? array : letter == '*' ? any_type() : fixed_type(letter));
      if (!r) return;
      args.push_back(*r);
    }
    char result = row.result[0];
    Reg d = result == '-' ? kNoReg : destination(result == 'A' ? array : fixed_type(result));
    b_->rt(d, builtin, args);
    if (d != kNoReg) wrote(d);
  }

  void leave() {
    if (rng_.chance(6)) return b_->fail(static_cast<ErrorKind>(rng_.below(kErrorKindCount)), "failed");
    if (rng_.chance(6)) return b_->emit(Op::raise_string, *value(kTypeString));
    if (auto e = known(kTypeError); e && rng_.chance(4)) return b_->emit(Op::raise_error, *e);
    if (result_ == kTypeVoid) return b_->emit(Op::ret_void);
    auto r = value(result_);
    if (!r) return b_->fail(ErrorKind::kRuntime, "no value");
    b_->emit(Op::ret, *r);
  }

  static bool rule_of_its_own(const OpInfo& row) {
    return row.kinds == "C" || (row.effects & (kBranch | kTerminator)) != 0 || row.name == "loop";
  }

  TypeId fixed_type(char letter) {
    static constexpr std::string_view kLetters = "iIuUfbseR";
    return TypeId(kTypeI32.index + kLetters.find(letter));
  }

  TypeId array_type(char letter) {
    for (;;) {
      TypeId t = any_type();
      if (kind(t) != TypeKind::kArray) continue;
      TypeKind element = kind(type(t).element);
      uint32_t bytes = element_bytes(element);
      bool reference = is_reference(element);
      bool fits = letter == 'A' || (letter == 'P' && reference) || (letter == 'p' && bytes == 1) || (letter == 'q' && bytes == 4) ||
                  (letter == 'o' && bytes == 8 && !reference);
      if (fits) return t;
    }
  }

  /// What the letters of one instruction stand for.
  struct Choice {
    TypeId any, array, object, field, global_type;
    uint32_t field_index = 0, global = 0;
  };

  Choice choose(const OpInfo& row) {
    Choice c;
    c.any = any_type();
    size_t a = row.kinds.find_first_of("ApqoP");
    c.array = array_type(a == std::string_view::npos ? 'A' : row.kinds[a]);
    do c.object = any_type();
    while (kind(c.object) != TypeKind::kStruct);
    const auto& fields = type(c.object).fields;
    do {
      c.field_index = static_cast<uint32_t>(rng_.below(fields.size()));
      c.field = fields[c.field_index].type;
    } while (row.name.starts_with("set_field") && is_reference(kind(c.field)) != (row.name == "set_field_ref"));
    const auto& globals = builder_.module().globals;
    c.global = static_cast<uint32_t>(rng_.below(globals.size()));
    c.global_type = globals[c.global].type;
    return c;
  }

  TypeId operand_type(char letter, const Choice& c) {
    switch (letter) {
      case 'T': return c.any;
      case 'L': return rng_.chance(2) ? kTypeI64 : kTypeU64;
      case 'Q': return kTypeString;
      case 'E': return type(c.array).element;
      case 'S': return c.object;
      case 'M': return c.field;
      case 'V': return c.global_type;
      case 'A':
      case 'p':
      case 'q':
      case 'o':
      case 'P': return c.array;
      default: return fixed_type(letter);
    }
  }

  /// One instruction of a random row whose operands the table describes completely.
  void table_instruction() {
    Op op;
    do op = static_cast<Op>(rng_.below(kOpCount));
    while (rule_of_its_own(info(op)));
    const OpInfo& row = info(op);
    Choice choice = choose(row);
    std::array<uint16_t, 3> fields = {};
    std::optional<size_t> written;
    size_t next_kind = 0;
    for (size_t i = 0; i < row.format.size(); ++i) {
      char letter = row.format[i];
      if (letter == 'r' || letter == 'd' || letter == 'h') {
        TypeId t = operand_type(row.kinds[next_kind++], choice);
        if (letter == 'd') {
          written = i;
          fields[i] = static_cast<uint16_t>(t.index);  // until the operands read are known
          continue;
        }
        auto r = letter == 'h' ? std::optional<Reg>(static_cast<Reg>(constant(kTypeF64).index)) : value(t);
        if (!r) return;
        fields[i] = *r;
      } else if (letter == 'i' || letter == 'n') {
        fields[i] = static_cast<uint16_t>(rng_.next());
      } else if (letter == 'f') {
        fields[i] = static_cast<uint16_t>(choice.field_index);
      } else if (letter == 'G') {
        fields[1] = static_cast<uint16_t>(choice.global);
      }
    }
    if (written) fields[*written] = destination(TypeId(fields[*written]));
    b_->emit(op, fields[0], fields[1], fields[2]);
    if (written) wrote(fields[*written]);
  }

  Rng rng_;
  RandomModuleSize size_;
  ModuleBuilder builder_;
  std::vector<TypeId> types_;
  FunctionBuilder* b_ = nullptr;
  TypeId result_;
  Assigned assigned_;
  uint32_t tries_ = 0;
};

}  // namespace orus
