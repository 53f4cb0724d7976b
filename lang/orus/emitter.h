// Emitter: checked syntax tree to bytecode.
//
// Invariants
//  1. A local variable owns one register from its declaration to the end of its scope. Temporaries are released as soon
//     as they are read. Expressions are computed straight into the register that wants them.
//  2. A register that existing code can still read is written by the last instruction of an expression only, so an
//     error half-way leaves it as it was. Registers of variables that are just being declared (Want::fresh) may be
//     written earlier.
//  3. Nothing is emitted where control cannot get, and labels nobody jumps to are not bound.
//  4. Loops are tested at the bottom: entry test, `loop`, body, backward conditional jump to the `loop`.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "lang/orus/reporter.h"
#include "lang/orus/symbols.h"
#include "vm/bytecode/builder.h"

namespace orus::lang {

/// A value in reach of instructions: in a register, or known at compile time, or both (a variable with a known value).
struct Operand {
  enum class Kind : uint8_t { kNone, kLocal, kTemporary, kConstant };
  Kind kind = Kind::kNone;
  Reg reg = kNoReg;
  TypeId type = {};
  bool known = false;  // `bits` or `text` holds the value
  uint64_t bits = 0;
  std::string_view text = {};
};

/// Where the value of an expression should go; kNoReg: anywhere.
struct Want {
  Reg reg = kNoReg;
  bool fresh = false;
};

enum class Relation : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

/// A comparison whose operands are evaluated and of one kind; or one whose outcome is certain.
struct Test {
  Relation relation = Relation::kEqual;
  Operand left = {}, right = {};
  std::optional<bool> outcome = {};
  Pos pos = {};
};

/// What the functions of one module share.
class ModuleEmitter {
 public:
  ModuleEmitter(Program& program, std::string_view file, Reporter& reporter);
  std::optional<Module> emit();

  ModuleBuilder& builder() { return builder_; }
  TypeTable& types() { return program_.types; }
  Reporter& reporter() { return reporter_; }
  TypeId lower(Ty type);
  TypeKind kind(TypeId type) { return builder_.module().kind(type); }

 private:
  void declare_structs();
  void declare_globals();
  void declare_functions();

  Program& program_;
  Reporter& reporter_;
  ModuleBuilder builder_;
  std::vector<TypeId> lowered_;  // by Ty index
};

class FunctionEmitter {
 public:
  FunctionEmitter(ModuleEmitter& module, FunctionId id, FunctionInfo* info);
  /// False, with an error reported, if the function exceeds a limit of the bytecode.
  bool emit(Block body);

 private:
  struct LoopLabels {
    Stmt* stmt;
    Label next, end;
  };
  class ScopeGuard;

  // emit_module.cc: instructions, labels, registers
  void op(Pos pos, Op op, uint16_t a = 0, uint16_t b = 0, uint16_t c = 0);
  void jump(Label l);
  void jump_on(Pos pos, Reg condition, Label l, bool sense);
  void jump_op(Pos pos, Op op, uint16_t a, uint16_t b, Label l);
  void rt(Pos pos, Reg d, Builtin b, std::span<const Reg> arguments);
  void fail(Pos pos, ErrorKind kind, std::string_view message);
  void load(Pos pos, Reg d, TypeId type, uint64_t bits, std::string_view text = {});
  Label label();
  void bind(Label l);
  bool reachable() const { return code_.reachable(); }
  void at(Pos pos) { code_.set_position(Position{pos.line, pos.column}); }
  TypeId lower(Ty type) { return module_.lower(type); }
  TypeKind kind(TypeId type) { return module_.kind(type); }
  TypeKind kind(const Expr* e) { return module_.kind(lower(e->type)); }
  Reg target(Want want, TypeId type) { return want.reg != kNoReg ? want.reg : code_.reg(type); }
  Operand result(Want want, Reg reg, TypeId type);
  Operand constant(TypeId type, uint64_t bits) { return Operand{Operand::Kind::kConstant, kNoReg, type, true, bits, {}}; }
  Reg use(Pos pos, Operand& operand);
  void release(const Operand& operand);
  void move_to(Pos pos, Operand operand, Reg d);
  Reg local(Symbol* symbol);
  void add_to_scope(const Symbol* symbol, Reg reg);
  void prepare_unsure(const Stmt* s);
  void note_assigned(Pos pos, const Symbol* symbol);

  // emit_statement.cc
  void emit_block(Block block, bool tail);
  void emit_scoped(Block block, bool soft, bool tail);
  void emit_statement(Stmt* s, bool tail);
  void emit_tail(Expr* e);
  void emit_return(Stmt* s);
  void emit_print(Stmt* s);
  void emit_declare(Stmt* s);
  void emit_assign(Stmt* s);
  void assign_to(Expr* target, Operand& operand, Pos pos);
  void assign_direct(Stmt* s);
  void store_index(Expr* target, Expr* value);
  void store_member(Expr* target, Expr* value);
  void emit_update(Stmt* s);
  void update_index(Expr* e);
  void update_member(Expr* e);
  void emit_destructure(Stmt* s);
  void emit_if(Stmt* s, bool tail);
  void emit_try(Stmt* s);
  void emit_raise(Stmt* s);
  void emit_jump(Stmt* s);
  void set_element(Pos pos, Operand& array, Reg index, Operand& value);
  void set_member(const Expr* member, Operand& base, Operand& value);

  // emit_loop.cc
  void emit_while(Stmt* s);
  void emit_for_range(Stmt* s);
  bool bad_bounds(Stmt* s);
  void emit_unit_range(Stmt* s, Operand& end);
  void emit_stepped_range(Stmt* s, Expr* end, Expr* step);
  void emit_for_each(Stmt* s);
  void emit_for_array(Stmt* s);
  void emit_for_count(Stmt* s, Operand start, Operand end);
  void emit_for_iterator(Stmt* s);
  Operand stable(Expr* e, Operand operand);
  std::pair<Reg, Reg> adjacent_pair();
  void emit_loop_body(Stmt* s, Label next, Label end);

  // emit_expression.cc
  Operand eval(Expr* e, Want want = {});
  void into(Expr* e, Reg d, bool fresh = false);
  void discard(Expr* e);
  Operand eval_failure(Expr* e, Want want);
  bool known_value(const Expr* e, Operand* out);
  bool folds(const Symbol* symbol) const;
  Operand eval_name(Expr* e, Want want);
  Operand eval_negate(Expr* e, Want want);
  Operand eval_not(Expr* e, Want want);
  Operand eval_complement(Expr* e, Want want);
  Operand eval_conditional(Expr* e, Want want);
  Operand eval_index(Expr* e, Want want);
  Operand eval_slice(Expr* e, Want want);
  Operand eval_member(Expr* e, Want want);
  Operand eval_struct_literal(Expr* e, Want want);
  Operand eval_array(Expr* e, Want want);
  Operand eval_fill(Expr* e, Want want);
  Operand index_operand(Expr* e);
  Operand bound_operand(Expr* e);
  Operand get_element(Pos pos, Operand& array, Operand& index, Want want);
  Operand get_member(const Expr* e, Operand& base, Want want);

  // emit_operator.cc
  Operand eval_operators(Expr* e, Want want);
  Operand combine(Expr* node, Operand left, Want want);
  Operand arithmetic(Expr* node, Operand left, Operand right, Want want);
  bool immediate(Expr* node, Operand& left, Operand& right, TypeId type, Want want, Operand* out);
  bool float_immediate(Expr* node, Operand& left, Operand& right, Want want, Operand* out);
  Operand shift(Expr* node, Operand left, Operand right, Want want);
  Operand concatenate(Expr* node, Operand left, Operand right, Want want);
  Operand repeat(Expr* node, Operand left, Operand right, Want want);
  Operand to_text(Pos pos, Operand operand);
  Operand convert(Pos pos, Operand operand, TypeId to, Want want = {});
  Operand to_bool(Pos pos, Operand operand, Want want);
  Operand binary(Pos pos, Op op, Operand left, Operand right, TypeId type, Want want);
  Operand unary(Pos pos, Op op, Operand operand, TypeId type, Want want);

  // emit_condition.cc
  void branch(Expr* e, Label target, bool sense);
  void branch_logic(Expr* e, Label target, bool sense);
  Operand eval_logic(Expr* e, Want want);
  Test make_test(Expr* e, Operand left, Operand right);
  Test mixed_test(Pos pos, Relation relation, Operand left, Operand right);
  Test float_test(Pos pos, Relation relation, Operand integer, Operand real);
  void branch_test(Test test, Label target, bool sense);
  void branch_numbers(Test& test, Label target, bool sense);
  bool branch_immediate(Test& test, Label target);
  Operand eval_test(Test test, Want want);

  // emit_call.cc
  Operand eval_call(Expr* e, Want want);
  Operand eval_user_call(Expr* e, Want want);
  Operand eval_builtin(Expr* e, Want want);
  Operand eval_typeof(Expr* e, Want want);
  Operand eval_istype(Expr* e, Want want);
  Operand eval_int(Expr* e, Want want);
  Operand eval_float(Expr* e, Want want);
  Operand eval_push(Expr* e, Want want);
  Operand eval_pop(Expr* e, Want want);
  Operand eval_len(Expr* e, Want want);
  Operand eval_range(Expr* e, Want want);
  Operand range_bound(Expr* e);
  Operand call_builtin(Pos pos, Builtin b, std::span<Operand> arguments, TypeId type, Want want);
  Operand call_builtin(Pos pos, Builtin b, Operand argument, TypeId type, Want want) {
    return call_builtin(pos, b, std::span(&argument, 1), type, want);
  }

  ModuleEmitter& module_;
  FunctionInfo* info_;  // null: the module's own statements
  FunctionBuilder code_;
  std::vector<bool> label_used_;
  std::vector<LoopLabels> loops_;
  struct RegisterScope {
    bool soft;
    std::vector<Reg> registers;
  };
  std::vector<RegisterScope> scopes_;
};

/// Registers of variables declared while it lives are free afterwards.
class FunctionEmitter::ScopeGuard {
 public:
  ScopeGuard(FunctionEmitter& emitter, bool soft) : emitter_(emitter) { emitter_.scopes_.push_back({soft, {}}); }
  ~ScopeGuard() {
    for (Reg r : emitter_.scopes_.back().registers) emitter_.code_.release(r);
    emitter_.scopes_.pop_back();
  }
  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;

 private:
  FunctionEmitter& emitter_;
};

// How the opcode table is laid out: rows of one operation follow each other in the order of the kinds.
constexpr Op op_for(Op first, TypeKind kind) {
  return static_cast<Op>(static_cast<int>(first) + static_cast<int>(kind) - static_cast<int>(TypeKind::kI32));
}
static_assert(op_for(Op::add_i32, TypeKind::kF64) == Op::add_f64 && op_for(Op::rem_i32, TypeKind::kU32) == Op::rem_u32);
static_assert(op_for(Op::addk_i32, TypeKind::kU64) == Op::addk_u64 && op_for(Op::remk_i32, TypeKind::kU64) == Op::remk_u64);
static_assert(op_for(Op::bxor_i32, TypeKind::kU32) == Op::bxor_u32 && op_for(Op::shr_i32, TypeKind::kU64) == Op::shr_u64);
static_assert(op_for(Op::jle_i32, TypeKind::kF64) == Op::jle_f64 && op_for(Op::le_i32, TypeKind::kF64) == Op::le_f64);
static_assert(op_for(Op::jgek_i32, TypeKind::kI64) == Op::jgek_i64);

/// Array operations come for element widths 1, 4, 8 and references, in this order.
constexpr Op op_for_element(Op first, TypeKind element) {
  int row = is_reference(element) ? 3 : element == TypeKind::kBool ? 0 : 2;
  if (element == TypeKind::kI32 || element == TypeKind::kU32) row = 1;
  return static_cast<Op>(static_cast<int>(first) + row);
}
static_assert(op_for_element(Op::array_get_1, TypeKind::kString) == Op::array_get_ref);
static_assert(op_for_element(Op::array_pop_1, TypeKind::kU32) == Op::array_pop_4);

}  // namespace orus::lang
