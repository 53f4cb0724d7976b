// Regions: branches, loops of every shape, protected stretches. All loops end: by a counter that nothing else writes,
// or by a guard that counts down.
#include <algorithm>

#include "fuzz/gen/function_gen.h"

namespace orus::fuzz {
namespace {

// Around the points where something changes: no, one, two iterations; powers of two; hot thresholds.
constexpr uint16_t kTrips[] = {3, 1, 2, 0, 5, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 130};

struct Stepping {
  TypeId type;
  Op addk, less, less_equal, equal, not_equal;
};
constexpr Stepping kSteppings[] = {
    {kTypeI32, Op::addk_i32, Op::jlt_i32, Op::jle_i32, Op::jeq_i32, Op::jne_i32},
    {kTypeI64, Op::addk_i64, Op::jlt_i64, Op::jle_i64, Op::jeq_i64, Op::jne_i64},
    {kTypeU32, Op::addk_u32, Op::jlt_u32, Op::jle_u32, Op::jeq_u32, Op::jne_u32},
    {kTypeU64, Op::addk_u64, Op::jlt_u64, Op::jle_u64, Op::jeq_u64, Op::jne_u64},
    {kTypeF64, Op::addk_f64, Op::jlt_f64, Op::jle_f64, Op::jeq_f64, Op::jne_f64},
};

}  // namespace

// ---- branches

void FunctionGen::compare_jump(Op opcode, Label to) {
  const OpInfo& row = info(opcode);
  TypeId type = scalar_of_letter(row.kinds[0]);
  Reg a = value(type);
  uint16_t second;
  if (row.format[1] == 'i') {
    second = static_cast<uint16_t>(m_.values.immediate(s_.flip() ? facts(a) : kNoFacts));
  } else {
    Reg b = related(a, kNoFacts);
    second = b != kNoReg ? b : value(type);
  }
  jump_op(opcode, a, second, to);
}

void FunctionGen::conditional_jump(Label to) {
  static const std::vector<Op> kJumps = [] {
    std::vector<Op> out;
    for (size_t i = 0; i < kOpCount; ++i) {
      if (shape_of(static_cast<Op>(i)) == Shape::kJumpCompare) out.push_back(static_cast<Op>(i));
    }
    return out;
  }();
  if (!s_.chance(5)) return compare_jump(s_.pick(kJumps), to);
  Reg cond = value(kTypeBool);
  step();
  s_.flip() ? b_.jump_if(cond, to) : b_.jump_unless(cond, to);
}

void FunctionGen::branch() {
  if (!counters_.empty() && s_.chance(4)) return lie(counters_.back());
  Label other = b_.label(), end = b_.label();
  conditional_jump(other);
  Assigned before = assigned_;
  block(1 + s_.below(3));
  uint32_t ending = s_.below(12);
  bool leaves = false;
  if (ending == 11 && depth_ > 0) {
    leaves = true;
    if (!exits_.empty() && s_.flip()) {
      step();
      b_.jump(loop_exit());
    } else {
      leave();
    }
  } else if (ending == 10 && !heads_.empty() && heads_.back().valid()) {
    leaves = true;
    step();
    b_.jump(heads_.back());
  } else {
    step();
    b_.jump(end);
  }
  Assigned first = assigned_;
  restore(before);
  b_.bind(other);
  if (s_.flip()) block(1 + s_.below(3));
  b_.bind(end);
  if (!leaves) join(first);
}

/// The first iterations go one way, later ones another, and only the later ones bring extreme values.
void FunctionGen::lie(Reg counter) {
  static constexpr TypeId kTypes[] = {kTypeI32, kTypeI64, kTypeF64, kTypeU32, kTypeU64};
  TypeId type = s_.pick(kTypes);
  Reg x = fresh(type, kNoFacts);
  step();
  b_.load_k(x, m_.builder.constant(type, m_.values.constant(m_.kind(type), {.bits = 6})));
  Label tame = b_.label();
  jump_op(Op::jltk_i32, counter, static_cast<uint16_t>(1 + s_.below(40)), tame);
  step();
  b_.load_k(x, m_.builder.constant(type, m_.values.constant(m_.kind(type), kNoFacts)));
  Assigned before = assigned_;
  if (s_.flip()) block(1);
  restore(before);
  b_.bind(tame);
  wrote(x);
  // What meets the value: anything, and rather something that checks it.
  std::vector<Op> users;
  for (const auto& family : m_.menu) {
    for (Op candidate : family) {
      Shape shape = shape_of(candidate);
      const OpInfo& row = info(candidate);
      if (shape >= Shape::kAdd && shape <= Shape::kClampIndex && row.kinds.size() > 1 && row.format.starts_with("dr") &&
          row.format[2] != 'h' && row.kinds[1] != 'L' && row.kinds[1] != 's' && row.kinds[1] != 'b' && row.kinds[1] != 'Q' &&
          scalar_of_letter(row.kinds[1]) == type) {
        users.push_back(candidate);
      }
    }
  }
  if (users.empty()) return;
  Op user = s_.pick(users);
  const OpInfo& row = info(user);
  uint16_t second = 0;
  if (row.format[2] == 'r') {
    TypeId other = row.kinds[2] == 'L' ? kTypeI64 : scalar_of_letter(row.kinds[2]);
    second = value(other, row.kinds[2] == 'L' ? kIndexFacts : Facts{.bits = 12, .nonzero = s_.flip()});
  } else if (row.format[2] == 'i') {
    second = static_cast<uint16_t>(m_.values.immediate({.nonzero = true}));
  }
  Reg d = fresh(scalar_of_letter(row.kinds[0]), kNoFacts);
  op(user, d, x, second);
  wrote(d);
}

void FunctionGen::try_catch() {
  Assigned before = assigned_;
  Label handler = b_.label(), end = b_.label();
  Reg error = fresh(kTypeError, kNoFacts);
  auto range = b_.begin_try();
  ++tries_;
  block(1 + s_.below(4));
  --tries_;
  step();
  b_.jump(end);
  b_.end_try(range, handler, error);
  Assigned normal = assigned_;
  restore(before);
  b_.bind(handler);
  wrote(error);
  if (!s_.chance(3)) block(s_.below(3));
  b_.bind(end);
  join(normal);
}

// ---- loops

uint32_t FunctionGen::trip_count() {
  uint32_t trips = s_.pick(kTrips);
  uint64_t room = cost_ < budget_ ? (budget_ - cost_) / (mult_ * 12) : 0;
  return static_cast<uint32_t>(std::min<uint64_t>(trips, room));
}

void FunctionGen::loop() {
  if (depth_ >= 4 || !affordable(30)) return random_data_op(), void();
  hot_ |= depth_ == 0;
  switch (s_.below(8)) {
    case 0:
    case 1: return counted_loop();
    case 2: return stepped_loop();
    case 3: return do_while_loop();
    case 4: return range_loop();
    case 5: return irreducible_loop();
    default: return guarded_loop();
  }
}

void FunctionGen::loop_body() {
  static constexpr uint8_t kStatements[] = {2, 1, 3, 4, 6, 9};
  block(s_.pick(kStatements));
}

/// for i in start..limit, with the latch that increments, compares and jumps at once.
void FunctionGen::counted_loop() {
  uint32_t trips = trip_count();
  bool closed = s_.flip();
  Indexing pair{kNoReg, kNoReg};
  Reg limit;
  if (TypeId type = s_.pick(m_.arrays); !closed && s_.flip()) {
    // Up to the length of an array, which the body may then index.
    pair.array = value(type, {.min_len = 1});
    limit = fresh_pinned(kTypeI32, {.bits = 12, .nonneg = true});
    op(Op::array_len, limit, pair.array);
    trips = std::max<uint32_t>(facts(pair.array).min_len, 8);
  } else {
    limit = fresh_pinned(kTypeI32, {.bits = 12, .nonneg = true});
    Reg from = s_.flip() ? number(kTypeI32, trips) : value(kTypeI32, {.bits = 4, .nonneg = true});
    op(Op::mov, limit, from);
    trips = std::max(trips, 8u);
  }
  wrote(limit);
  Reg counter = fresh_pinned(kTypeI32, {.bits = 8, .nonneg = true});
  step();
  b_.load_k(counter, m_.builder.constant(kTypeI32, s_.chance(4) ? s_.below(4) : 0));
  wrote(counter);
  pair.counter = counter;
  Label head = b_.label(), exit = b_.label();
  if (!s_.chance(4)) jump_op(closed ? Op::jlt_i32 : Op::jle_i32, limit, counter, exit);
  Assigned before = assigned_;
  step();
  b_.bind_loop(head);
  exits_.push_back(exit);
  heads_.push_back(Label{});
  counters_.push_back(counter);
  if (pair.array != kNoReg) indexings_.push_back(pair);
  uint64_t outer = mult_;
  mult_ *= std::max(trips, 1u);
  loop_body();
  restore(before);
  jump_op(closed ? Op::inc_le : Op::inc_lt, counter, limit, head);
  mult_ = outer;
  if (pair.array != kNoReg) indexings_.pop_back();
  counters_.pop_back();
  heads_.pop_back();
  exits_.pop_back();
  b_.bind(exit);
}

/// Any step, up or down, with for_test in front and for_next behind.
void FunctionGen::stepped_loop() {
  static constexpr int16_t kStepValues[] = {1, -1, 2, 3, -2, 7, -5, 1000, -32768};
  int32_t step_value = s_.pick(kStepValues);
  uint32_t trips = trip_count();
  int32_t start = s_.chance(4) ? static_cast<int32_t>(s_.below(2000)) - 1000 : 0;
  int32_t end = start + step_value * static_cast<int32_t>(trips);
  if (s_.chance(6)) {  // next to the end of the kind
    int32_t extreme = step_value > 0 ? INT32_MAX : INT32_MIN;
    start = extreme - step_value * static_cast<int32_t>(trips);
    end = extreme;
  }
  auto load = [&](int32_t number) {
    Reg r = fresh_pinned(kTypeI32, facts_of(number));
    step();
    b_.load_k(r, m_.builder.constant(kTypeI32, static_cast<uint32_t>(number)));
    wrote(r);
    return r;
  };
  Reg counter = load(start);
  registers_[counter].facts = {.bits = std::max(bits_of(start), bits_of(end)), .nonneg = start >= 0 && end >= 0};
  Reg limit = load(end);
  load(step_value);  // the register after the limit
  bool closed = s_.flip();
  Label head = b_.label(), exit = b_.label();
  jump_op(closed ? Op::for_test_closed : Op::for_test, counter, limit, exit);
  Assigned before = assigned_;
  step();
  b_.bind_loop(head);
  exits_.push_back(exit);
  heads_.push_back(Label{});
  counters_.push_back(counter);
  uint64_t outer = mult_;
  mult_ *= trips + 1;
  loop_body();
  restore(before);
  jump_op(closed ? Op::for_next_closed : Op::for_next, counter, limit, head);
  mult_ = outer;
  counters_.pop_back();
  heads_.pop_back();
  exits_.pop_back();
  b_.bind(exit);
}

/// A header that tests anything, several latches, several exits; a guard of its own ends it.
void FunctionGen::guarded_loop() {
  const Stepping& how = s_.pick(kSteppings);
  uint32_t trips = trip_count();
  Reg guard = fresh_pinned(kTypeI32, {.bits = 9});
  step();
  b_.load_k(guard, m_.builder.constant(kTypeI32, trips));
  wrote(guard);
  Reg counter = fresh_pinned(how.type, kNoFacts);
  Reg start = value(how.type, {.bits = 4});
  op(Op::mov, counter, start);
  wrote(counter);
  Reg limit = s_.flip() ? value(how.type) : number(how.type, trips);
  Label head = b_.label(), exit = b_.label();
  step();
  b_.bind_loop(head);
  Assigned before = assigned_;
  uint64_t outer = mult_;
  mult_ *= std::max(trips, 1u);
  op(Op::addk_i32, guard, guard, static_cast<uint16_t>(-1));
  jump_op(Op::jltk_i32, guard, 0, exit);
  Op test = s_.flip() ? how.less : s_.chance(3) ? how.not_equal : s_.chance(3) ? how.equal : how.less_equal;
  Label inside = b_.label();
  if (s_.flip()) {
    jump_op(test, limit, counter, exit);
  } else {
    jump_op(test, counter, limit, inside);
    step();
    b_.jump(exit);
  }
  b_.bind(inside);
  exits_.push_back(exit);
  heads_.push_back(head);
  loop_body();
  heads_.pop_back();
  exits_.pop_back();
  restore(before);
  uint16_t by = how.type == kTypeF64
                    ? static_cast<uint16_t>(m_.builder.constant(kTypeF64, s_.flip() ? 0x3FF0000000000000 : 0x3FE0000000000000).index)
                    : static_cast<uint16_t>(1 + s_.below(3));
  op(how.addk, counter, counter, by);
  step();
  b_.jump(head);
  mult_ = outer;
  b_.bind(exit);
}

void FunctionGen::do_while_loop() {
  uint32_t trips = std::max(trip_count(), 1u);
  Reg counter = fresh_pinned(kTypeI32, {.bits = 9, .nonneg = true});
  step();
  b_.load_k(counter, m_.builder.constant(kTypeI32, 0));
  wrote(counter);
  Label head = b_.label(), exit = b_.label();
  step();
  b_.bind_loop(head);
  Assigned before = assigned_;
  exits_.push_back(exit);
  heads_.push_back(Label{});
  counters_.push_back(counter);
  uint64_t outer = mult_;
  mult_ *= trips;
  loop_body();
  restore(before);
  op(Op::addk_i32, counter, counter, 1);
  jump_op(s_.flip() ? Op::jltk_i32 : Op::jnek_i32, counter, static_cast<uint16_t>(trips), head);
  mult_ = outer;
  counters_.pop_back();
  heads_.pop_back();
  exits_.pop_back();
  b_.bind(exit);
}

void FunctionGen::range_loop() {
  Reg args[3] = {value(kTypeI64, {.bits = 4}), value(kTypeI64, {.bits = 4}), number(kTypeI64, s_.flip() ? 1 : -1)};
  if (s_.flip()) args[1] = number(kTypeI64, std::max(trip_count(), 1u));
  Reg iterator = fresh_pinned(kTypeRange, kNoFacts);
  step();
  b_.rt(iterator, Builtin::range_new, args);
  wrote(iterator);
  Reg d = fresh_pinned(kTypeI64, {.bits = 9});
  assigned_[d] = false;
  Label head = b_.label(), exit = b_.label();
  step();
  b_.bind_loop(head);
  Assigned before = assigned_;
  uint64_t outer = mult_;
  mult_ *= 12;
  jump_op(Op::range_next, d, iterator, exit);
  wrote(d);
  exits_.push_back(exit);
  heads_.push_back(head);
  loop_body();
  heads_.pop_back();
  exits_.pop_back();
  step();
  b_.jump(head);
  mult_ = outer;
  restore(before);
  b_.bind(exit);
}

/// Two entries: from the front, and into the middle of the body.
void FunctionGen::irreducible_loop() {
  uint32_t trips = trip_count();
  Reg guard = fresh_pinned(kTypeI32, {.bits = 9});
  step();
  b_.load_k(guard, m_.builder.constant(kTypeI32, trips));
  wrote(guard);
  Label head = b_.label(), middle = b_.label(), exit = b_.label();
  conditional_jump(middle);
  Assigned before = assigned_;
  step();
  b_.bind_loop(head);
  uint64_t outer = mult_;
  mult_ *= std::max(trips, 1u);
  exits_.push_back(exit);
  heads_.push_back(Label{});
  block(1 + s_.below(3));
  restore(before);
  b_.bind(middle);
  block(1 + s_.below(3));
  heads_.pop_back();
  exits_.pop_back();
  restore(before);
  op(Op::addk_i32, guard, guard, static_cast<uint16_t>(-1));
  jump_op(Op::jgtk_i32, guard, 0, head);
  mult_ = outer;
  b_.bind(exit);
}

}  // namespace orus::fuzz
