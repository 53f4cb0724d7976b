// Policies around checks and effects: loops whose checks are just right or off by one, values that pass through
// selects and conversions before a check, reads on both sides of a call, references stored into old objects.
#include <algorithm>
#include <cstdlib>

#include "fuzz/gen/function_gen.h"

namespace orus::fuzz {
namespace {

constexpr int16_t kSteps[] = {1, -1, 2, -2, -1, 3, -3, 7};

}  // namespace

/// A register with this number that statements leave alone.
Reg FunctionGen::pinned_number(int32_t value) {
  Reg r = fresh_pinned(kTypeI32, facts_of(value));
  step();
  b_.load_k(r, m_.builder.constant(kTypeI32, static_cast<uint32_t>(value)));
  wrote(r);
  return r;
}

/// An array of [i32] or [i64] with exactly this length.
Reg FunctionGen::filled_array(int32_t length) {
  TypeId type = m_.arrays[s_.below(2)];
  Reg array = fresh(type, {.elem = 12, .min_len = static_cast<uint16_t>(length)});
  Reg fill = value(m_.type(type).element, {.bits = 12}), count = number(kTypeI32, length);
  op(Op::array_fill, array, fill, count);
  wrote(array);
  return array;
}

/// for (i = start; ...; i += step) with an array as long as its largest index needs, or one short, and a sum that just
/// fits, or just does not.
void FunctionGen::checked_loop() {
  int32_t by = s_.pick(kSteps), trips = static_cast<int32_t>(1 + s_.below(14));
  if (!affordable(static_cast<uint64_t>(trips) * 14) || depth_ >= 4) return;
  int32_t low = s_.flip() ? 0 : static_cast<int32_t>(s_.below(3)), span = (trips - 1) * std::abs(by);
  int32_t start = by > 0 ? low : low + span, last = by > 0 ? low + span : low;
  bool short_by_one = s_.chance(5), below_zero = by < 0 ? s_.flip() : s_.chance(8);
  int32_t length = std::max(low + span + 1 - (short_by_one ? 1 : 0), 1);
  Reg array = filled_array(length);
  TypeId element = m_.type(registers_[array].type).element;
  bool narrow = element == kTypeI32;
  Reg sum = fresh_pinned(element, kNoFacts);
  op(Op::load_k, sum, static_cast<uint16_t>(m_.builder.constant(element, 0).index));
  wrote(sum);
  Reg flag = value(kTypeI32, {.bits = 4}), error = fresh_pinned(kTypeError, kNoFacts);
  Label handler = b_.label(), done = b_.label(), head = b_.label(), exit = b_.label();
  Reg counter = pinned_number(start - (below_zero ? low + 1 : 0));
  registers_[counter].facts = {.bits = 9};
  // The limit lies anywhere between the last value and the one after it.
  bool closed = s_.flip();
  int32_t beyond = static_cast<int32_t>(s_.below(static_cast<uint32_t>(std::abs(by)))) + (closed ? 0 : 1);
  Reg limit = pinned_number(last + (by > 0 ? beyond : -beyond));
  pinned_number(by);
  if (by > 0 && low == 0 && s_.flip()) {
    // Up to the length itself, which is one too far for a closed loop.
    op(Op::array_len, limit, array);
    if (closed && s_.flip()) op(Op::addk_i32, limit, limit, static_cast<uint16_t>(-1));
    registers_[limit].facts = {.bits = 12};
  }
  Assigned before = assigned_;
  auto range = b_.begin_try();
  bool ranged = s_.flip();
  if (ranged) jump_op(closed ? Op::for_test_closed : Op::for_test, counter, limit, exit);
  step();
  b_.bind_loop(head);
  uint64_t outer = mult_;
  mult_ *= static_cast<uint64_t>(trips);
  ++tries_;
  counters_.push_back(counter);
  wall(counter, start, by, exit);
  checked_body(array, counter, sum, flag, by > 0 ? last : start);
  if (s_.chance(3)) block(1);
  counters_.pop_back();
  --tries_;
  restore(before);
  if (ranged) {
    jump_op(closed ? Op::for_next_closed : Op::for_next, counter, limit, head);
  } else {
    op(Op::addk_i32, counter, counter, static_cast<uint16_t>(by));
    jump_op(closed ? Op::jle_i32 : Op::jlt_i32, by > 0 ? counter : limit, by > 0 ? limit : counter, head);
  }
  mult_ = outer;
  b_.bind(exit);
  step();
  b_.jump(done);
  b_.end_try(range, handler, error);
  b_.bind(handler);
  if (!s_.chance(4)) op(narrow ? Op::bnot_i32 : Op::bnot_i64, sum, sum);
  b_.bind(done);
  keep_visible(sum);
}

/// A loop with two counters, which come towards each other or run side by side, until one reaches the other or a limit;
/// each, or their product, is an index.
void FunctionGen::two_counters() {
  if (s_.chance(4)) return parabola();
  int32_t length = static_cast<int32_t>(2 + s_.below(14));
  if (!affordable(static_cast<uint64_t>(length) * 14) || depth_ >= 4) return random_data_op(), void();
  Reg array = filled_array(length), sum = fresh_pinned(m_.type(registers_[array].type).element, kNoFacts);
  op(Op::load_k, sum, static_cast<uint16_t>(m_.builder.constant(registers_[sum].type, 0).index));
  wrote(sum);
  bool narrow = registers_[sum].type == kTypeI32, towards = s_.flip();
  int32_t far = towards ? length - 1 : static_cast<int32_t>(s_.below(6)) - 3, trips = length + static_cast<int32_t>(s_.below(2));
  Reg i = pinned_number(static_cast<int32_t>(s_.below(3)) - (s_.chance(3) ? 2 : 0)), j = pinned_number(far), limit = pinned_number(trips);
  if (s_.flip()) op(Op::mov, j, hidden(j));
  registers_[i].facts = registers_[j].facts = {.bits = 8};
  uint32_t which = s_.below(4);
  protect([&] {
    Label head = b_.label(), exit = b_.label();
    Assigned before = assigned_;
    step();
    b_.bind_loop(head);
    uint64_t outer = mult_;
    mult_ *= static_cast<uint64_t>(trips);
    if (s_.flip()) jump_op(s_.flip() ? Op::jlt_i32 : Op::jle_i32, towards ? j : i, towards ? i : j, exit);
    Reg index = which == 0 ? i : which == 1 ? j : fresh(kTypeI32, kNoFacts), item = fresh(registers_[sum].type, {.bits = 12});
    if (which > 1) op(which == 2 ? Op::mul_i32 : Op::add_i32, index, i, s_.flip() ? i : j);
    op(narrow ? Op::array_get_4 : Op::array_get_8, item, array, index);
    op(narrow ? Op::bxor_i32 : Op::bxor_i64, sum, sum, item);
    op(narrow ? Op::addk_i32 : Op::addk_i64, sum, sum, 1);
    restore(before);
    op(Op::addk_i32, i, i, 1);
    op(Op::addk_i32, j, j, static_cast<uint16_t>(towards ? -1 : 1));
    if (s_.flip()) {  // which of them is ahead changes on the way
      Label skip = b_.label();
      bool swapped = s_.flip();
      jump_op(s_.flip() ? Op::jlt_i32 : Op::jle_i32, swapped ? j : i, swapped ? i : j, skip);
      op(narrow ? Op::addk_i32 : Op::addk_i64, sum, sum, 2);
      b_.bind(skip);
    }
    mult_ = outer;
    jump_op(s_.flip() ? Op::jlt_i32 : Op::jle_i32, i, towards ? j : limit, head);
    b_.bind(exit);
  });
  keep_visible(sum);
}

/// A loop with an index i * (i + c) + d, which falls before it grows: in bounds at both ends does not mean in between.
void FunctionGen::parabola() {
  uint32_t trips = 1 + s_.below(6);
  if (!affordable(trips * 12) || depth_ >= 4) return random_data_op(), void();
  Reg array = filled_array(static_cast<int32_t>(4 + s_.below(16))), sum = fresh_pinned(m_.type(registers_[array].type).element, kNoFacts);
  bool narrow = registers_[sum].type == kTypeI32;
  op(Op::load_k, sum, static_cast<uint16_t>(m_.builder.constant(registers_[sum].type, 0).index));
  wrote(sum);
  auto body = [&] {
    Reg i = counters_.back(), moved = fresh(kTypeI32, kNoFacts), index = fresh(kTypeI32, kNoFacts);
    Reg item = fresh(registers_[sum].type, {.bits = 12});
    op(Op::addk_i32, moved, i, static_cast<uint16_t>(static_cast<int32_t>(s_.below(6)) - 1));
    op(Op::mul_i32, index, s_.flip() ? i : moved, s_.flip() ? i : moved);
    if (s_.chance(3)) op(Op::addk_i32, index, index, static_cast<uint16_t>(s_.below(3)));
    op(narrow ? Op::array_get_4 : Op::array_get_8, item, array, index);
    op(narrow ? Op::bxor_i32 : Op::bxor_i64, sum, sum, item);
    op(narrow ? Op::addk_i32 : Op::addk_i64, sum, sum, 1);
  };
  int32_t start = -static_cast<int32_t>(s_.below(5));
  protect([&] { small_loop(trips, body, start); });
  keep_visible(sum);
}

/// Sometimes a test that is never true, or only at first, on the side where the counter does not go.
void FunctionGen::wall(Reg counter, int32_t start, int32_t by, Label exit) {
  if (!s_.chance(by < 0 ? 2 : 4)) return;
  int32_t at = start + (s_.chance(3) ? by > 0 ? -1 : 1 : 0);
  jump_op(by > 0 ? Op::jltk_i32 : Op::jgtk_i32, counter, static_cast<uint16_t>(at), exit);
}

/// One access and one sum near the end of its kind, each perhaps under a condition.
void FunctionGen::checked_body(Reg array, Reg counter, Reg sum, Reg flag, int32_t largest) {
  bool narrow = registers_[sum].type == kTypeI32;
  Label skip = b_.label();
  uint32_t condition = s_.flip() ? 0 : 1 + s_.below(3);
  if (condition == 1) jump_op(Op::jnek_i32, flag, static_cast<uint16_t>(s_.below(4)), skip);
  if (condition == 2) jump_op(Op::jltk_i32, counter, static_cast<uint16_t>(s_.below(6)), skip);
  if (condition == 3) jump_op(Op::jgtk_i32, counter, static_cast<uint16_t>(largest - static_cast<int32_t>(s_.below(3))), skip);
  Assigned before = assigned_;
  Reg item = fresh(narrow ? kTypeI32 : kTypeI64, {.bits = 12});
  if (s_.chance(3)) {
    op(narrow ? Op::array_set_4 : Op::array_set_8, array, counter, value(registers_[item].type, {.bits = 12}));
  }
  op(narrow ? Op::array_get_4 : Op::array_get_8, item, array, counter);
  op(narrow ? Op::bxor_i32 : Op::bxor_i64, sum, sum, item);
  if (s_.flip()) {
    // Overflows in the last iteration, one before it, or not at all.
    int64_t room = std::min<int64_t>(int64_t{INT32_MAX} - largest + s_.below(3) - 1, INT32_MAX);
    Reg wide = number(kTypeI32, s_.flip() ? room : -room), t = fresh(kTypeI32, kNoFacts);
    op(s_.flip() ? Op::add_i32 : Op::sub_i32, t, wide, counter);
    if (narrow) op(Op::bxor_i32, sum, sum, t);
  }
  restore(before);
  b_.bind(skip);
}

/// Puts a number where the end of the program shows it: a global of its own, in loops one that sums up.
void FunctionGen::keep_visible(Reg r) {
  TypeId type = registers_[r].type;
  GlobalId sink = m_.builder.add_global("seen" + std::to_string(m_.dumps++), type);
  Reg out = r;
  static constexpr Op kMix[] = {Op::bxor_i32, Op::bxor_i64, Op::mul_u32, Op::mul_u64, Op::add_f64};
  if (mult_ > 1 && is_numeric(m_.kind(type)) && s_.flip()) {
    Reg old = fresh(type, kNoFacts);
    step();
    b_.load_global(old, sink);
    out = fresh(type, kNoFacts);
    uint32_t k = type.index - kTypeI32.index;
    if (type == kTypeU32 || type == kTypeU64) op(type == kTypeU32 ? Op::mulk_u32 : Op::mulk_u64, old, old, 31);
    op(type == kTypeU32 ? Op::add_u32 : type == kTypeU64 ? Op::add_u64 : kMix[k], out, old, r);
  }
  step();
  b_.store_global(out, sink);
}

/// x = condition ? a : b, then an index or a checked sum that one of the two does not allow. The condition is a comparison
/// or a bool that is used again; the values are old ones or computed for this, in front of the jump or behind it.
void FunctionGen::selected_value() {
  if (s_.flip() && affordable(60) && depth_ < 4) return conditional_count();
  Reg v = !counters_.empty() && s_.flip() && assigned_[counters_.back()] ? counters_.back() : value(kTypeI32, {.bits = 12});
  if (s_.flip()) v = hidden(v);
  Reg low = number(kTypeI32, static_cast<int32_t>(s_.below(6))), k = number(kTypeI32, static_cast<int32_t>(s_.below(20)));
  if (s_.chance(3)) low = computed(v);
  // What decides may bound the value, and often does not.
  Reg w = s_.chance(3) ? v : s_.flip() ? value(kTypeI32, {.bits = 12}) : hidden(number(kTypeI32, s_.below(20)));
  bool first = s_.flip();
  Reg x = fresh(kTypeI32, kNoFacts), truth = kNoReg;
  op(Op::mov, x, first ? v : low);
  wrote(x);
  Label skip = b_.label();
  static constexpr Op kJumps[] = {Op::jlt_i32, Op::jle_i32, Op::jeq_i32, Op::jne_i32};
  static constexpr Op kTruths[] = {Op::lt_i32, Op::le_i32, Op::eq_i32, Op::ne_i32};
  uint32_t which = s_.below(std::size(kJumps));
  bool swapped = s_.flip();
  if (s_.flip()) {
    jump_op(kJumps[which], swapped ? k : w, swapped ? w : k, skip);
  } else {
    truth = fresh(kTypeBool, kNoFacts);
    op(kTruths[which], truth, swapped ? k : w, swapped ? w : k);
    wrote(truth);
    step();
    s_.flip() ? b_.jump_if(truth, skip) : b_.jump_unless(truth, skip);
  }
  switch (s_.below(6)) {
    case 0:
    case 4: op(Op::mov, x, first ? low : v); break;
    case 3:
    case 2: op(s_.flip() ? Op::add_i32 : Op::sub_i32, x, s_.flip() ? x : w, s_.flip() ? k : v); break;
    case 1: op(Op::bxor_i32, x, v, low); break;
    default: op(Op::addk_i32, x, x, static_cast<uint16_t>(s_.below(5) - 2)); break;
  }
  b_.bind(skip);
  Reg d = fresh(kTypeI32, kNoFacts);
  if (s_.flip()) {
    op(Op::array_get_4, d, value(m_.arrays[0], {.min_len = 4}), x);
  } else {
    op(Op::addk_i32, d, x, static_cast<uint16_t>(m_.values.immediate(kNoFacts)));
  }
  wrote(d);
  keep_visible(d);
  if (truth != kNoReg && s_.flip()) keep_visible(truth);
  if (s_.flip()) keep_visible(first ? low : v);
}

/// A loop that adds to a number in some of its iterations.
void FunctionGen::conditional_count() {
  Reg x = fresh_pinned(kTypeI32, kNoFacts), v = hidden(number(kTypeI32, s_.below(20)));
  op(Op::mov, x, s_.flip() ? v : value(kTypeI32, {.bits = 12}));
  wrote(x);
  Reg by = s_.flip() ? v : number(kTypeI32, 1 + s_.below(5));
  Reg other = s_.chance(4) ? value(kTypeI32, {.bits = 12}) : x;
  bool adds = s_.flip(), negated = s_.flip();
  small_loop(2 + s_.below(6), [&] {
    Label skip = b_.label();
    uint16_t edge = static_cast<uint16_t>(s_.below(5));
    switch (s_.below(3)) {
      case 0: jump_op(negated ? Op::jgtk_i32 : Op::jltk_i32, counters_.back(), edge, skip); break;
      case 1: jump_op(negated ? Op::jlt_i32 : Op::jle_i32, v, s_.flip() ? x : by, skip); break;
      default: {
        Reg odd = fresh(kTypeI32, {.bits = 2, .nonneg = true});
        op(Op::remk_i32, odd, counters_.back(), static_cast<uint16_t>(2 + s_.below(2)));
        jump_op(negated ? Op::jeqk_i32 : Op::jnek_i32, odd, 1, skip);
      }
    }
    op(adds ? Op::add_i32 : Op::sub_i32, x, other, by);
    b_.bind(skip);
    if (s_.chance(4)) statement();
  });
  keep_visible(x);
}

/// Something new, made of a number.
Reg FunctionGen::computed(Reg from) {
  static constexpr Op kOps[] = {Op::bxor_i32, Op::band_i32, Op::bor_i32};
  Reg d = fresh(kTypeI32, kNoFacts);
  op(s_.pick(kOps), d, from, value(kTypeI32));
  wrote(d);
  return d;
}

/// read, call or change, read again: both values must be what they were.
void FunctionGen::across_call() {
  Reg first = kNoReg, second = kNoReg, array = kNoReg, object = kNoReg;
  GlobalPlan* global = m_.globals.empty() ? nullptr : &m_.globals[s_.below(static_cast<uint32_t>(m_.globals.size()))];
  uint32_t what = s_.below(4);
  if (what == 3 && global == nullptr) what = 0;
  TypeId type = m_.arrays[s_.below(2)];
  if (what == 0) array = make_array(type, {.elem = 12, .min_len = 4}, 1);
  if (what == 1) array = make_array(type, {.elem = 12}, 0);
  if (what == 2) object = value(m_.structs[0]);
  Reg index = what == 0 ? value(kTypeI32, {.bits = 2, .nonneg = true}) : kNoReg;
  auto read = [&]() -> Reg {
    TypeId t = what == 0 ? m_.type(type).element : what == 3 ? global->promise.type : kTypeI32;
    Reg d = fresh(t, what == 0   ? Facts{.bits = facts(array).elem}
                     : what == 1 ? Facts{.bits = 12, .nonneg = true}
                     : what == 3 ? global->promise.facts
                                 : kNoFacts);
    if (what == 0) op(t == kTypeI32 ? Op::array_get_4 : Op::array_get_8, d, array, index);
    if (what == 1) op(Op::array_len, d, array);
    if (what == 2) op(Op::get_field, d, object, 0);
    if (what == 3) {
      step();
      b_.load_global(d, global->id);
    }
    wrote(d);
    return d;
  };
  first = read();
  uint32_t between = what == 1 && !s_.chance(4) ? 0 : s_.below(3);
  if (between == 0 && what == 1 && facts(array).min_len == 0 && mult_ <= 32) {
    op(m_.type(type).element == kTypeI32 ? Op::array_push_4 : Op::array_push_8, array,
       value(m_.type(type).element, {.bits = facts(array).elem}));
  } else if (between == 1) {
    runtime_call();
  } else {
    preferred_ = array != kNoReg ? array : object;
    call();
    preferred_ = kNoReg;
  }
  second = read();
  if (is_numeric(kind(first))) {
    keep_visible(first);
    keep_visible(second);
  }
}

/// Changes that the caller of this function can see: through parameters and globals.
void FunctionGen::side_effect() {
  for (uint32_t p = 0; p < plan_.params.size(); ++p) {
    Reg r = static_cast<Reg>(p);
    TypeId type = registers_[r].type;
    if (s_.chance(4)) continue;
    if (kind(r) == TypeKind::kStruct) {
      op(Op::set_field, r, 0, value(kTypeI32));
    } else if (kind(r) == TypeKind::kArray && !is_reference(m_.kind(m_.type(type).element)) &&
               element_bytes(m_.kind(m_.type(type).element)) > 1) {
      TypeId element = m_.type(type).element;
      bool narrow = element_bytes(m_.kind(element)) == 4;
      Reg item = value(element, {.bits = facts(r).elem});
      if (facts(r).min_len > 0) {
        op(narrow ? Op::array_set_4 : Op::array_set_8, r,
           value(kTypeI32, {.bits = static_cast<uint8_t>(std::bit_width(facts(r).min_len) - 1), .nonneg = true}), item);
      } else {
        op(narrow ? Op::array_push_4 : Op::array_push_8, r, item);
      }
    }
  }
  if (m_.globals.empty()) return;
  if (s_.flip()) store_global(m_.globals[s_.below(static_cast<uint32_t>(m_.globals.size()))]);
  // Or only looks at one of them.
  GlobalPlan& global = *some_global();
  if (s_.flip() || !is_numeric(m_.kind(global.promise.type))) return;
  Reg seen = fresh(global.promise.type, global.promise.facts);
  step();
  b_.load_global(seen, global.id);
  wrote(seen);
  keep_visible(seen);
}

/// References stored into an object that has lived for a while, with f64 values live around it.
void FunctionGen::young_into_old() {
  if (mult_ <= 16 && s_.flip()) return push_young();
  TypeId rows = m_.arrays[7];  // of [i32]
  Reg old = value(rows, {.min_len = 4}), row = make_array(m_.arrays[0], {.min_len = 4}, 1);
  Reg index = value(kTypeI32, {.bits = 2, .nonneg = true});
  Reg start = value(kTypeF64), by = s_.flip() ? start : value(kTypeF64), reals[4];
  if (s_.flip()) start = number(kTypeF64, 1 + s_.below(9));
  // Nothing but the store stands between these and their use, so that they may stay in registers over it.
  for (size_t i = 0; i < std::size(reals); ++i) {
    reals[i] = fresh(kTypeF64, kNoFacts);
    op(Op::add_f64, reals[i], i == 0 ? start : reals[i - 1], by);
    wrote(reals[i]);
  }
  op(Op::array_set_ref, old, index, row);
  for (Reg r : reals) op(Op::sub_f64, reals[0], reals[0], r);
  keep_visible(reals[0]);
  if (!s_.chance(4) && mult_ <= 16) op(Op::array_push_ref, old, row);
  Reg text = value(kTypeString), strings = value(m_.arrays[6], {.min_len = 2});
  Reg grown = fresh(kTypeString, kNoFacts);
  if (mult_ <= 64) {
    op(Op::str_concat, grown, text, constant(kTypeString, kNoFacts));
    wrote(grown);
    op(Op::array_set_ref, strings, value(kTypeI32, {.bits = 1, .nonneg = true}), grown);
  }
  Reg back = fresh(m_.arrays[0], {.elem = Facts::kAny});
  op(Op::array_get_ref, back, old, index);
  wrote(back);
  Reg length = fresh(kTypeI32, {.bits = 12, .nonneg = true});
  op(Op::array_len, length, back);
  wrote(length);
  keep_visible(length);
}

/// A loop up to the length of an array that it may lengthen itself, with the same counter as an index of another: where
/// the loop ends is not known in front of it.
void FunctionGen::growing_bound() {
  uint32_t trips = 6 + s_.below(8);
  if (!affordable(uint64_t{trips} * 12) || depth_ >= 4) return affine_index();
  TypeId type = m_.arrays[0];
  Reg longer = fresh_pinned(type, kNoFacts), sum = pinned_number(0), left = pinned_number(static_cast<int32_t>(s_.below(8)));
  registers_[sum].facts = registers_[left].facts = kNoFacts;
  op(Op::array_fill, longer, number(kTypeI32, s_.below(100)), number(kTypeI32, 1 + s_.below(4)));
  wrote(longer);
  Reg read = s_.chance(4) ? longer : filled_array(static_cast<int32_t>(2 + s_.below(10)));
  bool narrow = m_.type(registers_[read].type).element == kTypeI32, guarded = !s_.chance(6);
  if (!narrow) read = longer;
  auto body = [&] {
    Reg i = counters_.back(), length = fresh(kTypeI32, kNoFacts), d = fresh(kTypeI32, kNoFacts);
    op(Op::array_len, length, longer);
    wrote(length);
    jump_op(Op::jle_i32, length, i, loop_exit());
    op(Op::array_get_4, d, read, i);
    wrote(d);
    op(Op::bxor_i32, sum, sum, d);
    Label skip = b_.label();
    if (!s_.chance(4)) jump_op(Op::jltk_i32, left, 1, skip);
    op(Op::array_push_4, longer, d);
    op(Op::addk_i32, left, left, static_cast<uint16_t>(-1));
    b_.bind(skip);
  };
  if (guarded) {
    protect([&] { small_loop(trips, body); });
  } else {
    small_loop(trips, body);
  }
  keep_visible(sum);
}

/// New objects appended to one array, which the allocation of the next makes old; nothing else is stored into it.
void FunctionGen::push_young() {
  TypeId rows = m_.arrays[7];
  Reg old = s_.flip() ? value(rows) : make_array(rows, kNoFacts, 1);
  for (uint32_t n = 2 + s_.below(3); n > 0; --n) {
    op(Op::array_push_ref, old, make_array(m_.arrays[0], {.min_len = 4}, 1));
    if (s_.chance(3)) statement();
  }
  keep_visible(old);
}

/// A division that would raise, under a condition that keeps it from running.
void FunctionGen::guarded_division() {
  static constexpr Op kOps[] = {Op::div_i32, Op::rem_i32, Op::div_i64, Op::rem_i64, Op::div_u64, Op::rem_u32, Op::div_f64, Op::rem_f64};
  Op opcode = s_.pick(kOps);
  TypeId type = scalar_of_letter(info(opcode).kinds[0]);
  Reg a = value(type), b = kNoReg;
  // The one quotient that does not fit, with both operands known to the compiler.
  if (s_.chance(4) && type == kTypeI32) a = number(type, INT32_MIN);
  if (s_.chance(4) && type == kTypeI64) a = number(type, INT64_MIN);
  // Not always a constant: a parameter or something loaded may be zero or -1 as well.
  b = s_.flip() ? number(type, s_.flip() ? 0 : type == kTypeI32 || type == kTypeI64 ? -1 : 1) : value(type, {.bits = 1});
  Reg d = fresh(type, kNoFacts);
  step();
  b_.load_k(d, m_.builder.constant(type, 1));
  wrote(d);
  Label skip = b_.label();
  conditional_jump(skip);
  op(opcode, d, a, b);
  b_.bind(skip);
  keep_visible(d);
}

}  // namespace orus::fuzz
