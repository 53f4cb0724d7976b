// Statements that are not single data instructions: calls of functions and builtins, output, ends of functions.
#include <algorithm>

#include "fuzz/gen/function_gen.h"

namespace orus::fuzz {

void FunctionGen::statement() {
  if (plan_.raises && s_.chance(6)) return overflow_sometimes();
  if (m_.policies != 0 && s_.below(3) > 0) return policy_statement();
  switch (s_.below(32)) {
    case 0:
    case 1:
    case 2: return branch();
    case 3:
    case 4:
    case 5: return loop();
    case 6: return try_catch();
    case 7:
    case 8: return call();
    case 9:
    case 14: return runtime_call();
    case 10: return probe();
    case 11:
    case 12: return accumulate();
    case 13: return s_.chance(6) && depth_ > 0 ? cold_exit() : repeat_expression();
    default: random_data_op();
  }
}

void FunctionGen::block(uint32_t statements) {
  ++depth_;
  for (; statements > 0 && !spent(); --statements) {
    if (depth_ < 5) {
      statement();
    } else {
      random_data_op();
    }
  }
  --depth_;
}

// ---- calls

/// One call of the function itself, counted down by parameter 0.
void FunctionGen::call_itself() {
  calls_itself_ = true;
  Reg left = fresh_pinned(kTypeI32, plan_.params[0].facts);
  op(Op::addk_i32, left, 0, static_cast<uint16_t>(-1));
  wrote(left);
  call_function(plan_, left);
}

void FunctionGen::call() {
  if (plan_.recursive && !calls_itself_ && mult_ == 1) return call_itself();
  uint32_t own = plan_.id.index, count = static_cast<uint32_t>(m_.functions.size());
  if (own + 1 >= count) return;
  FunctionPlan& callee = m_.functions[own + 1 + s_.below(count - own - 1)];
  if (!affordable(callee.cost + 2)) return;
  hot_ |= depth_ == 0;
  if (callee.raises && tries_ == 0) return protect([&] { call_function(callee); });
  call_function(callee);
}

/// A sum that is too large for about half of the arguments of a function that raises.
void FunctionGen::overflow_sometimes() {
  Reg large = number(kTypeI32, int64_t{INT32_MAX} - 1 - s_.below(6)), d = fresh(kTypeI32, kNoFacts);
  op(Op::add_i32, d, large, 0);
  wrote(d);
  keep_visible(d);
}

/// With `first`, that register is the first argument.
void FunctionGen::call_function(FunctionPlan& callee, Reg first) {
  std::vector<Reg> args;
  if (first != kNoReg) args.push_back(first);
  for (size_t i = args.size(); i < callee.params.size(); ++i) {
    const Promise& p = callee.params[i];
    bool fits = preferred_ != kNoReg && registers_[preferred_].type == p.type && storable(facts(preferred_), p.facts);
    Reg r = fits ? preferred_ : known(p.type, p.facts);
    if (r == kNoReg || !storable(facts(r), p.facts)) r = make(p.type, p.facts, 2);
    if (r == kNoReg || !storable(facts(r), p.facts)) return;
    args.push_back(r);
  }
  cost_ += mult_ * callee.cost;
  bool result = callee.result.type != kTypeVoid;
  Reg d = result ? destination(callee.result.type, callee.result.facts) : kNoReg;
  step();
  b_.call(d, callee.id, args);
  if (result) wrote(d);
}

Reg FunctionGen::text(std::string_view characters) {
  Reg d = fresh(kTypeString, kNoFacts);
  step();
  b_.load_k(d, m_.builder.string_constant(characters));
  wrote(d);
  return d;
}

/// Something of at least four parts, and bounds within them.
void FunctionGen::slice_arguments(Builtin builtin, TypeId array, bool risky, std::vector<Reg>* args) {
  if (info(builtin).arguments[0] == 's') {
    args->push_back(risky ? value(kTypeString) : text("0123456789"));
  } else {
    args->push_back(value(array, {.min_len = 4}));
  }
  args->push_back(value(kTypeI64, risky ? kNoFacts : Facts{.bits = 1, .nonneg = true}));
  if (use_of(builtin) == BuiltinUse::kSlice) args->push_back(risky ? value(kTypeI64) : number(kTypeI64, 1 + s_.below(4)));
}

/// A new array of numbers that differ, some of them special.
Reg FunctionGen::mixed_array(TypeId type) {
  TypeId element = m_.type(type).element;
  uint32_t bytes = element_bytes(m_.kind(element)), length = 4 + s_.below(14);
  Facts facts{.elem = Facts::kAny, .min_len = static_cast<uint16_t>(length)};
  Reg array = fresh(type, facts);
  op(Op::array_fill, array, value(element), number(kTypeI32, static_cast<int32_t>(length)));
  wrote(array);
  Op set = bytes == 1 ? Op::array_set_1 : bytes == 4 ? Op::array_set_4 : Op::array_set_8;
  for (uint32_t n = 1 + s_.below(8); n > 0; --n) {
    Reg item = constant(element, kNoFacts);
    if (element == kTypeF64 && s_.chance(3)) {  // a zero, of either sign
      step();
      b_.load_k(item, m_.builder.constant(element, uint64_t{s_.below(2)} << 63));
    }
    op(set, array, number(kTypeI32, s_.below(length)), item);
  }
  return array;
}

/// A format and about as many values as it names.
void FunctionGen::print_arguments(std::vector<Reg>* args) {
  static constexpr std::string_view kFormats[] = {"@x @X", "@.3f|@.0f", "@b\\t@o", "@ and @", "@o\\n@x", "@.2 @.70f @", "@@ \\@ @X"};
  args->push_back(text(s_.pick(kFormats)));
  static constexpr TypeId kTypes[] = {kTypeI32, kTypeI64, kTypeU32, kTypeU64, kTypeF64};
  for (uint32_t n = 1 + s_.below(3); n > 0; --n) args->push_back(s_.chance(4) ? value(m_.any_type()) : value(s_.pick(kTypes)));
}

/// Two arrays of floats that are equal, or almost: zeros of either sign are, what is not a number is not.
void FunctionGen::similar_arguments(std::vector<Reg>* args) {
  static constexpr uint64_t kFills[] = {0, uint64_t{1} << 63, 0x7ff8000000000000u, 0x3ff0000000000000u};
  args->push_back(text("alike"));
  uint64_t fill = s_.pick(kFills);
  for (int i = 0; i < 2; ++i) {
    Reg item = fresh(kTypeF64, kNoFacts);
    step();
    b_.load_k(item, m_.builder.constant(kTypeF64, i == 1 && s_.flip() ? s_.pick(kFills) : fill));
    wrote(item);
    Reg array = fresh(m_.builder.array_of(kTypeF64), {.min_len = 2});
    op(Op::array_fill, array, item, number(kTypeI32, 2));
    wrote(array);
    args->push_back(array);
  }
}

/// Arguments for a call that usually does not raise. False: none can be had.
bool FunctionGen::builtin_arguments(Builtin builtin, std::vector<Reg>* args, Facts* result) {
  const BuiltinInfo& row = info(builtin);
  bool risky = s_.chance(tries_ > 0 ? 4 : 30);
  TypeId array = array_type_for('A');
  switch (use_of(builtin)) {
    case BuiltinUse::kPlain:
      for (char letter : row.arguments) args->push_back(value(letter == 'A' ? array : scalar_of_letter(letter)));
      return std::find(args->begin(), args->end(), kNoReg) == args->end();
    case BuiltinUse::kPrint:
      if (s_.chance(3)) return print_arguments(args), true;
      for (uint32_t n = s_.below(5); n > 0; --n) args->push_back(value(m_.any_type()));
      return true;
    case BuiltinUse::kErrorValue: args->push_back(value(kTypeError)); return args->back() != kNoReg;
    case BuiltinUse::kText: {
      if (risky) return args->push_back(value(kTypeString)), true;
      static constexpr std::string_view kNumbers[] = {"7", "0", "-3", "12", "2147483647", "100"};
      return args->push_back(text(s_.pick(kNumbers))), true;
    }
    case BuiltinUse::kSmallNumber: {
      TypeId type = scalar_of_letter(row.arguments[0]);
      if (risky && type != kTypeF64 && !s_.chance(3)) {  // about the largest that fits
        args->push_back(s_.flip() ? number(type, int64_t{INT32_MAX} - 1 + s_.below(3)) : threshold(type));
        return true;
      }
      args->push_back(value(type, risky ? kNoFacts : Facts{.bits = 20}));
      if (row.result[0] == 'i' && !risky) *result = {.bits = 20};
      return true;
    }
    case BuiltinUse::kAssert: {
      TypeId type = m_.any_type();
      Reg a = value(type);
      if (tries_ > 0 && s_.flip()) return similar_arguments(args), true;
      for (Reg r : {value(kTypeString), a, risky ? value(type) : a}) args->push_back(r);
      return true;
    }
    case BuiltinUse::kInput:
      if (!row.arguments.empty()) args->push_back(value(kTypeString));
      return !s_.chance(3);
    case BuiltinUse::kClock: return true;
    case BuiltinUse::kSlice:
    case BuiltinUse::kSliceFrom: return slice_arguments(builtin, array, risky, args), true;
    case BuiltinUse::kRepeat:
      args->push_back(value(array, {.min_len = 1}));
      args->push_back(mult_ > 8 ? number(kTypeI64, 1) : value(kTypeI64, {.bits = 2, .nonneg = !risky}));
      return true;
    case BuiltinUse::kRange:
      args->push_back(value(kTypeI64, {.bits = 4}));
      args->push_back(value(kTypeI64, {.bits = 4}));
      args->push_back(risky ? value(kTypeI64) : number(kTypeI64, 1 + s_.below(3)));
      return true;
  }
  return false;
}

void FunctionGen::runtime_call() {
  auto builtin = static_cast<Builtin>(s_.below(kBuiltinCount));
  const BuiltinInfo& row = info(builtin);
  std::vector<Reg> args;
  Facts facts;
  if (!builtin_arguments(builtin, &args, &facts)) return;
  char letter = row.result[0];
  bool mixes = letter == 'A' && s_.flip() && mult_ <= 8 && !is_reference(m_.kind(m_.type(registers_[args[0]].type).element));
  bool reals = builtin == Builtin::sorted && s_.chance(3);  // of which equal ones may differ
  if (mixes) args[0] = mixed_array(reals ? m_.builder.array_of(kTypeF64) : registers_[args[0]].type);
  Reg d = kNoReg;
  bool looked_at = use_of(builtin) != BuiltinUse::kClock;
  if (letter == 'A') {
    // The type is that of the argument; elements keep their facts.
    d = destination(registers_[args[0]].type, {.elem = this->facts(args[0]).elem});
  } else if (letter != '-') {
    d = looked_at ? destination(scalar_of_letter(letter), facts) : fresh(scalar_of_letter(letter), kNoFacts);
  }
  step();
  b_.rt(d, builtin, args);
  if (d != kNoReg && looked_at) wrote(d);
  if (mixes) keep_visible(d);
}

// ---- what can be seen from outside

void FunctionGen::print_some() {
  std::vector<Reg> args;
  for (size_t r = registers_.size(); r-- > 0 && args.size() < 6;) {
    if (assigned_[r] && s_.flip()) args.push_back(static_cast<Reg>(r));
  }
  step();
  b_.rt(kNoReg, Builtin::print, args);
}

/// Mixes a value into a global, so that a wrong one is seen however it is used later.
void FunctionGen::probe() {
  if (s_.chance(6) && mult_ <= 32) return print_some();
  if (m_.globals.empty()) return;
  store_global(m_.globals[s_.below(static_cast<uint32_t>(m_.globals.size()))]);
}

/// x = x op y with an x from before the loop: what makes loops carry values.
void FunctionGen::accumulate() {
  static constexpr Op kOps[] = {Op::bxor_i32, Op::add_u64, Op::bxor_i64, Op::add_f64, Op::add_u32,  Op::mul_u64,
                                Op::sub_f64,  Op::bor_u32, Op::sub_u64,  Op::mul_f64, Op::bxor_u64, Op::mul_u32};
  static constexpr Op kChecked[] = {Op::add_i32, Op::add_i64, Op::sub_i32, Op::sub_i64};
  bool checked = s_.flip();
  Op opcode = checked ? s_.pick(kChecked) : s_.pick(kOps);
  TypeId type = scalar_of_letter(info(opcode).kinds[0]);
  Reg x = kNoReg;
  for (size_t r = 0; r < registers_.size(); ++r) {
    const Register& reg = registers_[r];
    if (assigned_[r] && reg.type == type && !reg.pinned && reg.facts.bits == Facts::kAny && !reg.facts.nonneg && !s_.chance(3))
      x = static_cast<Reg>(r);
  }
  if (x == kNoReg) {
    if (mult_ > 1 || type == kTypeF64) return;
    x = fresh(type, kNoFacts);  // starts small: a checked sum of small terms does not overflow soon
    step();
    b_.load_k(x, m_.builder.constant(type, m_.values.constant(m_.kind(type), {.bits = 8})));
    wrote(x);
  }
  Reg y = value(type, checked ? Facts{.bits = 12} : kNoFacts);
  op(opcode, x, x, y);
}

/// Puts the values of many registers where the heap digest sees them.
void FunctionGen::store_everything() {
  std::vector<Reg> regs;
  std::vector<Field> fields;
  uint32_t keep = s_.below(4);
  for (size_t r = 0; r < registers_.size() && regs.size() < 24; ++r) {
    if (!assigned_[r] || registers_[r].type == kTypeError || (keep != 0 && s_.chance(keep + 1))) continue;
    regs.push_back(static_cast<Reg>(r));
    fields.push_back({"v" + std::to_string(fields.size()), registers_[r].type});
  }
  if (regs.empty()) return;
  std::string name = "D" + std::to_string(m_.dumps++);
  TypeId type = m_.builder.add_struct(name);
  m_.builder.module().types[type.index].fields = fields;
  GlobalId global = m_.builder.add_global("dump" + name, type);
  Reg d = fresh(type, kNoFacts);
  step();
  b_.new_struct(d, regs);
  step();
  b_.store_global(d, global);
}

void FunctionGen::return_value() {
  step();
  if (plan_.result.type == kTypeVoid) return b_.emit(Op::ret_void);
  Reg r = known(plan_.result.type, plan_.result.facts);
  if (r == kNoReg || !storable(facts(r), plan_.result.facts)) r = make(plan_.result.type, plan_.result.facts, 2);
  step();
  b_.emit(Op::ret, r);
}

void FunctionGen::leave() {
  if (s_.chance(20)) {
    switch (s_.below(3)) {
      case 0: step(); return b_.fail(static_cast<ErrorKind>(s_.below(kErrorKindCount)), "failed");
      case 1: {
        Reg text = value(kTypeString);
        return op(Op::raise_string, text);
      }
      default:
        if (Reg e = known(kTypeError, kNoFacts); e != kNoReg) return op(Op::raise_error, e);
    }
  }
  return_value();
}

}  // namespace orus::fuzz
