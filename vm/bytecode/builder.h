// Builders: how a front end makes a module. They take care of encoding ranges (long jumps, wide constants), operand
// words, position tables and handler lists; they do not check types: verify() does.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "vm/bytecode/module.h"

namespace orus {

using Reg = uint16_t;
using Label = Id<struct LabelTag>;

class ModuleBuilder {
 public:
  explicit ModuleBuilder(std::string file);
  Module& module() { return module_; }
  TypeId array_of(TypeId element);
  TypeId add_struct(std::string name);                        // fields may be set later through module()
  GlobalId add_global(std::string name, TypeId type);
  ConstantId constant(TypeId type, uint64_t bits);            // interned; bits are made canonical
  ConstantId string_constant(std::string_view text);          // interned
  FunctionId declare_function(std::string name, std::span<const TypeId> params, TypeId result);
  /// Moves the module out; every declared function must have been finished.
  Module take();

 private:
  friend class FunctionBuilder;
  ConstantId intern(Constant constant);
  Module module_;
  std::unordered_map<std::string, uint32_t> constants_;  // looked up only, never walked
  std::unordered_map<uint32_t, TypeId> arrays_;
};

/// Emits one function's code in order. Registers: parameters first, then any number through reg(); release(r) lets a
/// later reg() of the same type reuse it.
class FunctionBuilder {
 public:
  FunctionBuilder(ModuleBuilder& module, FunctionId id);

  Reg param(uint32_t i) const { return static_cast<Reg>(i); }
  Reg reg(TypeId type);
  void release(Reg r);
  TypeId type_of(Reg r) const { return registers_[r]; }
  /// True once a limit is passed (kMaxRegisters, functions, loops, 65535 listed registers): do not call finish() then.
  bool overflowed() const { return overflowed_; }

  void set_position(Position p) { position_ = p; }

  /// Plain instruction; operands in format order.
  void emit(Op op, uint16_t a = 0, uint16_t b = 0, uint16_t c = 0);
  void load_k(Reg d, ConstantId k);
  void load_global(Reg d, GlobalId g);
  void store_global(Reg r, GlobalId g);
  void check_global(GlobalId g);
  void call(Reg d, FunctionId f, std::span<const Reg> args);   // d == kNoReg: no result
  void rt(Reg d, Builtin b, std::span<const Reg> args);
  void new_struct(Reg d, std::span<const Reg> fields);
  void fail(ErrorKind kind, std::string_view message);

  Label label();            // a new, unbound label
  void bind(Label l);       // here
  void bind_loop(Label l);  // here, with a `loop` instruction: required for targets of backward jumps
  void jump(Label l);
  void jump_if(Reg cond, Label l);
  void jump_unless(Reg cond, Label l);
  /// Any two-operand conditional jump (rrj, rij, xrj, xwj, rwj, drj formats): op a, b -> l. When the displacement
  /// does not fit 16 bits finish() makes room for a long jump by itself, so size() is not final before.
  void jump_op(Op op, uint16_t a, uint16_t b, Label l);

  /// Code emitted between begin_try and end_try is covered; nested ones are listed inner first.
  struct TryRange {
    uint32_t start;
    uint32_t index;
  };
  TryRange begin_try();
  void end_try(TryRange range, Label handler, Reg error_register);

  bool reachable() const { return reachable_; }  // false right after a terminator until a label is bound
  uint32_t size() const { return static_cast<uint32_t>(code_.size()); }
  /// Resolves labels and stores the function in the module.
  void finish();

 private:
  struct Fixup {
    uint32_t at;
    Label label;
    bool wide;
  };
  struct PendingTry {
    uint32_t start, end;
    Label handler;
    Reg error_register;
  };
  static constexpr uint32_t kFarGrowth = 2;  // words that the long form of a short jump adds
  void word(Insn insn);
  void start(Insn insn);
  void list(std::span<const Reg> regs);
  void listing(Op op, uint16_t a, uint16_t b, std::span<const Reg> regs);
  void jump_wide(Insn insn, Label l);
  uint32_t bound(Label l) const;
  std::vector<uint32_t> far_jumps() const;
  void insert_far_jumps(const std::vector<uint32_t>& far);
  void resolve_labels();

  ModuleBuilder& module_;
  FunctionId id_;
  std::vector<TypeId> registers_;
  std::unordered_map<uint32_t, std::vector<Reg>> free_;
  std::vector<Insn> code_;
  std::vector<Position> positions_;
  std::vector<uint32_t> labels_;  // pc or UINT32_MAX
  std::vector<Fixup> fixups_;
  std::vector<PendingTry> tries_;
  uint32_t loops_ = 0;
  Position position_;
  bool reachable_ = true;
  bool overflowed_ = false;
};

}  // namespace orus
