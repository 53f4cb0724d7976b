#include "fuzz/gen/menu.h"

#include "base/check.h"

#pragma GCC diagnostic error "-Wswitch"

namespace orus::fuzz {

Shape shape_of(Op op) {
  // clang-format off: one row a shape
  switch (op) {
    case Op::mov: return Shape::kMove;
    case Op::load_k: return Shape::kLoadConstant;
    case Op::load_global: return Shape::kLoadGlobal;
    case Op::store_global: return Shape::kStoreGlobal;
    case Op::check_global: return Shape::kCheckGlobal;
    case Op::add_i32: case Op::add_i64: case Op::add_u32: case Op::add_u64: case Op::add_f64:
    case Op::addk_i32: case Op::addk_i64: case Op::addk_u32: case Op::addk_u64: case Op::addk_f64: return Shape::kAdd;
    case Op::sub_i32: case Op::sub_i64: case Op::sub_u32: case Op::sub_u64: case Op::sub_f64:
    case Op::subk_f64: return Shape::kSub;
    case Op::mul_i32: case Op::mul_i64: case Op::mul_u32: case Op::mul_u64: case Op::mul_f64:
    case Op::mulk_i32: case Op::mulk_i64: case Op::mulk_u32: case Op::mulk_u64: case Op::mulk_f64: return Shape::kMul;
    case Op::div_i32: case Op::div_i64: case Op::div_u32: case Op::div_u64: case Op::div_f64:
    case Op::divk_i32: case Op::divk_i64: case Op::divk_u32: case Op::divk_u64: case Op::divk_f64: return Shape::kDiv;
    case Op::rem_i32: case Op::rem_i64: case Op::rem_u32: case Op::rem_u64: case Op::rem_f64:
    case Op::remk_i32: case Op::remk_i64: case Op::remk_u32: case Op::remk_u64: return Shape::kRem;
    case Op::neg_i32: case Op::neg_i64: case Op::neg_f64: return Shape::kNeg;
    case Op::band_i32: case Op::band_i64: case Op::band_u32: case Op::band_u64: return Shape::kAnd;
    case Op::bor_i32: case Op::bor_i64: case Op::bor_u32: case Op::bor_u64: return Shape::kOr;
    case Op::bxor_i32: case Op::bxor_i64: case Op::bxor_u32: case Op::bxor_u64: return Shape::kXor;
    case Op::bnot_i32: case Op::bnot_i64: case Op::bnot_u32: case Op::bnot_u64: return Shape::kNot;
    case Op::shl_i32: case Op::shl_i64: case Op::shl_u32: case Op::shl_u64: return Shape::kShl;
    case Op::shr_i32: case Op::shr_i64: case Op::shr_u32: case Op::shr_u64: return Shape::kShr;
    case Op::eq_i32: case Op::eq_i64: case Op::eq_u32: case Op::eq_u64: case Op::eq_f64: case Op::ne_i32:
    case Op::ne_i64: case Op::ne_u32: case Op::ne_u64: case Op::ne_f64: case Op::lt_i32: case Op::lt_i64:
    case Op::lt_u32: case Op::lt_u64: case Op::lt_f64: case Op::le_i32: case Op::le_i64: case Op::le_u32:
    case Op::le_u64: case Op::le_f64: case Op::eq_bool: case Op::ne_bool: case Op::not_bool: case Op::eq_ref: return Shape::kCompare;
    case Op::cmp_i64_u64: case Op::cmp_i64_f64: case Op::cmp_u64_f64: return Shape::kThreeWay;
    case Op::eq_str: case Op::lt_str: case Op::le_str: case Op::str_len: return Shape::kStringOp;
    case Op::conv_i32_i64: case Op::conv_i32_u32: case Op::conv_i32_u64: case Op::conv_i32_f64:
    case Op::conv_i64_i32: case Op::conv_i64_u32: case Op::conv_i64_u64: case Op::conv_i64_f64:
    case Op::conv_u32_i32: case Op::conv_u32_i64: case Op::conv_u32_u64: case Op::conv_u32_f64:
    case Op::conv_u64_i32: case Op::conv_u64_i64: case Op::conv_u64_u32: case Op::conv_u64_f64:
    case Op::conv_f64_i32: case Op::conv_f64_i64: case Op::conv_f64_u32: case Op::conv_f64_u64:
    case Op::conv_bool_i32: case Op::conv_bool_i64: case Op::conv_bool_u32: case Op::conv_bool_u64:
    case Op::conv_bool_f64: return Shape::kConvert;
    case Op::index_i64: case Op::index_u64: return Shape::kClampIndex;
    case Op::jump: return Shape::kJump;
    case Op::jump_if: case Op::jump_unless: return Shape::kJumpBool;
    case Op::jeq_i32: case Op::jeq_i64: case Op::jeq_u32: case Op::jeq_u64: case Op::jeq_f64:
    case Op::jne_i32: case Op::jne_i64: case Op::jne_u32: case Op::jne_u64: case Op::jne_f64:
    case Op::jlt_i32: case Op::jlt_i64: case Op::jlt_u32: case Op::jlt_u64: case Op::jlt_f64:
    case Op::jle_i32: case Op::jle_i64: case Op::jle_u32: case Op::jle_u64: case Op::jle_f64:
    case Op::jnlt_f64: case Op::jnle_f64: case Op::jeqk_i32: case Op::jeqk_i64: case Op::jnek_i32:
    case Op::jnek_i64: case Op::jltk_i32: case Op::jltk_i64: case Op::jlek_i32: case Op::jlek_i64:
    case Op::jgtk_i32: case Op::jgtk_i64: case Op::jgek_i32: case Op::jgek_i64: return Shape::kJumpCompare;
    case Op::loop: return Shape::kLoopHeader;
    case Op::inc_lt: case Op::inc_le: return Shape::kCountedLatch;
    case Op::for_test: case Op::for_test_closed: return Shape::kForTest;
    case Op::for_next: case Op::for_next_closed: return Shape::kForLatch;
    case Op::range_next: return Shape::kRangeNext;
    case Op::call: return Shape::kCall;
    case Op::rt: return Shape::kRuntimeCall;
    case Op::ret: case Op::ret_void: return Shape::kReturn;
    case Op::raise_string: case Op::raise_error: case Op::fail: return Shape::kRaise;
    case Op::str_concat: return Shape::kStringConcat;
    case Op::str_index: return Shape::kStringIndex;
    case Op::new_array: return Shape::kNewArray;
    case Op::array_fill: return Shape::kArrayFill;
    case Op::array_len: return Shape::kArrayLen;
    case Op::array_get_1: case Op::array_get_4: case Op::array_get_8: case Op::array_get_ref: return Shape::kArrayGet;
    case Op::array_set_1: case Op::array_set_4: case Op::array_set_8: case Op::array_set_ref: return Shape::kArraySet;
    case Op::array_push_1: case Op::array_push_4: case Op::array_push_8: case Op::array_push_ref: return Shape::kArrayPush;
    case Op::array_pop_1: case Op::array_pop_4: case Op::array_pop_8: case Op::array_pop_ref: return Shape::kArrayPop;
    case Op::new_struct: return Shape::kNewStruct;
    case Op::get_field: return Shape::kGetField;
    case Op::set_field: case Op::set_field_ref: return Shape::kSetField;
  }
  // clang-format on
  ORUS_CHECK(false && "an opcode that is not in the table");
  return Shape::kMove;
}

BuiltinUse use_of(Builtin builtin) {
  switch (builtin) {
    case Builtin::print: return BuiltinUse::kPrint;
    case Builtin::str_from_i32:
    case Builtin::str_from_i64:
    case Builtin::str_from_u32:
    case Builtin::str_from_u64:
    case Builtin::str_from_f64:
    case Builtin::str_from_bool:
    case Builtin::sorted: return BuiltinUse::kPlain;
    case Builtin::error_message:
    case Builtin::error_type: return BuiltinUse::kErrorValue;
    case Builtin::int_from_string:
    case Builtin::float_from_string: return BuiltinUse::kText;
    case Builtin::int_from_i64:
    case Builtin::int_from_u64:
    case Builtin::int_from_f64:
    case Builtin::float_check:
    case Builtin::range_argument: return BuiltinUse::kSmallNumber;
    case Builtin::assert_eq: return BuiltinUse::kAssert;
    case Builtin::input:
    case Builtin::input_prompt: return BuiltinUse::kInput;
    case Builtin::timestamp: return BuiltinUse::kClock;
    case Builtin::array_slice:
    case Builtin::str_slice: return BuiltinUse::kSlice;
    case Builtin::array_slice_from:
    case Builtin::str_slice_from: return BuiltinUse::kSliceFrom;
    case Builtin::array_repeat: return BuiltinUse::kRepeat;
    case Builtin::range_new: return BuiltinUse::kRange;
  }
  ORUS_CHECK(false && "a builtin that is not in the table");
  return BuiltinUse::kPlain;
}

}  // namespace orus::fuzz
