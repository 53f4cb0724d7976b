// One function an opcode. Wide arithmetic (128 bits) decides what overflows, so nothing here depends on how a machine
// reports it.
#include <cmath>
#include <cstring>
#include <limits>

#include "fuzz/oracle/reference_machine.h"

namespace orus::fuzz::ref {
namespace {

__extension__ using Wide = __int128;
constexpr size_t kMostElements = 4'000'000;  // more than any heap limit of the harness allows

template <class T>
T get(Machine& m, uint16_t r) {
  if constexpr (std::is_same_v<T, double>) {
    return real(m.reg(r));
  } else {
    return static_cast<T>(m.reg(r));
  }
}

template <class T>
void set(Machine& m, uint16_t r, T value) {
  if constexpr (std::is_same_v<T, double>) {
    m.reg(r) = bits(value);
  } else if constexpr (std::is_same_v<T, int32_t>) {
    m.reg(r) = static_cast<uint32_t>(value);
  } else {
    m.reg(r) = static_cast<Bits>(value);
  }
}

/// Stores a result that was computed without limits: signed kinds must fit, unsigned ones wrap.
template <class T>
void set_wide(Machine& m, uint16_t r, Wide value) {
  if constexpr (std::is_signed_v<T>) {
    if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) return m.raise(Trap::IntegerOverflow);
  }
  set<T>(m, r, static_cast<T>(value));
}

enum class Arith { kAdd, kSub, kMul, kDiv, kRem };

template <class T>
void arithmetic(Machine& m, uint16_t d, Arith what, Wide a, Wide b) {
  switch (what) {
    case Arith::kAdd: return set_wide<T>(m, d, a + b);
    case Arith::kSub: return set_wide<T>(m, d, a - b);
    case Arith::kMul: {
      // Unsigned 64-bit products need the low half only, which wrapping multiplication has.
      if constexpr (std::is_same_v<T, uint64_t>) return set<T>(m, d, static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
      return set_wide<T>(m, d, a * b);
    }
    case Arith::kDiv:
      if (b == 0) return m.raise(Trap::DivisionByZero);
      return set_wide<T>(m, d, a / b);
    case Arith::kRem:
      if (b == 0) return m.raise(Trap::DivisionByZero);
      // The minimum and -1: the quotient does not fit, and the remainder raises with it.
      if (std::is_signed_v<T> && b == -1 && a == static_cast<Wide>(std::numeric_limits<T>::min())) return m.raise(Trap::IntegerOverflow);
      return set_wide<T>(m, d, a % b);
  }
}

void real_arithmetic(Machine& m, uint16_t d, Arith what, double a, double b) {
  switch (what) {
    case Arith::kAdd: return set(m, d, a + b);
    case Arith::kSub: return set(m, d, a - b);
    case Arith::kMul: return set(m, d, a * b);
    case Arith::kDiv:
    case Arith::kRem:
      if (b == 0) return m.raise(Trap::DivisionByZero);
      return set(m, d, what == Arith::kDiv ? a / b : std::fmod(a, b));
  }
}

/// An immediate of an instruction on T: sign-extended, then reduced to T.
template <class T>
Wide immediate(const Insn* i) {
  return static_cast<T>(int64_t{i->sc()});
}

template <class T>
void shift(Machine& m, const Insn* i, bool left) {
  uint64_t count = m.reg(i->c);
  constexpr uint64_t kWidth = sizeof(T) * 8;
  if (count >= kWidth) return m.raise(Trap::ShiftRange);
  T a = get<T>(m, i->b);
  if (!left) return set<T>(m, i->a, static_cast<T>(Wide{a} >> count));
  using U = std::make_unsigned_t<T>;
  set<T>(m, i->a, static_cast<T>(static_cast<U>(static_cast<U>(a) << count)));
}

template <class A, class B>
int32_t three_way(A a, B b) {
  long double x = static_cast<long double>(a), y = static_cast<long double>(b);  // 64 bits of precision hold both
  if (x != x || y != y) return 2;
  return x < y ? -1 : x > y;
}
static_assert(std::numeric_limits<long double>::digits >= 64, "three_way needs the x87 format");

template <class To, class From>
void checked_conversion(Machine& m, const Insn* i, Trap trap) {
  Wide value = static_cast<Wide>(get<From>(m, i->b));
  if (value < static_cast<Wide>(std::numeric_limits<To>::min()) || value > static_cast<Wide>(std::numeric_limits<To>::max()))
    return m.raise(trap);
  set<To>(m, i->a, static_cast<To>(value));
}

/// Truncation; nothing for NaN and what does not fit.
template <class To>
bool truncate(double value, To* out) {
  if (std::isnan(value) || std::fabs(value) >= 1e30) return false;
  Wide whole = static_cast<Wide>(std::trunc(value));
  if (whole < static_cast<Wide>(std::numeric_limits<To>::min()) || whole > static_cast<Wide>(std::numeric_limits<To>::max())) return false;
  *out = static_cast<To>(whole);
  return true;
}

template <class To>
void truncating_conversion(Machine& m, const Insn* i) {
  To out = std::numeric_limits<To>::min();
  truncate(get<double>(m, i->b), &out);
  set<To>(m, i->a, out);
}

template <class To>
void checked_truncation(Machine& m, const Insn* i, Trap trap) {
  To out = 0;
  double value = get<double>(m, i->b);
  // What counts is the value itself: a fraction above the maximum is too much already.
  if (value < 0 || static_cast<long double>(value) > static_cast<long double>(std::numeric_limits<To>::max()) || !truncate(value, &out))
    return m.raise(trap);
  set<To>(m, i->a, out);
}

void branch(Machine& m, bool taken, int32_t displacement) {
  if (taken) m.jump(displacement);
}

/// for_test and for_next: does `value` lie before the limit, seen in the direction of the step?
bool in_range(Machine& m, const Insn* i, int64_t value, bool closed) {
  int64_t limit = get<int32_t>(m, i->b), step = get<int32_t>(m, static_cast<uint16_t>(i->b + 1));
  if (step > 0) return closed ? value <= limit : value < limit;
  return closed ? value >= limit : value > limit;
}

void for_next(Machine& m, const Insn* i, bool closed) {
  int64_t next = int64_t{get<int32_t>(m, i->a)} + get<int32_t>(m, static_cast<uint16_t>(i->b + 1));
  if (!in_range(m, i, next, closed) || next != static_cast<int32_t>(next)) return;
  set<int32_t>(m, i->a, static_cast<int32_t>(next));
  m.jump(i->sc());
}

void increment(Machine& m, const Insn* i, bool closed) {
  int64_t next = int64_t{get<int32_t>(m, i->a)} + 1, limit = get<int32_t>(m, i->b);
  if (closed ? next > limit : next >= limit) return;
  set<int32_t>(m, i->a, static_cast<int32_t>(next));
  m.jump(i->sc());
}

bool check_index(Machine& m, const Object* array, int32_t index) {
  if (index >= 0 && static_cast<size_t>(index) < array->values.size()) return true;
  m.raise(index < 0 ? Trap::ArrayIndexNegative : Trap::ArrayIndexRange);
  return false;
}

void array_get(Machine& m, const Insn* i) {
  Object* array = m.object(i->b);
  int32_t index = get<int32_t>(m, i->c);
  if (check_index(m, array, index)) m.reg(i->a) = array->values[static_cast<size_t>(index)];
}
void array_set(Machine& m, const Insn* i) {
  Object* array = m.object(i->a);
  int32_t index = get<int32_t>(m, i->b);
  if (check_index(m, array, index)) array->values[static_cast<size_t>(index)] = m.reg(i->c);
}
void array_push(Machine& m, const Insn* i) {
  Object* array = m.object(i->a);
  array->values.push_back(m.reg(i->b));
  m.too_big |= array->values.size() > kMostElements;
}
void array_pop(Machine& m, const Insn* i) {
  Object* array = m.object(i->b);
  if (array->values.empty()) return m.raise(Trap::PopEmpty);
  m.reg(i->a) = array->values.back();
  array->values.pop_back();
}
void array_fill(Machine& m, const Insn* i) {
  int32_t count = get<int32_t>(m, i->c);
  if (count < 0) return m.raise(Trap::RepeatCount);
  if (static_cast<size_t>(count) > kMostElements) return void(m.too_big = true);
  Object* array = m.make(TypeKind::kArray, m.type_of(i->a));
  array->values.assign(static_cast<size_t>(count), m.reg(i->b));
  m.reg(i->a) = reinterpret_cast<Bits>(array);
}

void call(Machine& m, const Insn* i) {
  if (m.frames.size() >= m.max_depth) return m.raise(Trap::StackOverflow);
  const Function& callee = m.module.functions[i->b];
  Frame frame{i->b, 0, std::vector<Bits>(callee.registers.size(), 0)};
  for (uint32_t k = 0; k < i->c; ++k) frame.regs[k] = m.reg(listed_register(i, k));
  m.frames.push_back(std::move(frame));
}

/// Ends the frame; the caller goes on behind its call.
void leave(Machine& m, bool has_value, Bits value) {
  m.frames.pop_back();
  if (m.frames.empty()) {
    m.finished = true;
    return;
  }
  Frame& caller = m.frames.back();
  const Insn& at = m.function().code[caller.pc];
  if (has_value && at.a != kNoReg) caller.regs[at.a] = value;
  caller.pc += insn_length(at);
}

void str_index(Machine& m, const Insn* i) {
  const std::string& text = m.object(i->b)->text;
  int32_t index = get<int32_t>(m, i->c);
  if (index < 0) return m.raise(Trap::StringIndexNegative);
  if (static_cast<size_t>(index) >= text.size()) return m.raise(Trap::StringIndexRange);
  m.reg(i->a) = m.make_string(text.substr(static_cast<size_t>(index), 1));
}
void str_concat(Machine& m, const Insn* i) {
  const std::string &a = m.object(i->b)->text, &b = m.object(i->c)->text;
  if (b.empty()) return void(m.reg(i->a) = m.reg(i->b));
  if (a.empty()) return void(m.reg(i->a) = m.reg(i->c));
  m.too_big |= a.size() + b.size() > (size_t{16} << 20);
  if (!m.too_big) m.reg(i->a) = m.make_string(a + b);
}
int text_order(Machine& m, const Insn* i) { return m.object(i->b)->text.compare(m.object(i->c)->text); }

void range_next(Machine& m, const Insn* i) {
  auto& r = m.object(i->b)->values;
  auto current = static_cast<int64_t>(r[0]), end = static_cast<int64_t>(r[1]), step = static_cast<int64_t>(r[2]);
  if (step > 0 ? current >= end : current <= end) return m.jump(i->sc());
  Wide next = Wide{current} + step;
  bool fits = next == static_cast<int64_t>(next);
  r[0] = fits ? static_cast<Bits>(next) : r[1];
  m.reg(i->a) = static_cast<Bits>(current);
}

void new_struct(Machine& m, const Insn* i) {
  Object* object = m.make(TypeKind::kStruct, m.type_of(i->a));
  for (uint32_t k = 0; k < i->c; ++k) object->values.push_back(m.reg(listed_register(i, k)));
  m.reg(i->a) = reinterpret_cast<Bits>(object);
}

void load_global(Machine& m, const Insn* i) {
  auto g = static_cast<uint32_t>(i->bc());
  if (!m.assigned[g] && is_reference(m.module.kind(m.module.globals[g].type))) return m.raise(Trap::UnassignedGlobal);
  m.reg(i->a) = m.globals[g];
}
void store_global(Machine& m, const Insn* i) {
  m.globals[static_cast<uint32_t>(i->bc())] = m.reg(i->a);
  m.assigned[static_cast<uint32_t>(i->bc())] = true;
}

// clang-format off: rows of a table
#define DO(name, body) \
  void op_##name(Machine& m, const Insn* i) { body; }

DO(mov, m.reg(i->a) = m.reg(i->b))
DO(load_k, m.reg(i->a) = m.constant(static_cast<uint32_t>(i->bc())))
DO(load_global, load_global(m, i))
DO(store_global, store_global(m, i))
DO(check_global, if (!m.assigned[static_cast<uint32_t>(i->bc())]) m.raise(Trap::UnassignedGlobal))

#define INTEGERS(X) X(i32, int32_t) X(i64, int64_t) X(u32, uint32_t) X(u64, uint64_t)
#define ARITH(T, what) (arithmetic<T>(m, i->a, Arith::what, get<T>(m, i->b), get<T>(m, i->c)))
#define ARITH_K(T, what) (arithmetic<T>(m, i->a, Arith::what, get<T>(m, i->b), immediate<T>(i)))
#define X(k, T)                                                    \
  DO(add_##k, ARITH(T, kAdd))                                      \
  DO(sub_##k, ARITH(T, kSub))                                      \
  DO(mul_##k, ARITH(T, kMul))                                      \
  DO(div_##k, ARITH(T, kDiv))                                      \
  DO(rem_##k, ARITH(T, kRem))                                      \
  DO(addk_##k, ARITH_K(T, kAdd))                                   \
  DO(mulk_##k, ARITH_K(T, kMul))                                   \
  DO(divk_##k, ARITH_K(T, kDiv))                                   \
  DO(remk_##k, ARITH_K(T, kRem))                                   \
  DO(band_##k, set<T>(m, i->a, get<T>(m, i->b) & get<T>(m, i->c))) \
  DO(bor_##k, set<T>(m, i->a, get<T>(m, i->b) | get<T>(m, i->c)))  \
  DO(bxor_##k, set<T>(m, i->a, get<T>(m, i->b) ^ get<T>(m, i->c))) \
  DO(bnot_##k, set<T>(m, i->a, static_cast<T>(~get<T>(m, i->b))))  \
  DO(shl_##k, shift<T>(m, i, true))                                \
  DO(shr_##k, shift<T>(m, i, false))
INTEGERS(X)
#undef X
DO(neg_i32, if (get<int32_t>(m, i->b) == INT32_MIN) m.raise(Trap::NegateI32); else set<int32_t>(m, i->a, -get<int32_t>(m, i->b)))
DO(neg_i64, if (get<int64_t>(m, i->b) == INT64_MIN) m.raise(Trap::NegateI64); else set<int64_t>(m, i->a, -get<int64_t>(m, i->b)))
DO(neg_f64, set(m, i->a, -get<double>(m, i->b)))
#define REAL(name, what) DO(name##_f64, real_arithmetic(m, i->a, Arith::what, get<double>(m, i->b), get<double>(m, i->c)))
REAL(add, kAdd)
REAL(sub, kSub)
REAL(mul, kMul) REAL(div, kDiv) REAL(rem, kRem)
#define REAL_K(name, what) DO(name##k_f64, real_arithmetic(m, i->a, Arith::what, get<double>(m, i->b), real(m.constant(i->c))))
    REAL_K(add, kAdd) REAL_K(sub, kSub) REAL_K(mul, kMul) REAL_K(div, kDiv)
// clang-format on

#define X(k, T)                                                       \
  DO(eq_##k, set(m, i->a, get<T>(m, i->b) == get<T>(m, i->c)))        \
  DO(ne_##k, set(m, i->a, get<T>(m, i->b) != get<T>(m, i->c)))        \
  DO(lt_##k, set(m, i->a, get<T>(m, i->b) < get<T>(m, i->c)))         \
  DO(le_##k, set(m, i->a, get<T>(m, i->b) <= get<T>(m, i->c)))        \
  DO(jeq_##k, branch(m, get<T>(m, i->a) == get<T>(m, i->b), i->sc())) \
  DO(jne_##k, branch(m, get<T>(m, i->a) != get<T>(m, i->b), i->sc())) \
  DO(jlt_##k, branch(m, get<T>(m, i->a) < get<T>(m, i->b), i->sc()))  \
  DO(jle_##k, branch(m, get<T>(m, i->a) <= get<T>(m, i->b), i->sc()))
        INTEGERS(X) X(f64, double)
#undef X
            DO(jnlt_f64, branch(m, !(get<double>(m, i->a) < get<double>(m, i->b)),
                                i->sc())) DO(jnle_f64, branch(m, !(get<double>(m, i->a) <= get<double>(m, i->b)), i->sc()))
#define X(k, T)                                                \
  DO(jeqk_##k, branch(m, get<T>(m, i->a) == i->sb(), i->sc())) \
  DO(jnek_##k, branch(m, get<T>(m, i->a) != i->sb(), i->sc())) \
  DO(jltk_##k, branch(m, get<T>(m, i->a) < i->sb(), i->sc()))  \
  DO(jlek_##k, branch(m, get<T>(m, i->a) <= i->sb(), i->sc())) \
  DO(jgtk_##k, branch(m, get<T>(m, i->a) > i->sb(), i->sc()))  \
  DO(jgek_##k, branch(m, get<T>(m, i->a) >= i->sb(), i->sc()))
                X(i32, int32_t) X(i64, int64_t)
#undef X
                    DO(eq_bool, set(m, i->a, m.reg(i->b) == m.reg(i->c))) DO(ne_bool, set(m, i->a, m.reg(i->b) != m.reg(i->c))) DO(
                        not_bool, set(m, i->a, m.reg(i->b) == 0)) DO(eq_ref, set(m, i->a, m.reg(i->b) == m.reg(i->c)))
                        DO(cmp_i64_u64, set(m, i->a, three_way(get<int64_t>(m, i->b), get<uint64_t>(m, i->c)))) DO(
                            cmp_i64_f64, set(m, i->a, three_way(get<int64_t>(m, i->b), get<double>(m, i->c))))
                            DO(cmp_u64_f64, set(m, i->a, three_way(get<uint64_t>(m, i->b), get<double>(m, i->c)))) DO(
                                eq_str,
                                set(m, i->a,
                                    text_order(
                                        m,
                                        i) == 0)) DO(lt_str,
                                                     set(m, i->a, text_order(m, i) < 0)) DO(le_str, set(m, i->a, text_order(m, i) <= 0))

                                DO(conv_i32_i64, set<int64_t>(m, i->a, get<int32_t>(m, i->b))) DO(conv_i32_u32, m.reg(i->a) = m.reg(i->b)) DO(
                                    conv_i32_u64,
                                    (checked_conversion<uint64_t, int32_t>(
                                        m,
                                        i,
                                        Trap::I32ToU64))) DO(conv_i32_f64, set(m, i->a, static_cast<double>(get<int32_t>(m, i->b))))
                                    DO(conv_i64_i32, set<int32_t>(m, i->a, get<int32_t>(m, i->b))) DO(
                                        conv_i64_u32,
                                        (checked_conversion<uint32_t, int64_t>(
                                            m,
                                            i,
                                            Trap::I64ToU32))) DO(conv_i64_u64,
                                                                 (checked_conversion<uint64_t, int64_t>(m, i, Trap::I64ToU64)))
                                        DO(conv_i64_f64, set(m, i->a, static_cast<double>(get<int64_t>(m, i->b)))) DO(
                                            conv_u32_i32,
                                            m.reg(i->a) =
                                                m.reg(i->b)) DO(conv_u32_i64, m.reg(i->a) = m.reg(i->b))
                                            DO(conv_u32_u64,
                                               m.reg(i->a) =
                                                   m.reg(i->b)) DO(conv_u32_f64, set(m, i->a, static_cast<double>(get<uint32_t>(m, i->b))))
                                                DO(conv_u64_i32, (checked_conversion<int32_t, uint64_t>(m, i, Trap::U64ToI32))) DO(
                                                    conv_u64_i64,
                                                    (checked_conversion<int64_t, uint64_t>(
                                                        m,
                                                        i,
                                                        Trap::U64ToI64))) DO(conv_u64_u32,
                                                                             (checked_conversion<uint32_t, uint64_t>(m, i, Trap::U64ToU32)))
                                                    DO(conv_u64_f64, set(m, i->a, static_cast<double>(get<uint64_t>(m, i->b)))) DO(
                                                        conv_f64_i32,
                                                        truncating_conversion<int32_t>(
                                                            m,
                                                            i)) DO(conv_f64_i64, truncating_conversion<int64_t>(m, i))
                                                        DO(conv_f64_u32, checked_truncation<uint32_t>(m, i, Trap::F64ToU32)) DO(
                                                            conv_f64_u64,
                                                            checked_truncation<uint64_t>(
                                                                m,
                                                                i,
                                                                Trap::F64ToU64)) DO(conv_bool_i32, m.reg(i->a) = m.reg(i->b))
                                                            DO(conv_bool_i64, m.reg(i->a) = m.reg(i->b)) DO(
                                                                conv_bool_u32,
                                                                m.reg(i->a) =
                                                                    m.reg(i->b)) DO(conv_bool_u64, m.reg(i->a) = m.reg(i->b))
                                                                DO(conv_bool_f64, set(m, i->a, m.reg(i->b) != 0 ? 1.0 : 0.0)) DO(
                                                                    index_i64,
                                                                    int64_t
                                                                        v = get<int64_t>(m, i->b);
                                                                    set<int32_t>(
                                                                        m,
                                                                        i->a,
                                                                        v<0 ? -1 : v> INT32_MAX
                                                                            ? INT32_MAX
                                                                            : static_cast<int32_t>(v)))
                                                                    DO(index_u64, uint64_t v = m.reg(i->b); set<int32_t>(
                                                                           m, i->a,
                                                                           v > INT32_MAX ? INT32_MAX
                                                                                         : static_cast<int32_t>(v)))

                                                                        DO(jump, m.jump(i->bc())) DO(jump_if, branch(m, m.reg(i->a) != 0, i->bc())) DO(
                                                                            jump_unless,
                                                                            branch(
                                                                                m,
                                                                                m.reg(i->a) ==
                                                                                    0,
                                                                                i->bc())) DO(loop, ) DO(inc_lt, increment(m, i, false))
                                                                            DO(inc_le, increment(m, i, true)) DO(
                                                                                for_test,
                                                                                branch(
                                                                                    m,
                                                                                    !in_range(m, i, get<int32_t>(m, i->a), false), i->sc()))
                                                                                DO(for_test_closed,
                                                                                   branch(m, !in_range(m, i, get<int32_t>(m, i->a), true),
                                                                                          i->sc())) DO(for_next, for_next(m, i, false))
                                                                                    DO(for_next_closed, for_next(m, i, true)) DO(
                                                                                        range_next,
                                                                                        range_next(m, i)) DO(call, call(m, i))
                                                                                        DO(rt, run_builtin(m, i)) DO(
                                                                                            ret,
                                                                                            leave(m, true,
                                                                                                  m.reg(
                                                                                                      i->a))) DO(ret_void,
                                                                                                                 leave(m, false, 0))
                                                                                            DO(raise_string,
                                                                                               m.raise_object(
                                                                                                   m.object(i->a),
                                                                                                   ErrorKind::kUser))
                                                                                                DO(raise_error, m.pending = m.object(i->a)) DO(
                                                                                                    fail,
                                                                                                    m.raise(
                                                                                                        static_cast<ErrorKind>(i->a),
                                                                                                        m.module
                                                                                                            .constants[static_cast<
                                                                                                                uint32_t>(
                                                                                                                i->bc())]
                                                                                                            .text))
                                                                                                    DO(str_concat, str_concat(m, i)) DO(
                                                                                                        str_len,
                                                                                                        m.reg(i->a) =
                                                                                                            m.object(i->b)
                                                                                                                ->text.size())
                                                                                                        DO(str_index, str_index(m, i)) DO(
                                                                                                            new_array,
                                                                                                            m.reg(i->a) = reinterpret_cast<
                                                                                                                Bits>(
                                                                                                                m.make(
                                                                                                                    TypeKind::
                                                                                                                        kArray,
                                                                                                                    m.type_of(i->a))))
                                                                                                            DO(array_fill, array_fill(m, i)) DO(
                                                                                                                array_len,
                                                                                                                m.reg(i->a) =
                                                                                                                    m.object(i->b)
                                                                                                                        ->values
                                                                                                                        .size())
#define X(w)                           \
  DO(array_get_##w, array_get(m, i))   \
  DO(array_set_##w, array_set(m, i))   \
  DO(array_push_##w, array_push(m, i)) \
  DO(array_pop_##w, array_pop(m, i))
                                                                                                                X(1) X(4) X(8) X(ref)
#undef X
                                                                                                                    DO(new_struct,
                                                                                                                       new_struct(m, i))
                                                                                                                        DO(get_field,
                                                                                                                           m.reg(i->a) =
                                                                                                                               m.object(
                                                                                                                                    i->b)
                                                                                                                                   ->values
                                                                                                                                       [i->c])
                                                                                                                            DO(set_field,
                                                                                                                               m.object(
                                                                                                                                    i->a)
                                                                                                                                   ->values
                                                                                                                                       [i->b] =
                                                                                                                                   m.reg(
                                                                                                                                       i->c))
                                                                                                                                DO(set_field_ref,
                                                                                                                                   m.object(
                                                                                                                                        i->a)
                                                                                                                                       ->values
                                                                                                                                           [i->b] =
                                                                                                                                       m.reg(
                                                                                                                                           i->c))
#undef DO

}  // namespace

const Instruction kInstructions[] = {
#define OP(name, ...) op_##name,
#include "vm/bytecode/opcodes.def"
#undef OP
};

}  // namespace orus::fuzz::ref
