// The syntax tree of one module. Nodes live in an arena; what the checker finds out is stored in the fields that each
// node reserves for it, and the emitter reads both.
//
// One struct a category (expressions, statements, types), with the fields each kind uses listed at the enumerator:
// nodes stay trivially destructible and a kind is added by adding a line.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "lang/orus/number.h"
#include "lang/orus/token.h"
#include "lang/orus/types.h"
#include "vm/bytecode/opcode.h"

namespace orus::lang {

struct Symbol;
struct FunctionInfo;
struct Stmt;

struct TypeExpr {
  enum class Kind : uint8_t {
    kName,         // name
    kArray,        // element
    kUnsupported,  // already reported
  };
  Kind kind = Kind::kUnsupported;
  Pos pos = {};
  std::string_view name = {};
  TypeExpr* element = nullptr;
};

enum class BinaryOp : uint8_t {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kRem,  // order of the opcode families
  kBitAnd,
  kBitOr,
  kBitXor,
  kShiftLeft,
  kShiftRight,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kAnd,
  kOr,
};
constexpr bool is_arithmetic(BinaryOp op) { return op <= BinaryOp::kRem; }
constexpr bool is_bitwise(BinaryOp op) { return op >= BinaryOp::kBitAnd && op <= BinaryOp::kShiftRight; }
constexpr bool is_comparison(BinaryOp op) { return op >= BinaryOp::kEqual && op <= BinaryOp::kGreaterEqual; }
constexpr bool is_ordering(BinaryOp op) { return op >= BinaryOp::kLess && op <= BinaryOp::kGreaterEqual; }
constexpr bool is_logic(BinaryOp op) { return op >= BinaryOp::kAnd; }

struct FieldInit;

enum class ExprKind : uint8_t {
  kNumber,       // number (its sign included)
  kBool,         // flag
  kString,       // text
  kName,         // text; symbol
  kNegate,       // left
  kNot,          // left
  kComplement,   // left
  kBinary,       // op, left, right; operand_type
  kCast,         // left, type_expr
  kConditional,  // left (condition), right, third
  kCall,         // left (callee), items; symbol (a function) or builtin
  kIndex,        // left, right
  kSlice,        // left, right and third (may be null)
  kMember,       // left, text; slot
  kStructLit,    // text, fields
  kArray,        // items
  kFill,         // left (value), right (count)
  kUnsupported,  // already reported
};

struct Expr {
  ExprKind kind = ExprKind::kUnsupported;
  BinaryOp op = {};
  bool flag = false;
  bool parenthesised = false;
  uint16_t height = 1;  // levels of recursion that a walk needs; the left operands of operators are walked in loops
  Pos pos = {};         // where the expression starts
  Pos op_pos = {};      // where its run-time errors are reported: operator, index, `as`; else the start
  Expr *left = nullptr, *right = nullptr, *third = nullptr;
  std::span<Expr*> items = {};
  std::span<FieldInit> fields = {};
  std::string_view text = {};
  TypeExpr* type_expr = nullptr;
  Number number = {};

  // Set by the checker.
  Ty type = {};
  Ty operand_type = {};  // kBinary: both operands are brought to this type
  Symbol* symbol = nullptr;
  bool unsure = false;            // kName: the variable may be unassigned here
  uint32_t slot = 0;              // kMember: field number; kCall: BuiltinFunction when symbol is null
  std::string_view failure = {};  // not empty: evaluating this raises `failure_kind` with this message
  ErrorKind failure_kind = {};
};

struct FieldInit {
  std::string_view name = {};
  Pos pos = {};
  Expr* value = nullptr;
  uint32_t slot = 0;  // set by the checker
};

struct Param {
  std::string_view name = {};
  Pos pos = {};
  TypeExpr* type = nullptr;  // null: none given
};

using Block = std::span<Stmt*>;

struct FunctionDecl {
  std::string_view name = {};
  Pos pos = {};
  std::span<Param> params = {};
  TypeExpr* result = nullptr;  // null: inferred
  Block body = {};
  bool returns_value = false, returns_nothing = false;  // some `return e`, some plain `return`
  FunctionInfo* info = nullptr;                         // set by the checker
};

struct FieldDecl {
  std::string_view name = {};
  Pos pos = {};
  TypeExpr* type = nullptr;
  Expr* value = nullptr;  // default, may be null
};

enum class StmtKind : uint8_t {
  kExpr,   // value
  kPrint,  // items
  kPass,
  kDeclare,      // name, type (may be null), value, is_mut, is_constant; symbol
  kAssign,       // items (targets, first written first), value, symbols
  kUpdate,       // value: a kBinary whose left is the target
  kDestructure,  // items (names), value, symbols
  kIf,           // branches, else_body, has_else
  kWhile,        // label, value, body
  kForRange,     // label, name, items (start, end, step or null), closed, body; symbol
  kForEach,      // label, name, value, body; symbol
  kTry,          // body, name (may be empty), else_body (the catch suite); symbol
  kReturn,       // value (may be null)
  kRaise,        // value
  kBreak,        // label; target
  kContinue,     // label; target
  kFunction,     // function
  kStruct,       // name, fields
  kGroup,        // body: statements of one stray indented block
  kUnsupported,  // already reported; items: names that it would have declared
};

struct Branch {
  Expr* condition = nullptr;
  Block body = {};
};

struct Stmt {
  StmtKind kind = StmtKind::kPass;
  bool is_mut = false, is_constant = false, closed = false, has_else = false;
  Pos pos = {};
  Pos name_pos = {};
  std::string_view name = {};
  std::string_view label = {};
  TypeExpr* type = nullptr;
  Expr* value = nullptr;
  std::span<Expr*> items = {};
  std::span<Branch> branches = {};
  std::span<FieldDecl> fields = {};
  Block body = {}, else_body = {};
  FunctionDecl* function = nullptr;

  // Set by the checker.
  Symbol* symbol = nullptr;
  Stmt* target = nullptr;    // kBreak, kContinue: the loop
  bool declares = false;     // kAssign to a name: this is its declaration
  Symbol* unsure = nullptr;  // kIf, kWhile: variables hoisted out of it that may be read unassigned, as a list
};

struct Tree {
  Block body = {};
};

}  // namespace orus::lang
