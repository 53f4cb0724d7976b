// The policy of tables: scalar instructions applied to every pair of two small tables of boundary values, so that one
// program tries dozens of pairs that single constants rarely bring together (NaN with NaN, the minimum with -1, a shift by
// the width, 2^63 with its neighbours).
#include <algorithm>
#include <bit>

#include "fuzz/gen/function_gen.h"

namespace orus::fuzz {
namespace {

constexpr std::string_view kScalarLetters = "iIuUfLs";  // L: i64 or u64

bool is_scalar(char letter) { return kScalarLetters.find(letter) != std::string_view::npos; }

/// Instructions on one or two numbers: arithmetic, bits, comparisons to values and by branches, conversions; and
/// comparisons of strings.
bool is_table_op(Op opcode) {
  const OpInfo& row = info(opcode);
  bool value = row.format == "drr" || row.format == "dr-";
  size_t first = value ? 1 : 0, count = row.format == "dr-" ? 1 : 2;
  if (!value && row.format != "rrj") return false;
  if (row.kinds.size() < first + count) return false;
  if (value && !is_scalar(row.kinds[0]) && row.kinds[0] != 'b') return false;
  if (row.kinds[first] == 'L' || (value && row.kinds[0] == 's')) return false;
  for (size_t i = first; i < first + count; ++i) {
    if (!is_scalar(row.kinds[i])) return false;
  }
  return true;
}

/// Kinds of the operands; one that is not there is '-'.
std::pair<char, char> operand_kinds(Op opcode) {
  const OpInfo& row = info(opcode);
  if (row.format == "rrj") return {row.kinds[0], row.kinds[1]};
  return {row.kinds[1], row.format == "drr" ? row.kinds[2] : '-'};
}

/// Between numbers of different kinds: conversions, mixed comparisons, shifts.
bool is_mixed(Op opcode) {
  auto [first, second] = operand_kinds(opcode);
  char result = info(opcode).kinds[0];
  return second == '-' ? result != first : second != first;
}

/// How often one is drawn: mixed ones have the most edges, then those on f64 and strings.
size_t weight(Op opcode) {
  if (is_mixed(opcode)) return 6;
  char first = operand_kinds(opcode).first;
  return first == 'f' || first == 's' ? 3 : 1;
}

std::vector<Op> table_ops() {
  std::vector<Op> ops;
  for (uint32_t i = 0; i < kOpCount; ++i) {
    Op opcode = static_cast<Op>(i);
    if (is_table_op(opcode)) ops.insert(ops.end(), weight(opcode), opcode);
  }
  return ops;
}

/// Of what is kept of an instruction: comparisons become 0 or 1.
TypeId result_type(Op opcode) {
  const OpInfo& row = info(opcode);
  return row.format == "rrj" || row.kinds[0] == 'b' ? kTypeI32 : scalar_of_letter(row.kinds[0]);
}

/// Whether the f64 nearest to a 64-bit integer is at stake.
bool rounds(Op opcode) {
  std::string_view kinds = info(opcode).kinds;
  return kinds.find('f') != std::string_view::npos && kinds.find_first_of("IU") != std::string_view::npos;
}

}  // namespace

/// An array of constants, boundaries of the kind for the most part, or with `rounding` of the f64 nearby. Most f64 are
/// values of the integer type `near`, if one is given.
Reg FunctionGen::boundary_table(TypeId type, uint32_t count, bool rounding, TypeId near) {
  TypeKind kind = m_.kind(type);
  Reg table = fresh_pinned(m_.builder.array_of(type), {.min_len = static_cast<uint16_t>(count)});
  op(Op::new_array, table, static_cast<uint16_t>(count));
  wrote(table);
  for (uint32_t i = 0; i < count; ++i) {
    Reg k = fresh(type, kNoFacts);
    step();
    if (kind == TypeKind::kString) {
      b_.load_k(k, m_.builder.string_constant(m_.values.text()));
      op(Op::array_push_ref, table, k);
      continue;
    }
    bool wide = kind == TypeKind::kI64 || kind == TypeKind::kU64;
    uint64_t bits = rounding && wide && !s_.chance(4) ? m_.values.between_reals(magnitude_bits(kind)) : m_.values.constant(kind, kNoFacts);
    if (kind == TypeKind::kF64 && near != kTypeVoid && !s_.chance(4)) bits = std::bit_cast<uint64_t>(m_.values.real_of(m_.kind(near)));
    b_.load_k(k, m_.builder.constant(type, bits));
    op(element_bytes(kind) == 4 ? Op::array_push_4 : Op::array_push_8, table, k);
  }
  return table;
}

/// for a in first: for b in second: try what the instructions make of a and b, and keep it.
void FunctionGen::value_table() {
  static const std::vector<Op> kOps = table_ops();
  std::vector<Op> chosen = {s_.pick(kOps)};
  std::pair<char, char> kinds = operand_kinds(chosen[0]);
  bool pairs = kinds.second != '-';
  uint32_t count = pairs ? 4 + s_.below(5) : 6 + s_.below(8);
  auto cost = [&] { return uint64_t{count} * (pairs ? count : 1) * 24; };
  while (count > 3 && !affordable(cost())) --count;
  if (!affordable(cost()) || depth_ >= 3) return random_data_op(), void();
  // More that take the same operands: the next ones in the table from anywhere.
  for (uint32_t at = s_.below(static_cast<uint32_t>(kOps.size())), i = 0; i < kOps.size() && chosen.size() < 3; ++i) {
    Op more = kOps[(at + i) % kOps.size()];
    std::pair<char, char> wants = operand_kinds(more);
    bool fits = wants.first == kinds.first && (wants.second == kinds.second || wants.second == '-');
    if (fits && more != chosen.back() && s_.flip()) chosen.push_back(more);
  }
  bool rounding = std::any_of(chosen.begin(), chosen.end(), rounds);
  TypeId first = scalar_of_letter(kinds.first);
  TypeId second = !pairs ? first : kinds.second == 'L' ? kTypeI64 : scalar_of_letter(kinds.second);
  TypeId near = pairs || result_type(chosen[0]) == kTypeF64 ? kTypeVoid : result_type(chosen[0]);  // of a conversion
  Reg rows = boundary_table(first, count, rounding, near), columns = pairs ? boundary_table(second, count, rounding) : rows;
  std::vector<Reg> logs;
  for (Op opcode : chosen) logs.push_back(result_log(opcode));
  Assigned before = assigned_;
  Label outer = b_.label(), inner = b_.label();
  Reg i = pinned_number(0), j = pairs ? pinned_number(0) : i;
  registers_[i].facts = registers_[j].facts = {.bits = 4, .nonneg = true};
  uint64_t times = mult_;
  step();
  b_.bind_loop(outer);
  if (pairs) {
    op(Op::load_k, j, static_cast<uint16_t>(m_.builder.constant(kTypeI32, 0).index));
    step();
    b_.bind_loop(inner);
  }
  mult_ *= uint64_t{count} * (pairs ? count : 1);
  Reg a = fresh(first, kNoFacts), b = fresh(second, kNoFacts);
  auto get = [&](TypeId type) {
    if (is_reference(m_.kind(type))) return Op::array_get_ref;
    return element_bytes(m_.kind(type)) == 4 ? Op::array_get_4 : Op::array_get_8;
  };
  op(get(first), a, rows, i);
  op(get(second), b, columns, j);
  wrote(a);
  wrote(b);
  for (size_t n = 0; n < chosen.size(); ++n) table_op(chosen[n], a, b, logs[n]);
  auto next = [&](Reg counter, Label head) {
    op(Op::addk_i32, counter, counter, 1);
    jump_op(Op::jltk_i32, counter, static_cast<uint16_t>(count), head);
  };
  if (pairs) next(j, inner);
  mult_ = times;
  next(i, outer);
  restore(before);
}

/// An array for all results of the instruction, in a global of its own; or none, where a sum is as good. Sums of f64 are
/// not: the largest swallow the rest.
Reg FunctionGen::result_log(Op opcode) {
  TypeId type = result_type(opcode);
  if (type != kTypeF64 && s_.flip()) return kNoReg;
  Reg log = fresh_pinned(m_.builder.array_of(type), kNoFacts);
  op(Op::new_array, log, 0);
  wrote(log);
  step();
  b_.store_global(log, m_.builder.add_global("log" + std::to_string(m_.dumps++), registers_[log].type));
  return log;
}

/// The result of one instruction, or that it raised, in its log or in a global that sums up; now and then printed.
void FunctionGen::table_op(Op opcode, Reg a, Reg b, Reg log) {
  const OpInfo& row = info(opcode);
  bool branch = row.format == "rrj";
  TypeId type = result_type(opcode);
  Reg d = fresh(type, kNoFacts);
  step();
  b_.load_k(d, m_.builder.constant(type, 1));
  wrote(d);
  Label handler = b_.label(), done = b_.label();
  Reg error = fresh(kTypeError, kNoFacts);
  bool swapped = operand_kinds(opcode).first == operand_kinds(opcode).second && s_.chance(3);
  if (swapped) std::swap(a, b);
  if (registers_[a].type == registers_[b].type && s_.chance(5)) b = a;
  Assigned before = assigned_;
  auto range = b_.begin_try();
  if (branch) {
    jump_op(opcode, a, b, done);
    op(Op::addk_i32, d, d, 1);
  } else if (row.kinds[0] == 'b') {
    Reg truth = fresh(kTypeBool, kNoFacts);
    op(opcode, truth, a, b);
    op(Op::conv_bool_i32, d, truth);
  } else {
    op(opcode, d, a, row.format == "drr" ? b : uint16_t{0});
  }
  step();
  b_.jump(done);
  b_.end_try(range, handler, error);
  restore(before);
  b_.bind(handler);
  b_.bind(done);
  if (log == kNoReg) {
    keep_visible(d);
  } else {
    op(element_bytes(m_.kind(type)) == 4 ? Op::array_push_4 : Op::array_push_8, log, d);
  }
  if (row.format == "dr-" || s_.chance(3)) compare_result(d);
  if (s_.chance(8)) {
    step();
    b_.rt(kNoReg, Builtin::print, std::vector<Reg>{d});
  }
}

/// Whether the result is below a constant: what a compiler may believe to know from the range of the result.
void FunctionGen::compare_result(Reg d) {
  Reg k = constant(registers_[d].type, kNoFacts);
  s_.flip() ? show_order(d, k) : show_order(k, d);
}

}  // namespace orus::fuzz
