// Calls of functions and builtins.
#include "lang/orus/checker.h"
#include "lang/orus/emitter.h"

namespace orus::lang {
namespace {

std::string_view kind_word(TypeKind kind) {
  static constexpr std::string_view kWords[] = {"void",           "i32",   "i64",   "u32", "u64", "f64", "bool", "string", "error",
                                                "range_iterator", "array", "struct"};
  return kWords[static_cast<size_t>(kind)];
}

}  // namespace

Operand FunctionEmitter::call_builtin(Pos pos, Builtin b, std::span<Operand> arguments, TypeId type, Want want) {
  std::vector<Reg> registers;
  for (Operand& argument : arguments) registers.push_back(use(pos, argument));
  for (const Operand& argument : arguments) release(argument);
  if (type == kTypeVoid) {
    rt(pos, kNoReg, b, registers);
    return Operand{};
  }
  Reg d = target(want, type);
  rt(pos, d, b, registers);
  return result(want, d, type);
}

Operand FunctionEmitter::eval_call(Expr* e, Want want) { return e->symbol != nullptr ? eval_user_call(e, want) : eval_builtin(e, want); }

Operand FunctionEmitter::eval_user_call(Expr* e, Want want) {
  const FunctionInfo* callee = e->symbol->function;
  std::vector<Operand> arguments;
  std::vector<Reg> registers;
  for (Expr* item : e->items) {
    arguments.push_back(eval(item));
    registers.push_back(use(item->pos, arguments.back()));
  }
  for (const Operand& argument : arguments) release(argument);
  TypeId type = lower(callee->result);
  Reg d = type == kTypeVoid ? kNoReg : target(want, type);
  if (reachable()) {
    at(e->pos);
    code_.call(d, callee->id, registers);
  }
  if (type != kTypeVoid) return result(want, d, type);
  if (lower(e->type) == kTypeVoid) return Operand{};
  // Its result was still open when this call was checked, and there turned out to be none.
  fail(e->pos, ErrorKind::kType, "This has no value");
  type = lower(e->type);
  return result(want, target(want, type), type);
}

Operand FunctionEmitter::eval_builtin(Expr* e, Want want) {
  switch (static_cast<BuiltinFunction>(e->slot)) {
    case BuiltinFunction::k_assert_eq: {
      Operand arguments[3] = {};
      for (size_t i = 0; i < 3; ++i) {
        arguments[i] = eval(e->items[i]);
        use(e->items[i]->pos, arguments[i]);
      }
      call_builtin(e->pos, Builtin::assert_eq, arguments, kTypeVoid, {});
      return constant(kTypeBool, 1);
    }
    case BuiltinFunction::k_float: return eval_float(e, want);
    case BuiltinFunction::k_input:
      if (e->items.empty()) return call_builtin(e->pos, Builtin::input, std::span<Operand>(), kTypeString, want);
      return call_builtin(e->pos, Builtin::input_prompt, eval(e->items[0]), kTypeString, want);
    case BuiltinFunction::k_int: return eval_int(e, want);
    case BuiltinFunction::k_istype: return eval_istype(e, want);
    case BuiltinFunction::k_len: return eval_len(e, want);
    case BuiltinFunction::k_pop: return eval_pop(e, want);
    case BuiltinFunction::k_push: return eval_push(e, want);
    case BuiltinFunction::k_range: return eval_range(e, want);
    case BuiltinFunction::k_sorted: {
      Operand array = eval(e->items[0]);
      return call_builtin(e->pos, Builtin::sorted, array, array.type, want);
    }
    case BuiltinFunction::k_timestamp: return call_builtin(e->pos, Builtin::timestamp, std::span<Operand>(), kTypeF64, want);
    case BuiltinFunction::k_typeof: return eval_typeof(e, want);
  }
  return Operand{};
}

/// Types are known, so the answer is a constant, except for error values.
Operand FunctionEmitter::eval_typeof(Expr* e, Want want) {
  Operand operand = eval(e->items[0]);
  TypeKind k = kind(operand.type);
  if (k == TypeKind::kError) return call_builtin(e->pos, Builtin::error_type, operand, kTypeString, want);
  release(operand);
  Operand word = constant(kTypeString, 0);
  word.text = k == TypeKind::kStruct ? module_.types().info(e->items[0]->type)->name : kind_word(k);
  return word;
}

Operand FunctionEmitter::eval_istype(Expr* e, Want want) {
  Operand actual = eval_typeof(e, {});
  Operand name = eval(e->items[1]);
  return binary(e->pos, Op::eq_str, actual, name, kTypeBool, want);
}

Operand FunctionEmitter::eval_int(Expr* e, Want want) {
  Operand operand = eval(e->items[0]);
  switch (kind(operand.type)) {
    case TypeKind::kI64: return call_builtin(e->pos, Builtin::int_from_i64, operand, kTypeI32, want);
    case TypeKind::kU32: return call_builtin(e->pos, Builtin::int_from_u64, convert(e->pos, operand, kTypeU64), kTypeI32, want);
    case TypeKind::kU64: return call_builtin(e->pos, Builtin::int_from_u64, operand, kTypeI32, want);
    case TypeKind::kF64: return call_builtin(e->pos, Builtin::int_from_f64, operand, kTypeI32, want);
    case TypeKind::kString: return call_builtin(e->pos, Builtin::int_from_string, operand, kTypeI32, want);
    default: return operand;
  }
}

Operand FunctionEmitter::eval_float(Expr* e, Want want) {
  Operand operand = eval(e->items[0]);
  switch (kind(operand.type)) {
    case TypeKind::kF64: return call_builtin(e->pos, Builtin::float_check, operand, kTypeF64, want);
    case TypeKind::kString: return call_builtin(e->pos, Builtin::float_from_string, operand, kTypeF64, want);
    default: return convert(e->pos, operand, kTypeF64, want);
  }
}

/// The value of push() is the array itself.
Operand FunctionEmitter::eval_push(Expr* e, Want) {
  Operand array = eval(e->items[0]);
  Reg a = use(e->pos, array);
  Operand value = eval(e->items[1]);
  Reg v = use(e->items[1]->pos, value);
  op(e->pos, op_for_element(Op::array_push_1, kind(value.type)), a, v);
  release(value);
  return array;
}

Operand FunctionEmitter::eval_pop(Expr* e, Want want) {
  Operand array = eval(e->items[0]);
  TypeId type = lower(e->type);
  return unary(e->pos, op_for_element(Op::array_pop_1, kind(type)), array, type, want);
}

Operand FunctionEmitter::eval_len(Expr* e, Want want) {
  Operand operand = eval(e->items[0]);
  return unary(e->pos, operand.type == kTypeString ? Op::str_len : Op::array_len, operand, kTypeI32, want);
}

Operand FunctionEmitter::range_bound(Expr* e) {
  Operand operand = eval(e);
  if (kind(operand.type) != TypeKind::kU64) return convert(e->pos, operand, kTypeI64);
  return call_builtin(e->pos, Builtin::range_argument, operand, kTypeI64, {});
}

/// range(stop), range(start, stop), range(start, stop, step)
Operand FunctionEmitter::eval_range(Expr* e, Want want) {
  Operand arguments[3] = {constant(kTypeI64, 0), constant(kTypeI64, 0), constant(kTypeI64, 1)};
  size_t first = e->items.size() == 1 ? 1 : 0;
  for (size_t i = 0; i < e->items.size(); ++i) arguments[first + i] = range_bound(e->items[i]);
  return call_builtin(e->pos, Builtin::range_new, arguments, kTypeRange, want);
}

}  // namespace orus::lang
