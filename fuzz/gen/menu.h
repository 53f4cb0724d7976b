// The menu: for every opcode and builtin, how the generator makes one. The switch in menu.cc has no default, so a new
// row of the tables does not compile before somebody decides how it is generated.
#pragma once

#include "vm/bytecode/opcode.h"

namespace orus::fuzz {

/// What the generator has to know about an instruction beyond its row in opcodes.def: how operands must relate so that
/// it does not raise, and what is known of the result.
enum class Shape : uint8_t {
  // Statements of data: emitted from the row's format and kinds.
  kMove,
  kLoadConstant,
  kLoadGlobal,
  kStoreGlobal,
  kCheckGlobal,
  kAdd,
  kSub,
  kMul,
  kDiv,
  kRem,
  kNeg,
  kAnd,
  kOr,
  kXor,
  kNot,
  kShl,
  kShr,
  kCompare,
  kThreeWay,
  kConvert,
  kClampIndex,
  kStringOp,
  kStringIndex,
  kStringConcat,
  kNewArray,
  kArrayFill,
  kArrayLen,
  kArrayGet,
  kArraySet,
  kArrayPush,
  kArrayPop,
  kNewStruct,
  kGetField,
  kSetField,
  // Made by regions.
  kJump,
  kJumpBool,
  kJumpCompare,
  kLoopHeader,
  kCountedLatch,
  kForTest,
  kForLatch,
  kRangeNext,
  // Made by calls and the ends of functions.
  kCall,
  kRuntimeCall,
  kReturn,
  kRaise,
};

Shape shape_of(Op op);
constexpr bool is_data(Shape shape) { return shape < Shape::kJump; }

/// How the arguments of a builtin are chosen.
enum class BuiltinUse : uint8_t {
  kPlain,        // any values of the kinds in its row
  kPrint,        // any number of values
  kErrorValue,   // needs a caught error
  kText,         // a string that usually parses as a number
  kSmallNumber,  // raises when the number is out of range
  kAssert,       // two equal values, usually
  kInput,
  kClock,        // its result may not be looked at
  kSlice,
  kSliceFrom,
  kRepeat,
  kRange,
};
BuiltinUse use_of(Builtin builtin);

}  // namespace orus::fuzz
