// FunctionGen: generates the code of one function from nested regions and statements.
//
// Invariants: `assigned_` holds the registers assigned on every path to here (branches start from a copy, joins
// intersect); every write to a register keeps its facts, so facts hold at every point, also around loops.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "fuzz/gen/module_state.h"

namespace orus::fuzz {

class FunctionGen {
 public:
  FunctionGen(ModuleState& module, uint32_t index);
  void run();

 private:
  using Assigned = std::vector<bool>;
  struct Register {
    TypeId type;
    Facts facts;
    bool pinned = false;  // a loop's own: statements read it only
  };
  /// A loop counter that is below the length of an array while its loop runs.
  struct Indexing {
    Reg counter, array;
  };

  // Environment (function_gen.cc)
  Reg fresh(TypeId type, Facts facts);
  Reg fresh_pinned(TypeId type, Facts facts);
  Reg destination(TypeId type, Facts facts);
  Reg known(TypeId type, Facts need);
  Reg value(TypeId type, Facts need = kNoFacts, uint32_t depth = 2);
  Reg make(TypeId type, Facts need, uint32_t depth);
  Reg make_masked(TypeId type, Facts need);
  Reg make_array(TypeId type, Facts need, uint32_t depth);
  Reg make_struct(TypeId type, uint32_t depth);
  Reg constant(TypeId type, Facts need);
  Reg number(TypeId type, int64_t value);
  Facts loosened(TypeId type, Facts facts);
  void wrote(Reg r) { assigned_[r] = true; }
  Facts facts(Reg r) const { return registers_[r].facts; }
  TypeKind kind(Reg r) const { return m_.kind(registers_[r].type); }
  void restore(Assigned before);
  void join(const Assigned& other);

  // Emission with position and cost
  void step();
  void op(Op opcode, uint16_t a = 0, uint16_t b = 0, uint16_t c = 0);
  void jump_op(Op opcode, uint16_t a, uint16_t b, Label to);
  bool spent() const;
  bool affordable(uint64_t cost) const { return cost_ + mult_ * cost <= budget_; }

  // Data instructions (data_ops.cc)
  struct Operands;
  bool data_op(Op opcode);
  bool random_data_op();
  bool choose_base(Operands* o);
  TypeId operand_type(const Operands& o, char letter);
  Facts need_of(const Operands& o, size_t operand, char letter);
  Facts arithmetic_need(const Operands& o, size_t operand);
  Facts conversion_need(const Operands& o);
  Facts result_of(const Operands& o);
  Facts arithmetic_result(const Operands& o);
  bool operand(Operands* o, size_t field, char letter);
  Reg related(Reg first, const Facts& need);
  TypeId array_type_for(char letter);
  std::optional<Indexing> indexing(TypeId type);
  void load_global(GlobalPlan& global);
  void store_global(GlobalPlan& global);

  // Statements (statements.cc)
  void statement();
  void block(uint32_t statements);
  void runtime_call();
  Reg mixed_array(TypeId type);
  Reg text(std::string_view characters);
  void print_arguments(std::vector<Reg>* args);
  void similar_arguments(std::vector<Reg>* args);
  void slice_arguments(Builtin builtin, TypeId array, bool risky, std::vector<Reg>* args);
  bool builtin_arguments(Builtin builtin, std::vector<Reg>* args, Facts* result);
  void call();
  void call_itself();
  void overflow_sometimes();
  void call_function(FunctionPlan& callee, Reg first = kNoReg);
  void accumulate();
  void print_some();
  void probe();
  void store_everything();
  void leave();
  void return_value();

  // Regions (regions.cc)
  void conditional_jump(Label to);
  void compare_jump(Op opcode, Label to);
  void branch();
  void try_catch();
  void loop();
  void counted_loop();
  void stepped_loop();
  void guarded_loop();
  void do_while_loop();
  void range_loop();
  void irreducible_loop();
  void loop_body();
  void lie(Reg counter);
  uint32_t trip_count();
  Label loop_exit() const { return exits_.back(); }

  // Policies (policies.cc)
  void policy_statement();
  void invariant_chain();
  void mirrored_pair();
  void repeat_expression();
  void affine_index();
  void pressure();
  void fixed_registers();
  void large_constants();
  void cold_exit();
  void global_updates();
  bool takes_any_number(const GlobalPlan& global);
  GlobalPlan* some_global();

  // Policies around checks and effects (policies_checks.cc)
  Reg pinned_number(int32_t value);
  Reg filled_array(int32_t length);
  void checked_loop();
  void wall(Reg counter, int32_t start, int32_t by, Label exit);
  void two_counters();
  void parabola();
  void checked_body(Reg array, Reg counter, Reg sum, Reg flag, int32_t largest);
  void keep_visible(Reg r);
  void selected_value();
  void conditional_count();
  Reg computed(Reg from);
  void across_call();
  void side_effect();
  void young_into_old();
  void push_young();
  void growing_bound();
  void guarded_division();

  // Policies about memory with two names (policies_alias.cc)
  void small_loop(uint32_t trips, const std::function<void()>& body, int32_t start = 0);
  Reg hidden(Reg from);
  void may_alias();
  void byte_row();
  void alias_lengths(Reg x, Reg y);
  void alias_accesses(Reg x, Reg y, Reg i, Reg j);
  void object_alias();
  void field_sums();
  void shared_globals();
  void late_global();

  // Policies about ranges and facts (policies_ranges.cc)
  uint64_t threshold_number(TypeId type);
  Reg integer(TypeId type, uint64_t number);
  Reg threshold(TypeId type);
  Reg ranged_value(TypeId type);
  void show_order(Reg x, Reg y, uint32_t equal_one_in = 6);
  void conversion_chains();
  void conversion_chain();
  void test_sign(Reg x);
  void implied_condition();
  void tested_division();
  void constant_division();
  void protect(const std::function<void()>& body);
  void in_place();
  void unread_check();
  void shift_count();

  // Tables of values (policies_tables.cc)
  void value_table();
  Reg boundary_table(TypeId type, uint32_t count, bool rounding, TypeId near = kTypeVoid);
  void table_op(Op opcode, Reg a, Reg b, Reg log);
  Reg result_log(Op opcode);
  void compare_result(Reg d);

  ModuleState& m_;
  Stream& s_;
  FunctionPlan& plan_;
  FunctionBuilder b_;
  bool is_main_;
  std::vector<Register> registers_;
  Assigned assigned_;
  std::vector<Label> exits_;         // of the loops around, innermost last
  std::vector<Label> heads_;         // headers that may be continued at, or invalid
  std::vector<Assigned> at_heads_;
  std::vector<Indexing> indexings_;
  std::vector<Reg> counters_;        // i32 counters of the loops around
  struct Remembered {
    Op op;
    uint16_t fields[3];
  };
  std::vector<Remembered> recent_;   // pure instructions, to repeat
  uint64_t mult_ = 1;                // executions of the current point, estimated
  uint64_t cost_ = 0, budget_ = 0;
  uint32_t depth_ = 0, tries_ = 0;
  Reg preferred_ = kNoReg;           // the next call passes it where it fits
  bool calls_itself_ = false;
  bool hot_ = false;  // a loop or a call runs on every path
  uint32_t size_ = 0, max_size_ = 0;  // instructions of this function
};

}  // namespace orus::fuzz
