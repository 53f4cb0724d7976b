// Policies about memory that has two names: one array or object under two registers, an object and the place that holds
// it, a global that the caller keeps in a register and the callee looks at.
#include <algorithm>
#include <bit>

#include "fuzz/gen/function_gen.h"

namespace orus::fuzz {

/// Runs `body` a few times in a loop of its own, which counts from `start`.
void FunctionGen::small_loop(uint32_t trips, const std::function<void()>& body, int32_t start) {
  Reg counter = pinned_number(start);
  registers_[counter].facts = {.bits = 5, .nonneg = start >= 0};
  Label head = b_.label(), exit = b_.label();
  step();
  b_.bind_loop(head);
  Assigned before = assigned_;
  exits_.push_back(exit);
  heads_.push_back(Label{});
  counters_.push_back(counter);
  uint64_t outer = mult_;
  mult_ *= trips;
  body();
  restore(before);
  counters_.pop_back();
  heads_.pop_back();
  exits_.pop_back();
  op(Op::addk_i32, counter, counter, 1);
  jump_op(Op::jltk_i32, counter, static_cast<uint16_t>(start + static_cast<int32_t>(trips)), head);
  mult_ = outer;
  b_.bind(exit);
}

/// The same value, which a compiler that does not look into new arrays cannot know.
Reg FunctionGen::hidden(Reg from) {
  TypeId type = registers_[from].type;
  uint32_t bytes = element_bytes(m_.kind(type));
  Reg array = fresh_pinned(m_.builder.array_of(type), {.elem = facts(from).bits, .min_len = 1});
  op(Op::array_fill, array, from, number(kTypeI32, 1));
  wrote(array);
  Reg d = fresh(type, facts(from));
  op(bytes == 1 ? Op::array_get_1 : bytes == 4 ? Op::array_get_4 : Op::array_get_8, d, array, number(kTypeI32, 0));
  wrote(d);
  return d;
}

/// Elements of one byte, side by side: a store must leave its neighbours as they are.
void FunctionGen::byte_row() {
  auto truth = [&](bool value) {
    Reg d = fresh(kTypeBool, kNoFacts);
    step();
    b_.load_k(d, m_.builder.constant(kTypeBool, value ? 1 : 0));
    wrote(d);
    return s_.flip() ? hidden(d) : d;
  };
  uint32_t length = 5 + s_.below(4);
  Reg row = fresh_pinned(m_.builder.array_of(kTypeBool), {.min_len = 5}), sum = pinned_number(1);
  registers_[sum].facts = kNoFacts;
  op(Op::array_fill, row, truth(true), number(kTypeI32, length));
  wrote(row);
  for (uint32_t n = 1 + s_.below(2); n > 0; --n) {
    Reg index = number(kTypeI32, s_.below(5));
    op(Op::array_set_1, row, s_.flip() ? hidden(index) : index, truth(false));
  }
  small_loop(length, [&] {
    Reg b = fresh(kTypeBool, kNoFacts), d = fresh(kTypeI32, kNoFacts);
    op(Op::array_get_1, b, row, counters_.back());
    op(Op::conv_bool_i32, d, b);
    op(Op::mulk_i32, sum, sum, 2);
    op(Op::add_i32, sum, sum, d);
  });
  keep_visible(sum);
}

/// Two names that may be one array: a load by one, a store by the other, the load again.
void FunctionGen::may_alias() {
  if (s_.chance(8) && affordable(70) && depth_ < 4) return byte_row();
  if (s_.chance(3)) return s_.flip() ? field_sums() : object_alias();
  static constexpr TypeId kElements[] = {kTypeI32, kTypeI64, kTypeF64, kTypeU64};
  TypeId element = s_.pick(kElements);
  TypeId type = m_.builder.array_of(element);
  Reg a = value(type, {.elem = 12, .min_len = 8}), b = fresh(type, facts(a));
  op(Op::mov, b, a);
  wrote(b);
  if (!s_.chance(4)) {
    Label same = b_.label();
    Reg other = make_array(type, {.elem = facts(a).elem, .min_len = facts(a).min_len}, 1);
    if (!storable(facts(other), facts(b))) return;
    if (s_.flip()) {
      conditional_jump(same);
    } else {
      jump_op(Op::jgtk_i32, hidden(number(kTypeI32, s_.below(4))), 0, same);
    }
    op(Op::mov, b, other);
    b_.bind(same);
  }
  // The second index: the first, another constant, or a number that may turn out to be the first.
  Facts small{.bits = 2, .nonneg = true};
  Reg i = number(kTypeI32, s_.below(4)), j = i;
  registers_[i].facts = small;
  uint32_t how = s_.below(4);
  if (how == 1) j = s_.flip() ? hidden(i) : make_masked(kTypeI32, {.bits = static_cast<uint8_t>(s_.below(3))});
  if (how == 2) i = make_masked(kTypeI32, {.bits = 1});
  if (how == 3) j = number(kTypeI32, s_.below(4));
  Reg x = s_.flip() ? a : b;
  Reg y = s_.chance(4) ? x : x == a ? b : a;
  s_.chance(3) ? alias_lengths(x, y) : alias_accesses(x, y, i, j);
}

/// len(x), push to y, len(x), pop from y, len(x): the last makes up for the push, so loops and facts stand it.
void FunctionGen::alias_lengths(Reg x, Reg y) {
  TypeId element = m_.type(registers_[x].type).element;
  bool narrow = element_bytes(m_.kind(element)) == 4;
  auto length = [&](Reg array) {
    Reg d = fresh(kTypeI32, {.bits = 20, .nonneg = true});
    op(Op::array_len, d, array);
    wrote(d);
    keep_visible(d);
  };
  length(x);
  op(narrow ? Op::array_push_4 : Op::array_push_8, y, value(element, {.bits = facts(y).elem}));
  if (!s_.chance(4)) length(x);
  if (s_.chance(4)) length(y);
  Reg last = fresh(element, {.bits = facts(y).elem});
  op(narrow ? Op::array_pop_4 : Op::array_pop_8, last, y);
  wrote(last);
  if (s_.flip()) keep_visible(last);
  length(x);
}

/// load x[i], store y[j], load x[i], in front of which something else may happen; both loads are kept.
void FunctionGen::alias_accesses(Reg x, Reg y, Reg i, Reg j) {
  TypeId element = m_.type(registers_[x].type).element;
  bool narrow = element_bytes(m_.kind(element)) == 4;
  Op get = narrow ? Op::array_get_4 : Op::array_get_8, set = narrow ? Op::array_set_4 : Op::array_set_8;
  Facts elem{.bits = facts(x).elem};
  auto read = [&] {
    Reg d = fresh(element, elem);
    op(get, d, x, i);
    wrote(d);
    keep_visible(d);
  };
  auto write = [&](Reg array, Reg index) {
    bool own = element != kTypeF64 && elem.bits >= 7 && s_.flip();
    op(set, array, index, own ? number(element, s_.below(100)) : value(element, elem));
  };
  if (s_.flip()) write(x, i);
  if (!s_.chance(4)) read();
  if (s_.chance(6)) statement();
  write(y, j);
  read();
  if (s_.chance(3)) write(x, j);
  if (s_.chance(3)) read();
}

/// A new object that a container holds as well, changed through one of the two and read through the other, perhaps in a
/// loop.
void FunctionGen::object_alias() {
  TypeId type = m_.structs[0], list_type = m_.builder.array_of(type);
  Reg object = fresh(type, kNoFacts);
  std::vector<Reg> fields;
  for (const Field& field : std::vector<Field>(m_.type(type).fields)) fields.push_back(value(field.type, kNoFacts, 1));
  step();
  b_.new_struct(object, fields);
  wrote(object);
  Reg list = fresh(list_type, {.min_len = 2}), back = fresh(type, kNoFacts);
  op(Op::array_fill, list, s_.chance(3) ? value(type) : object, number(kTypeI32, 2));
  wrote(list);
  Reg index = number(kTypeI32, s_.below(2));
  if (s_.flip()) op(Op::array_set_ref, list, index, object);
  if (s_.chance(3)) branch();
  op(Op::array_get_ref, back, list, s_.chance(4) ? make_masked(kTypeI32, {.bits = 1}) : index);
  wrote(back);
  auto touch = [&] {
    for (uint32_t n = 2 + s_.below(2); n > 0; --n) {
      Reg d = fresh(kTypeI32, kNoFacts);
      bool through = s_.flip();
      if (s_.flip()) {
        op(Op::get_field, d, through ? object : back, 0);
        wrote(d);
        keep_visible(d);
      }
      op(Op::set_field, through ? back : object, 0, number(kTypeI32, s_.below(200)));
      op(Op::get_field, d, through ? object : back, 0);
      wrote(d);
      keep_visible(d);
    }
  };
  // In a loop what one iteration stores is what the next one reads.
  uint32_t trips = 2 + s_.below(4);
  s_.flip() && affordable(trips * 16) ? small_loop(trips, touch) : touch();
}

/// A loop that adds up in the fields of an object made in front of it, by one name only or by two.
void FunctionGen::field_sums() {
  uint32_t trips = 2 + s_.below(4);
  if (!affordable(trips * 12)) return object_alias();
  TypeId type = m_.structs[0];
  auto make = [&] {
    std::vector<Reg> fields;
    for (const Field& field : std::vector<Field>(m_.type(type).fields)) {
      fields.push_back(field.type == kTypeI32 ? number(kTypeI32, s_.below(100)) : value(field.type, kNoFacts, 1));
    }
    Reg object = fresh(type, kNoFacts);
    step();
    b_.new_struct(object, fields);
    wrote(object);
    return object;
  };
  bool inside = s_.chance(4);  // made anew in each iteration
  Reg object = inside ? Reg{} : make(), other = object;
  if (!inside && s_.flip()) {
    other = fresh(type, kNoFacts);
    op(Op::mov, other, s_.chance(3) ? value(type) : object);
    wrote(other);
  }
  small_loop(trips, [&] {
    if (inside) object = other = make();
    Reg sum = fresh(kTypeI32, kNoFacts), d = fresh(kTypeI32, kNoFacts);
    op(Op::get_field, sum, s_.flip() ? object : other, 0);
    wrote(sum);
    if (s_.flip()) keep_visible(sum);
    op(Op::bxor_i32, d, sum, s_.flip() ? counters_.back() : number(kTypeI32, 1 + s_.below(100)));
    wrote(d);
    op(Op::set_field, object, 0, d);
    if (s_.chance(3)) statement();
  });
  if (inside) return;
  Reg last = fresh(kTypeI32, kNoFacts);
  op(Op::get_field, last, s_.flip() ? object : other, 0);
  wrote(last);
  keep_visible(last);
}

/// A global array or object that may have no value yet, looked into under a condition in a loop: nothing that looks into
/// it may leave the loop without the test that it is there.
void FunctionGen::late_global() {
  uint32_t trips = 2 + s_.below(6);
  if (!affordable(uint64_t{trips} * 8) || depth_ >= 4) return global_updates();
  bool is_array = s_.flip();
  TypeId type = is_array ? m_.arrays[0] : m_.structs[0];
  GlobalId global = m_.builder.add_global("late" + std::to_string(m_.dumps++), type);
  auto assign = [&] {
    Reg r = is_array ? make_array(type, {.min_len = 1}, 1) : value(type);
    step();
    b_.store_global(r, global);
  };
  bool wanted = s_.chance(3);
  Reg flag = hidden(number(kTypeI32, wanted ? 1 : 0)), sum = pinned_number(0);
  registers_[sum].facts = kNoFacts;
  if (wanted ? !s_.chance(8) : s_.chance(8)) assign();
  small_loop(trips, [&] {
    Label skip = b_.label();
    jump_op(Op::jltk_i32, flag, 1, skip);
    Reg object = fresh(type, is_array ? Facts{.min_len = 1} : kNoFacts), d = fresh(kTypeI32, kNoFacts);
    step();
    b_.load_global(object, global);
    wrote(object);
    if (is_array) {
      s_.flip() ? op(Op::array_len, d, object) : op(Op::array_get_4, d, object, number(kTypeI32, 0));
    } else {
      op(Op::get_field, d, object, 0);
    }
    wrote(d);
    op(Op::bxor_i32, sum, sum, d);
    b_.bind(skip);
    if (s_.flip()) op(Op::addk_i32, sum, sum, 1);
  });
  keep_visible(sum);
  if (s_.flip()) assign();
}

/// A loop that changes globals and calls a function, which may look at them, or change them too.
void FunctionGen::shared_globals() {
  uint32_t trips = 2 + s_.below(5);
  if (!affordable(uint64_t{trips} * 20) || depth_ >= 4) return global_updates();
  small_loop(trips, [&] {
    global_updates();
    call();
    if (m_.globals.empty() || !s_.chance(3)) return;
    GlobalPlan& global = m_.globals[s_.below(static_cast<uint32_t>(m_.globals.size()))];
    step();
    b_.check_global(global.id);
    load_global(global);
  });
}

}  // namespace orus::fuzz
