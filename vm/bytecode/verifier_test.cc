// Every rule of the verifier: a table of malformed modules, each with the place and the reason of its rejection.
#include "vm/bytecode/verifier.h"

#include <gtest/gtest.h>

#include <string>

#include "vm/bytecode/text.h"

namespace orus {
namespace {

// Parameters of the function under test, one a kind. r24 and up are unassigned.
constexpr std::string_view kPrelude = R"(module "t"
main f0
struct S { x: i32, p: string, xs: [S] }
type = [i32]
global "g": i64
const k0 = i32 1
const k1 = f64 1.5
const k2 = string "s"
const k3 = i64 7
func "main" params 0 -> void {
  ret_void
}
func "callee" params 2 -> i64 {
  reg r0: i32
  reg r1: string
  reg r2: i64
  load_k r2, k3
  ret r2
}
func "t" params 24 -> RESULT {
  reg r0..r2: i32
  reg r3: i64
  reg r4: u32
  reg r5: u64
  reg r6: f64
  reg r7: bool
  reg r8: string
  reg r9: error
  reg r10: range
  reg r11: [i32]
  reg r12: S
  reg r13: [bool]
  reg r14: [f64]
  reg r15: [string]
  reg r16: [i64]
  reg r17: [S]
  reg r18..r20: i32
  reg r21..r23: i64
  reg r24..r25: i32
  reg r26: error
  reg r27: i64
  reg r28: string
)";

std::string with_body(std::string_view body, std::string_view result = "void") {
  std::string text(kPrelude);
  text.replace(text.find("RESULT"), 6, result);
  text += body;
  return text + "\n}\n";
}

Result<std::unique_ptr<const VerifiedModule>> verify_text(const std::string& text) {
  auto module = parse_assembly(text, "t.oasm");
  EXPECT_TRUE(module.ok()) << text << module.error().where << ": " << module.error().detail;
  return module.ok() ? verify(*module) : module.error();
}

struct BadCode {
  std::string_view body;
  std::string_view where;
  std::string_view detail;
  std::string_view result = "void";
};

constexpr BadCode kBadCode[] = {
    // Decoding.
    {".word 0xffff, 0, 0, 0\nret_void", "t@0", "unknown opcode 65535"},
    {"mov r0, r1\n.word 0, 0, 1, 7\nret_void", "t@1", "unused operand 3 is not zero"},
    {".word 6, 0, 1, 999\nret_void", "t@0", "no register r999"},
    {"mov r29, r0\nret_void", "t@0", "no register r29"},
    {"mov _, r0\nret_void", "t@0", "no register r65535"},
    {"load_k r0, k4\nret_void", "t@0", "no constant k4"},
    {"load_k r0, k4294967295\nret_void", "t@0", "no constant k4294967295"},
    {"addk_f64 r6, r6, k9\nret_void", "t@0", "no constant k9"},
    {"load_global r3, g1\nret_void", "t@0", "no global g1"},
    {"store_global r3, g4294967295\nret_void", "t@0", "no global"},
    {"check_global g1\nret_void", "t@0", "no global g1"},
    {"call _, f3()\nret_void", "t@0", "no function f3"},
    {"fail value, k9", "t@0", "no constant k9"},
    {"for_test r0, r28..r29, +1\nret_void", "t@0", "no register r29"},
    {"ret_void\nret_void\nret_void\nmov r0, r99\nret_void", "t@3", "no register r99"},

    // Operand words.
    {"rt _, print(r0, r29)\nret_void", "t@0", "no register r29"},
    {"ret_void\nrt _, print(r0, r1, r2, r3, r4)\nrt _, print(r0, r1, r2, r3, r65535)\nret_void", "t@4", "no register"},

    // Kinds: fixed letters.
    {"add_i32 r0, r1, r3\nret_void", "t@0", "add_i32 needs i32 where it has i64"},
    {"add_i64 r3, r3, r5\nret_void", "t@0", "needs i64 where it has u64"},
    {"add_u32 r4, r0, r4\nret_void", "t@0", "needs u32 where it has i32"},
    {"add_f64 r6, r6, r3\nret_void", "t@0", "needs f64 where it has i64"},
    {"eq_i32 r0, r1, r2\nret_void", "t@0", "needs bool where it has i32"},
    {"str_len r0, r11\nret_void", "t@0", "needs string where it has [i32]"},
    {"raise_error r8", "t@0", "needs error where it has string"},
    {"raise_string r9", "t@0", "needs string where it has error"},
    {"range_next r3, r11, +1\nret_void", "t@0", "needs range where it has [i32]"},
    {"jump_if r0, +1\nret_void", "t@0", "needs bool where it has i32"},
    {"addk_f64 r6, r6, k0\nret_void", "t@0", "needs f64 where it has i32"},
    {"conv_i32_i64 r0, r0\nret_void", "t@0", "needs i64 where it has i32"},

    // Kinds: shared and derived letters.
    {"mov r0, r3\nret_void", "t@0", "mov needs i32 where it has i64"},
    {"mov r11, r13\nret_void", "t@0", "mov needs [i32] where it has [bool]"},
    {"shl_i32 r0, r1, r2\nret_void", "t@0", "needs i64 or u64 where it has i32"},
    {"shl_u64 r5, r5, r6\nret_void", "t@0", "needs i64 or u64 where it has f64"},
    {"eq_ref r7, r8, r0\nret_void", "t@0", "needs a reference where it has i32"},
    {"eq_ref r7, r0, r8\nret_void", "t@0", "needs a reference where it has i32"},
    {"for_test r0, r2..r3, +1\nret_void", "t@0", "needs i32 where it has i64"},
    {"for_test r0, r3..r4, +1\nret_void", "t@0", "needs i32 where it has i64"},
    {"load_global r0, g0\nret_void", "t@0", "needs i64 where it has i32"},
    {"store_global r5, g0\nret_void", "t@0", "needs i64 where it has u64"},
    {"array_len r0, r8\nret_void", "t@0", "needs an array where it has string"},
    {"array_fill r11, r3, r0\nret_void", "t@0", "needs i32 where it has i64"},
    {"array_fill r8, r0, r0\nret_void", "t@0", "needs an array"},
    {"array_get_1 r0, r11, r0\nret_void", "t@0", "an array of 1-byte elements where it has [i32]"},
    {"array_get_4 r7, r13, r0\nret_void", "t@0", "an array of 4-byte elements where it has [bool]"},
    {"array_get_8 r8, r15, r0\nret_void", "t@0", "an array of 8-byte scalars where it has [string]"},
    {"array_get_ref r6, r14, r0\nret_void", "t@0", "an array of references where it has [f64]"},
    {"array_get_4 r4, r11, r0\nret_void", "t@0", "needs i32 where it has u32"},
    {"array_get_4 r0, r11, r3\nret_void", "t@0", "needs i32 where it has i64"},
    {"array_set_8 r14, r0, r3\nret_void", "t@0", "needs f64 where it has i64"},
    {"array_set_ref r15, r0, r9\nret_void", "t@0", "needs string where it has error"},
    {"array_push_1 r13, r0\nret_void", "t@0", "needs bool where it has i32"},
    {"array_pop_8 r3, r14\nret_void", "t@0", "needs f64 where it has i64"},
    {"new_array r8, 1\nret_void", "t@0", "needs an array where it has string"},
    {"get_field r0, r11, .0\nret_void", "t@0", "needs a struct where it has [i32]"},
    {"get_field r0, r12, .3\nret_void", "t@0", "no field 3"},
    {"get_field r0, r12, .1\nret_void", "t@0", "needs string where it has i32"},
    {"set_field r12, .0, r3\nret_void", "t@0", "needs i32 where it has i64"},
    {"set_field r12, .1, r8\nret_void", "t@0", "needs a barrier"},
    {"set_field_ref r12, .0, r0\nret_void", "t@0", "set_field_ref of a scalar"},

    // Rules of their own.
    {"load_k r0, k1\nret_void", "t@0", "load_k needs f64 where it has i32"},
    {"call r3, f1(r0)\nret_void", "t@0", "call with 1 arguments instead of 2"},
    {"call r3, f1(r0, r8, r8)\nret_void", "t@0", "call with 3 arguments instead of 2"},
    {"call r3, f1(r8, r0)\nret_void", "t@0", "argument 1 is string instead of i32"},
    {"call r3, f1(r0, r9)\nret_void", "t@0", "argument 2 is error instead of string"},
    {"call _, f1(r0, r8)\nret_void", "t@0", "no destination for the result"},
    {"call r0, f1(r0, r8)\nret_void", "t@0", "call needs i64 where it has i32"},
    {"call r0, f0()\nret_void", "t@0", "destination for a call without result"},
    {"rt r0, print(r0)\nret_void", "t@0", "destination for a call without result"},
    {"rt _, str_from_i32(r0)\nret_void", "t@0", "no destination for the result"},
    {"rt r0, str_from_i32(r0)\nret_void", "t@0", "rt needs string where it has i32"},
    {"rt r8, str_from_i32(r3)\nret_void", "t@0", "argument 1 is i64 instead of i32"},
    {"rt r8, str_from_i32()\nret_void", "t@0", "str_from_i32 with 0 arguments instead of 1"},
    {"rt _, assert_eq(r8, r0)\nret_void", "t@0", "assert_eq with 2 arguments instead of 3"},
    {"rt _, assert_eq(r0, r0, r0)\nret_void", "t@0", "argument 1 is i32 instead of string"},
    {"rt r11, sorted(r8)\nret_void", "t@0", "argument 1 of sorted is not an array"},
    {"rt r13, sorted(r11)\nret_void", "t@0", "rt needs [i32] where it has [bool]"},
    {"rt r11, array_slice(r11, r0, r0)\nret_void", "t@0", "argument 2 is i32 instead of i64"},
    {"ret r0", "t@0", "ret in a function without result"},
    {"ret r3", "t@0", "ret needs i32 where it has i64", "i32"},
    {"ret_void", "t@0", "ret_void in a function with a result", "i32"},
    {"fail value, k0", "t@0", "message of fail is not a string"},
    {"new_struct r11(r0)\nret_void", "t@0", "needs a struct where it has [i32]"},
    {"new_struct r12(r0, r8)\nret_void", "t@0", "new_struct with 2 fields instead of 3"},
    {"new_struct r12(r0, r8, r11)\nret_void", "t@0", "argument 3 is [i32] instead of [S]"},

    // Control flow.
    {"mov r0, r1", "t@0", "falls off the end"},
    {"ret_void\nmov r0, r1", "t@1", "falls off the end"},
    {"jump +2\nret_void", "t@0", "jump out of the code"},
    {"jump -1\nret_void", "t@0", "jump out of the code"},
    {"jump +2147483647\nret_void", "t@0", "jump out of the code"},
    {"jump -2147483648\nret_void", "t@0", "jump out of the code"},
    {"jeq_i32 r0, r1, -32768\nret_void", "t@0", "jump out of the code"},
    {"jump +2\nrt _, print(r0)\nret_void", "t@0", "jump to 2, which is not an instruction"},
    {"L: mov r0, r1\njump L", "t@1", "backward jump to 0, which is not a loop"},
    {"jump +0", "t@0", "backward jump to 0, which is not a loop"},
    {"loop 1\nret_void", "t@0", "loop number 1 out of order"},
    {"loop 0\nloop 0\nret_void", "t@1", "loop number 0 out of order"},
    {"loops 2\nloop 0\nret_void", "t@1", "counts 2 loops but has 1"},
    {"loops 0\nloop 0\nmov r0, r1\nret_void", "t@2", "counts 0 loops but has 1"},

    // Handlers.
    {"handler A .. A -> A, r26\nA: ret_void", "t@0", "handler range 0 .. 0 is not in the code"},
    {"handler B .. A -> B, r26\nA: mov r0, r1\nB: ret_void", "t@1", "handler range 1 .. 0"},
    {"handler 0 .. 3 -> 1, r26\nmov r0, r1\nret_void", "t@0", "handler range 0 .. 3"},
    {"handler 1 .. 3 -> 3, r26\nrt _, print(r0)\nmov r0, r0\nret_void", "t@1", "starts at 1, which is not an"},
    {"handler 0 .. 1 -> 2, r26\nrt _, print(r0)\nret_void", "t@0", "range ends at 1, inside an instruction"},
    {"handler 2 .. 3 -> 1, r26\nrt _, print(r0)\nmov r0, r0\nret_void", "t@2", "handler at 1, which is not"},
    {"handler 0 .. 1 -> 9, r26\nmov r0, r0\nret_void", "t@0", "handler at 9, which is not an instruction"},
    {"handler 0 .. 1 -> 1, r99\nmov r0, r0\nret_void", "t@0", "no register r99"},
    {"handler 0 .. 1 -> 1, r0\nmov r0, r0\nret_void", "t@0", "r0 cannot hold an error"},
    {"handler 1 .. 2 -> 0, r26\nmov r0, r0\nmov r0, r0\nret_void", "t@1", "handler at 0 can be reached backward"},
    {"handler 0 .. 3 -> 1, r26\nmov r0, r0\nmov r0, r0\nmov r0, r0\nret_void", "t@0", "reached backward"},

    // Definite assignment.
    {"mov r0, r24\nret_void", "t@0", "r24 is read before it is assigned"},
    {"mov r0, r0\nadd_i32 r0, r0, r24\nret_void", "t@1", "r24 is read before it is assigned"},
    {"rt _, print(r0, r1, r2, r3, r4, r28)\nret_void", "t@0", "r28 is read"},
    {"ret r24", "t@0", "r24 is read", "i32"},
    {"for_test r0, r24..r25, +1\nret_void", "t@0", "r24 is read"},
    {"load_k r24, k0\nfor_test r0, r24..r25, +1\nret_void", "t@1", "r25 is read"},
    {"inc_lt r24, r0, +1\nret_void", "t@0", "r24 is read"},
    {"array_set_4 r11, r0, r24\nret_void", "t@0", "r24 is read"},
    {"jump_if r7, L\nload_k r24, k0\nL: mov r0, r24\nret_void", "t@2", "r24 is read"},
    {"L: loop 0\njump_if r7, E\nload_k r24, k0\njump L\nE: mov r0, r24\nret_void", "t@4", "r24 is read"},
    {"range_next r27, r10, E\nret_void\nE: mov r3, r27\nret_void", "t@2", "r27 is read"},
    {"range_next r3, r10, E\nret_void\nE: mov r21, r3\nret_void", "t@2", "r3 is read"},
    {"range_next r27, r10, E\nE: mov r3, r27\nret_void", "t@1", "r27 is read"},
    {"raise_error r26", "t@0", "r26 is read"},
    // An error may come before the first assignment in the range, or from the instruction that assigns.
    {"handler A .. B -> H, r26\nA: add_i32 r0, r0, r1\nload_k r24, k0\nB: ret_void\nH: mov r0, r24\nret_void", "t@3", "r24 is read"},
    {"handler A .. B -> H, r26\nA: add_i32 r24, r0, r1\nB: ret_void\nH: mov r0, r24\nret_void", "t@2", "r24 is read"},
    {"handler A .. B -> H, r26\nA: call r27, f1(r0, r8)\nB: ret_void\nH: mov r3, r27\nret_void", "t@3", "r27 is read"},
    // Every allocation may raise.
    {"handler A .. B -> H, r26\nA: rt r8, str_from_i32(r0)\nload_k r24, k0\nB: ret_void\nH: mov r0, r24\nret_void", "t@4", "r24 is read"},
    // The error register is assigned only by the error.
    {"handler A .. B -> H, r26\nA: add_i32 r0, r0, r1\nB: mov r0, r0\nH: raise_error r26", "t@2", "r26 is read"},
    // The first handler in the list gets the error, so the second one's register is not assigned.
    {"reg r29: error\nhandler A .. B -> H, r26\nhandler A .. B -> H, r29\nA: add_i32 r0, r0, r1\nB: ret_void\n"
     "H: raise_error r29",
     "t@2", "r29 is read"},
};

TEST(Verifier, RejectsMalformedCode) {
  size_t cases = 0;
  for (const BadCode& row : kBadCode) {
    if (row.where.empty()) continue;
    std::string text = with_body(row.body, row.result);
    auto result = verify_text(text);
    ASSERT_FALSE(result.ok()) << row.body;
    EXPECT_EQ(result.error().code, ErrorCode::kBadBytecode);
    EXPECT_EQ(result.error().where, row.where) << row.body << "\n" << result.error().detail;
    EXPECT_NE(result.error().detail.find(row.detail), std::string::npos) << row.body << "\n" << result.error().detail;
    ++cases;
  }
  EXPECT_GE(cases, 100u);
}

struct GoodCode {
  std::string_view body;
  std::string_view result = "void";
};

constexpr GoodCode kGoodCode[] = {
    {"ret_void"},
    {"ret r0", "i32"},
    {"ret r12", "S"},
    {"new_array r11, 65535\nret_void"},
    {"shl_i32 r0, r1, r3\nshl_i32 r0, r1, r5\nret_void"},
    {"rt _, print()\nrt _, print(r0, r3, r6, r8, r9, r10, r11, r12)\nret_void"},
    {"rt _, assert_eq(r8, r0, r11)\nret_void"},
    {"rt r17, array_repeat(r17, r3)\nret_void"},
    {"call _, f0()\ncall r3, f1(r0, r8)\nret_void"},
    {"set_field r12, .0, r0\nset_field_ref r12, .2, r17\nret_void"},
    {"eq_ref r7, r8, r12\nret_void"},
    // Both branches assign.
    {"jump_if r7, E\nload_k r24, k0\njump F\nE: mov r24, r0\nF: mov r0, r24\nret_void"},
    // Unreachable code is decoded but everything counts as assigned in it.
    {"ret_void\nmov r0, r24\nret_void"},
    {"jump E\nmov r24, r0\nE: ret_void"},
    // Nothing in the range may raise, so the handler is unreachable.
    {"handler A .. B -> H, r26\nA: mov r0, r1\nB: ret_void\nH: mov r0, r24\nret_void"},
    {"handler A .. B -> H, r26\nA: loop 0\nrt _, print(r0)\nB: ret_void\nH: mov r0, r24\nret_void"},
    // Assigned before the first instruction that may raise.
    {"handler A .. B -> H, r26\nA: load_k r24, k0\nadd_i32 r0, r0, r1\nB: ret_void\nH: mov r0, r24\nraise_error r26"},
    // The register of a call keeps its old value when the call raises.
    {"handler A .. B -> H, r26\nA: call r3, f1(r0, r8)\nB: ret_void\nH: mov r21, r3\nret_void"},
    // A handler before its range, or inside it, is fine at a loop.
    {"handler A .. B -> H, r26\nH: loop 0\nA: add_i32 r0, r0, r1\njump H\nB: ret_void"},
    {"handler A .. B -> H, r26\nA: add_i32 r0, r0, r1\nH: loop 0\nadd_i32 r0, r0, r1\nB: ret_void"},
    // A range to the end of the code.
    {"handler 0 .. 2 -> 2, r26\nadd_i32 r0, r0, r1\nret_void\nret_void"},
    {"L: loop 0\nfor_next r0, r1..r2, L\nret_void"},
    {"L: loop 0\nM: loop 1\ninc_lt r0, r1, M\ninc_le r0, r1, L\nret_void"},
    {"range_next r27, r10, E\nmov r3, r27\nE: ret_void"},
    {"jump_if r7, +1\nret_void"},
};

TEST(Verifier, AcceptsWellFormedCode) {
  for (const GoodCode& row : kGoodCode) {
    auto result = verify_text(with_body(row.body, row.result));
    EXPECT_TRUE(result.ok()) << row.body << "\n" << result.error().where << ": " << result.error().detail;
  }
}

struct BadModule {
  void (*change)(Module&);
  std::string_view detail;
};

constexpr BadModule kBadModules[] = {
    {[](Module& m) { m.types.clear(); }, "builtin types"},
    {[](Module& m) { m.types[1].kind = TypeKind::kI64; }, "builtin types"},
    {[](Module& m) { m.types[3].name = "u32"; }, "builtin types"},
    {[](Module& m) { m.types.push_back(Type{.kind = TypeKind::kI32}); }, "neither an array nor a struct"},
    {[](Module& m) { m.types.push_back(Type{.kind = TypeKind::kArray}); }, "no such element type"},
    {[](Module& m) { m.types.push_back({.kind = TypeKind::kArray, .element = kTypeVoid}); }, "no such element type"},
    {[](Module& m) { m.types.push_back(m.types[11]); }, "array type repeated"},
    {[](Module& m) { m.types[11].name = "a"; }, "an array has no name"},
    {[](Module& m) { m.types[11].fields.push_back({"a", kTypeI32}); }, "an array has no name or fields"},
    {[](Module& m) { m.types[11].element = TypeId(11); }, "arrays nested"},
    {[](Module& m) {
       m.types[11].element = TypeId(m.types.size());
       m.types.push_back({.kind = TypeKind::kArray, .element = TypeId(11)});
     },
     "arrays nested"},
    {[](Module& m) {
       for (uint32_t i = 0; i < kMaxArrayNesting; ++i) m.array_of(TypeId(m.types.size() - 1));
     },
     "more than 64 arrays nested"},
    {[](Module& m) { m.types[10].name = ""; }, "invalid name"},
    {[](Module& m) { m.types[10].name = "a\nb"; }, "invalid name"},
    {[](Module& m) { m.types[10].name = "\xFF"; }, "invalid name"},
    {[](Module& m) { m.types[10].name = std::string(1025, 'a'); }, "invalid name"},
    {[](Module& m) { m.types[10].element = kTypeI32; }, "a struct has no element"},
    {[](Module& m) { m.types[10].fields[0].name = ""; }, "invalid field name"},
    {[](Module& m) { m.types[10].fields[0].name = "p"; }, "field \"p\" repeated"},
    {[](Module& m) { m.types[10].fields[0].type = kTypeVoid; }, "no such type for field \"x\""},
    {[](Module& m) { m.types[10].fields[0].type = TypeId(99); }, "no such type for field \"x\""},
    {[](Module& m) {
       for (int i = 0; i < 65536; ++i) m.types[10].fields.push_back({"f" + std::to_string(i), kTypeI32});
     },
     "too many fields"},
    {[](Module& m) { m.constants[0].type = kTypeVoid; }, "k0: neither a scalar nor a string"},
    {[](Module& m) { m.constants[0].type = kTypeError; }, "k0: neither"},
    {[](Module& m) { m.constants[0].type = TypeId(); }, "k0: neither"},
    {[](Module& m) { m.constants[0].bits = uint64_t{1} << 32; }, "k0: not in canonical form"},
    {[](Module& m) { m.constants[0].text = "x"; }, "k0: not in canonical form"},
    {[](Module& m) { m.constants[2].bits = 1; }, "k2: not in canonical form"},
    {[](Module& m) { m.constants[1].bits = 0xFFF8000000000000u; }, "k1: not in canonical form"},
    {[](Module& m) { m.constants[1].bits = 0x7FF0000000000001u; }, "k1: not in canonical form"},
    {[](Module& m) { m.constants[3] = {kTypeBool, 2}; }, "k3: not in canonical form"},
    {[](Module& m) { m.constants[3] = {kTypeU32, UINT64_MAX}; }, "k3: not in canonical form"},
    {[](Module& m) { m.globals[0].name = ""; }, "g0: invalid name"},
    {[](Module& m) { m.globals[0].type = kTypeVoid; }, "g0: no such type"},
    {[](Module& m) { m.globals[0].type = TypeId(); }, "g0: no such type"},
    {[](Module& m) { m.functions[1].name = "\x7F"; }, "f1: invalid name"},
    {[](Module& m) { m.functions[1].registers[0] = kTypeVoid; }, "f1: no such type for r0"},
    {[](Module& m) { m.functions[1].registers[2] = TypeId(99); }, "f1: no such type for r2"},
    {[](Module& m) { m.functions[1].registers.resize(kMaxRegisters + 1, kTypeI32); }, "f1: more than 16384 registers"},
    {[](Module& m) { m.functions[1].params = 4; }, "f1: more parameters than registers"},
    {[](Module& m) { m.functions[1].result = TypeId(); }, "f1: no such result type"},
    {[](Module& m) { m.functions[1].code.clear(); }, "f1: no code"},
    {[](Module& m) { m.functions[1].positions.pop_back(); }, "f1: not one position a word"},
    {[](Module& m) { m.functions[1].positions.push_back({}); }, "f1: not one position a word"},
    {[](Module& m) { m.functions.resize(kMaxFunctions + 1, m.functions[0]); }, "more than 65535 functions"},
    {[](Module& m) { m.main = FunctionId(); }, "no main function"},
    {[](Module& m) { m.main = FunctionId(3); }, "no main function"},
    {[](Module& m) { m.main = FunctionId(1); }, "main has parameters or a result"},
};

TEST(Verifier, RejectsMalformedModules) {
  Module good = parse_assembly(with_body("ret_void"), "t.oasm").value();
  for (const BadModule& row : kBadModules) {
    Module module = good;
    row.change(module);
    auto result = verify(module);
    ASSERT_FALSE(result.ok()) << row.detail;
    EXPECT_EQ(result.error().where, "module") << row.detail << "\n" << result.error().detail;
    EXPECT_NE(result.error().detail.find(row.detail), std::string::npos) << row.detail << "\n" << result.error().detail;
    static_cast<void>(print_assembly(module));
  }
}

TEST(Verifier, RejectsMalformedOperandWords) {
  Module good = parse_assembly(with_body("rt _, print(r0, r1, r2, r3, r4)\nret_void"), "t.oasm").value();
  auto expect = [&](auto change, std::string_view detail) {
    Module module = good;
    change(module.functions[2]);
    auto result = verify(module);
    ASSERT_FALSE(result.ok()) << detail;
    EXPECT_EQ(result.error().where, "t@0");
    EXPECT_EQ(result.error().detail, detail);
  };
  expect([](Function& fn) { fn.code[2].c = 1; }, "unused field of an operand word is not zero");
  expect([](Function& fn) { fn.code[2].a = 1; }, "unused field of an operand word is not zero");
  expect([](Function& fn) { fn.code[0].c = 13; }, "operand words are cut off");
  expect([](Function& fn) { fn.positions[2].line = 7; }, "operand word with a position of its own");
  expect([](Function& fn) { fn.code[0].b = static_cast<uint16_t>(kBuiltinCount); }, "unknown builtin 27");
  expect([](Function& fn) { fn.code[0] = make_insn(Op::fail, static_cast<uint16_t>(kErrorKindCount), 2, 0); }, "unknown error kind 11");
}

// Every row of the table with a fixed kind rejects every register of another type in that place, and only there.
TEST(Verifier, EveryFixedKindIsChecked) {
  constexpr std::string_view kFixed = "iIuUfbseR";
  constexpr uint16_t kHolder[] = {0, 3, 4, 5, 6, 7, 8, 9, 10};  // a parameter of each type
  Module module = parse_assembly(with_body("ret_void\nret_void"), "t.oasm").value();
  Function& fn = module.functions[2];
  size_t checked = 0;
  for (uint16_t op = 0; op < kOpCount; ++op) {
    const OpInfo& row = kOps[op];
    bool all_fixed = row.kinds.find_first_not_of(kFixed) == std::string_view::npos;
    if (row.kinds.empty() || !all_fixed || row.format.find('h') != std::string_view::npos) continue;
    for (size_t wrong = 0; wrong < row.kinds.size(); ++wrong) {
      for (size_t type = 0; type < kFixed.size(); ++type) {
        uint16_t fields[3] = {};
        for (size_t i = 0, k = 0; i < 3; ++i) {
          if (row.format[i] == 'j') fields[i] = 1;
          if (row.format[i] == 'J') fields[1] = 1;
          if (row.format[i] != 'd' && row.format[i] != 'r' && row.format[i] != 'x') continue;
          fields[i] = kHolder[k == wrong ? type : kFixed.find(row.kinds[k])];
          ++k;
        }
        fn.code[0] = make_insn(static_cast<Op>(op), fields[0], fields[1], fields[2]);
        bool right = row.kinds[wrong] == kFixed[type];
        auto result = verify(module);
        EXPECT_EQ(result.ok(), right) << row.name << " operand " << wrong << " type " << kFixed[type];
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 3000u);
}

// The table itself: one kind letter for each operand that has one, every letter known.
TEST(Tables, RowsAreConsistent) {
  for (const OpInfo& row : kOps) {
    EXPECT_EQ(row.format.find_first_not_of("drxwihjntfLFBqKJG-"), std::string_view::npos) << row.name;
    EXPECT_EQ(row.kinds.find_first_not_of("iIuUfbseRLWTQApqoPESMVC"), std::string_view::npos) << row.name;
    EXPECT_EQ(row.format.size() + (row.format.find_first_of("KJG") != std::string_view::npos), 3u) << row.name;
    size_t kinded = 0;
    for (char letter : row.format) kinded += std::string_view("drxwh").find(letter) != std::string_view::npos;
    if (row.kinds != "C") EXPECT_EQ(row.kinds.size(), kinded) << row.name;
    if (row.effects & kTerminator) EXPECT_EQ(row.format.find('d'), std::string_view::npos) << row.name;
    Op op;
    ASSERT_TRUE(find_op(row.name, &op));
    EXPECT_EQ(&info(op), &row);
  }
  Op op;
  EXPECT_FALSE(find_op("", &op));
  EXPECT_FALSE(find_op("zzz", &op));
  for (const BuiltinInfo& row : kBuiltins) {
    EXPECT_EQ(row.result.size(), 1u) << row.name;
    EXPECT_EQ(row.result.find_first_not_of("-iIuUfbseRA"), std::string_view::npos) << row.name;
    EXPECT_EQ(row.arguments.find_first_not_of("*iIuUfbseRA"), std::string_view::npos) << row.name;
    if (row.result == "A") EXPECT_NE(row.arguments.find('A'), std::string_view::npos) << row.name;
  }
}

}  // namespace
}  // namespace orus
