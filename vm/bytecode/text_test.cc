// Both written forms of modules: exact round trips, located errors, and no crash whatever the input.
#include "vm/bytecode/text.h"

#include <gtest/gtest.h>

#include <set>

#include "base/rng.h"
#include "vm/bytecode/random_module.h"
#include "vm/bytecode/verifier.h"

namespace orus {
namespace {

constexpr std::string_view kSample = R"(module "demo.orus"
main f0
struct #10 Point { x: i32, next: [Point] }
type #11 = [Point]
type #12 = [#11]
struct #13 "two words" { "a field": Point }
global g0 "count": i64
global g1 "grid": [[Point]]
const k0 = i32 -5
const k1 = u32 4294967295
const k2 = i64 -9223372036854775808
const k3 = u64 18446744073709551615
const k4 = f64 -0
const k5 = f64 0.1
const k6 = f64 nan
const k7 = f64 -inf
const k8 = bool true
const k9 = string "a\"b\\\n\t\x00\x7f €"
const k10 = string "\xff\xe2"
const k11 = f64 bits 0x7ff8000000000001

func f0 "main" params 0 -> void {
  reg r0: i32
  reg r1..r2: i64
  reg r3: error
  handler L0 .. L2 -> L3, r3
L0:
  load_k r0, k0 @1:5  ; i32 -5
  rt _, print(r0, r0, r0, r0, r0)
L1:
  loop 0 @2:1
  jltk_i32 r0, -7, L1
  load_global r1, g0 @0:0  ; "count"
L2:
  jump L1
L3:
  call _, f0()  ; "main"
  fail value, k9  ; string "a\"b\\\n\t\x00\x7f €"
}
)";

Module parsed(std::string_view text) {
  auto module = parse_assembly(text, "test.oasm");
  EXPECT_TRUE(module.ok()) << module.error().where << ": " << module.error().detail;
  return module.ok() ? *module : Module();
}

void expect_round_trips(const Module& module, uint64_t seed) {
  std::string text = print_assembly(module);
  auto again = parse_assembly(text, "printed");
  ASSERT_TRUE(again.ok()) << "seed " << seed << ": " << again.error().where << ": " << again.error().detail;
  EXPECT_TRUE(*again == module) << "seed " << seed;
  EXPECT_EQ(print_assembly(*again), text) << "seed " << seed;
  std::vector<uint8_t> bytes = write_obc(module);
  auto read = read_obc(bytes);
  ASSERT_TRUE(read.ok()) << "seed " << seed << ": " << read.error().where << ": " << read.error().detail;
  EXPECT_TRUE(*read == module) << "seed " << seed;
  EXPECT_EQ(write_obc(*read), bytes) << "seed " << seed;
}

TEST(Assembly, PrintsWhatItParsed) { EXPECT_EQ(print_assembly(parsed(kSample)), kSample); }

TEST(Assembly, SampleRoundTripsInBothForms) { expect_round_trips(parsed(kSample), 0); }

TEST(Assembly, PrintsOneFunction) {
  Module module = parsed(kSample);
  std::string one = print_assembly(module, FunctionId(0));
  EXPECT_TRUE(one.starts_with("func f0 \"main\""));
  EXPECT_TRUE(kSample.ends_with(one));
}

TEST(Assembly, AcceptsTheShortWritings) {
  Module module = parsed(R"(module "t"
main "go"
struct Node { next: Node, all: [[Node]] }  ; arrays need no declaration
global "total": u64
func "go" params 0 -> void {
  reg r0: u64
  reg r1: [Node]
again: loop 0
  load_k r0, u64 0x10 @3:1
  load_k r0, u64 16
  store_global r0, "total"
  call _, "go"()
  jump again
}
)");
  ASSERT_EQ(module.functions.size(), 1u);
  EXPECT_EQ(module.constants.size(), 1u);
  EXPECT_EQ(module.main, FunctionId(0));
  EXPECT_EQ(module.type_name(module.functions[0].registers[1]), "[Node]");
  EXPECT_EQ(module.functions[0].code.back().bc(), -5);
  EXPECT_EQ(module.functions[0].loops, 1u);
  EXPECT_TRUE(verify(module).ok());
}

TEST(Assembly, KeepsWhatTheTableCannotExpress) {
  Module module = parsed(kSample);
  Function& fn = module.functions[0];
  fn.code[0] = Insn{0xFFFF, 1, 2, 3};                             // no such opcode
  fn.code[3] = make_insn(Op::loop, 7, 0, 1);                      // unused field
  fn.code.push_back(make_insn(Op::jump_if, 0, 0xFFFF, 0x7FFF));   // out of the code
  fn.code.push_back(make_insn(Op::rt, kNoReg, 0xEEEE, 0));        // no such builtin
  fn.code.push_back(make_insn(Op::call, kNoReg, 0, 9));           // operand words cut off
  fn.positions.resize(fn.code.size(), {UINT32_MAX, UINT32_MAX});
  fn.handlers.push_back({3, 900, 2, 65535});
  fn.loops = 77;
  fn.result = TypeId(4000);
  module.main = FunctionId();
  module.types.push_back(Type{.kind = TypeKind::kBool});
  module.types.push_back(Type{.kind = TypeKind::kArray, .element = TypeId(15)});  // of itself
  module.types.push_back(Type{.kind = TypeKind::kStruct, .name = "i32"});
  module.types.push_back(Type{.kind = TypeKind::kStruct, .name = "Point"});
  fn.registers = {TypeId(15), TypeId(16), TypeId(17), TypeId()};
  expect_round_trips(module, 0);
}

TEST(Assembly, RandomModulesAreValidAndRoundTrip) {
  std::set<uint16_t> seen;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Module module = RandomModule(seed).make();
    expect_round_trips(module, seed);
    auto verified = verify(module);
    ASSERT_TRUE(verified.ok()) << "seed " << seed << ": " << verified.error().where << ": " << verified.error().detail;
    for (const Function& fn : module.functions) {
      for (uint32_t pc = 0; pc < fn.code.size(); pc += insn_length(fn.code[pc])) seen.insert(fn.code[pc].op);
    }
  }
  for (uint16_t op = 0; op < kOpCount; ++op) EXPECT_TRUE(seen.contains(op)) << "never generated: " << kOps[op].name;
}

struct BadText {
  std::string_view text;
  std::string_view where;
  std::string_view detail;
};

constexpr BadText kBadTexts[] = {
    {"", "t:1:1", "expected 'module'"},
    {"module x", "t:1:8", "string in quotes"},
    {"module \"a", "t:1:8", "without a closing quote"},
    {"module \"a\\q\"", "t:1:8", "unknown escape"},
    {"module \"a\\x4\"", "t:1:8", "unknown escape"},
    {"module \"a\" \"b\"", "t:1:12", "end of the line"},
    {"module \"a\"\n?", "t:2:1", "unexpected character"},
    {"module \"a\"\nfoo", "t:2:1", "expected main, type"},
    {"module \"a\"\nmain f", "t:2:6", "expected f and a number"},
    {"module \"a\"\nmain \"x\"", "t:2:6", "unknown name"},
    {"module \"a\"\nmain f65536", "t:2:6", "number above 65535"},
    {"module \"a\"\ntype #11 = [i32]", "t:2:7", "the next type is #10"},
    {"module \"a\"\ntype = [[i32]]", "t:2:9", "is a name or #number"},
    {"module \"a\"\ntype = #12", "t:2:11", "an array or a builtin type"},
    {"module \"a\"\ntype = [q]", "t:2:9", "unknown type"},
    {"module \"a\"\nstruct S { x i32 }", "t:2:14", "expected ':'"},
    {"module \"a\"\nstruct S { x: i32 y: i32 }", "t:2:19", "expected ','"},
    {"module \"a\"\nstruct S { x: S2 }", "t:2:15", "unknown type"},
    {"module \"a\"\nglobal x: i32", "t:2:8", "string in quotes"},
    {"module \"a\"\nglobal g1 \"x\": i32", "t:2:8", "the next one is g0"},
    {"module \"a\"\nconst k1 = i32 0", "t:2:7", "the next one is k0"},
    {"module \"a\"\nconst k0 = i32 2147483648", "t:2:16", "outside -2147483648 .. 2147483647"},
    {"module \"a\"\nconst k0 = i64 -9223372036854775809", "t:2:16", "outside"},
    {"module \"a\"\nconst k0 = u64 18446744073709551616", "t:2:16", "below 2^64"},
    {"module \"a\"\nconst k0 = u32 -1", "t:2:16", "expected a number"},
    {"module \"a\"\nconst k0 = f64 1e999", "t:2:16", "that f64 can hold"},
    {"module \"a\"\nconst k0 = f64 x", "t:2:16", "expected a number"},
    {"module \"a\"\nconst k0 = bool 1", "t:2:17", "true or false"},
    {"module \"a\"\nconst k0 = error 1", "t:2:18", "written as bits"},
    {"module \"a\"\nconst k0 = [i32] 1", "t:2:18", "written as bits"},
    {"module \"a\"\nfunc \"f\" -> void {", "t:2:10", "expected 'params'"},
    {"module \"a\"\nfunc \"f\" params 0 -> void {\n", "t:3:1", "expected '}'"},
    {"module \"a\"\nfunc f1 \"f\" params 0 -> void {\n}", "t:2:6", "the next one is f0"},
};

constexpr BadText kBadBodies[] = {
    {"reg r1: i32", "t:3:5", "the next one is r0"},
    {"reg r0..r16384: i32", "t:3:9", "number above 16383"},
    {"nop", "t:3:1", "unknown instruction"},
    {"mov r0", "t:3:7", "expected ','"},
    {"mov r0, 5", "t:3:9", "expected r and a number"},
    {"mov r0, r65536", "t:3:9", "number above 65535"},
    {"mov r0, r1, r2", "t:3:11", "end of the line"},
    {"addk_i32 r0, r0, 32768", "t:3:18", "outside -32768 .. 32767"},
    {"addk_f64 r0, r0, k65536", "t:3:18", "number above 65535"},
    {"jump nowhere", "t:3:6", "unknown label"},
    {"handler a .. b -> c, r0", "t:3:9", "unknown label"},
    {"L: ret_void\nL: ret_void", "t:4:1", "label defined twice"},
    {"L: }", "t:3:4", "stands on a line of its own"},
    {"for_next r0, r1..r3, +1", "t:3:18", "the register after the first"},
    {"rt _, nothing()", "t:3:7", "unknown builtin"},
    {"rt _, print(r0 r1)", "t:3:16", "expected ','"},
    {"fail nothing, k0", "t:3:6", "unknown error kind"},
    {"fail value, i32", "t:3:16", "expected a number"},
    {"call _, \"g\"()", "t:3:9", "unknown name"},
    {"get_field r0, r1, 0", "t:3:19", "expected '.'"},
    {"ret_void @1", "t:3:12", "expected ':'"},
    {".word 1, 2, 3", "t:3:14", "expected ','"},
    {".byte 1", "t:3:2", "expected 'word'"},
    {"jump +2147483648", "t:3:6", "outside"},
    {"load_global r0, \"g\"", "t:3:17", "unknown name"},
};

void expect_refused(std::string_view text, const BadText& row) {
  auto result = parse_assembly(text, "t");
  ASSERT_FALSE(result.ok()) << text;
  EXPECT_EQ(result.error().code, ErrorCode::kBadAssembly);
  EXPECT_EQ(result.error().where, row.where) << text << "\n" << result.error().detail;
  EXPECT_NE(result.error().detail.find(row.detail), std::string::npos) << text << "\n" << result.error().detail;
}

TEST(Assembly, ErrorsAreLocated) {
  for (const BadText& row : kBadTexts) expect_refused(row.text, row);
  for (const BadText& row : kBadBodies) {
    expect_refused("module \"a\"\nfunc \"f\" params 0 -> void {\n" + std::string(row.text) + "\n}\n", row);
  }
}

TEST(Assembly, LabelOutOfReach) {
  std::string text = "module \"a\"\nfunc \"f\" params 0 -> void {\njeqk_i32 r0, 0, far\n";
  for (int i = 0; i < 33000; ++i) text += "ret_void\n";
  text += "far: ret_void\n}\n";
  expect_refused(text, {"", "t:3:17", "out of reach"});
}

TEST(Assembly, MangledTextNeverCrashes) {
  Rng rng(7);
  std::string sample = print_assembly(RandomModule(5, {.functions = 2, .statements = 4}).make());
  constexpr std::string_view kBytes = "\n\"#[]{}(),:.-+@;r0kfgL\\x \xFF";
  for (int round = 0; round < 3000; ++round) {
    std::string text = rng.chance(2) ? sample : std::string(kSample);
    for (uint64_t n = 1 + rng.below(4); n > 0; --n) {
      size_t at = rng.below(text.size());
      switch (rng.below(3)) {
        case 0: text[at] = kBytes[rng.below(kBytes.size())]; break;
        case 1: text.erase(at, 1 + rng.below(9)); break;
        default: text.insert(at, text.substr(rng.below(text.size()), rng.below(20))); break;
      }
    }
    auto module = parse_assembly(text, "t");
    if (module.ok()) expect_round_trips(*module, static_cast<uint64_t>(round));
  }
}

// Binary form.

TEST(Obc, EveryTruncationIsRefusedWithAnOffset) {
  std::vector<uint8_t> bytes = write_obc(RandomModule(11).make());
  for (size_t size = 0; size < bytes.size(); ++size) {
    auto result = read_obc(std::span(bytes).first(size));
    ASSERT_FALSE(result.ok()) << size;
    EXPECT_TRUE(result.error().where.starts_with("offset ")) << result.error().where;
    EXPECT_LE(std::stoull(result.error().where.substr(7)), size);
  }
  bytes.push_back(0);
  EXPECT_EQ(read_obc(bytes).error().detail, "bytes after the end of the module");
}

/// Whatever is read is written back the same; whatever is accepted has a text form.
void expect_consistent(const std::vector<uint8_t>& bytes, uint64_t* read, uint64_t* accepted) {
  auto result = read_obc(bytes);
  if (!result.ok()) return;
  ++*read;
  EXPECT_EQ(write_obc(*result), bytes);
  auto verified = verify(*result);
  if (!verified.ok()) {
    EXPECT_FALSE(verified.error().where.empty());
    return;
  }
  ++*accepted;
  auto again = parse_assembly(print_assembly(*result), "printed");
  ASSERT_TRUE(again.ok()) << again.error().where << ": " << again.error().detail;
  EXPECT_TRUE(*again == *result);
}

TEST(Obc, BitFlipsNeverCrash) {
  Rng rng(3);
  uint64_t read = 0, accepted = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    std::vector<uint8_t> bytes = write_obc(RandomModule(seed, {.functions = 2, .statements = 5}).make());
    for (int round = 0; round < 600; ++round) {
      std::vector<uint8_t> flipped = bytes;
      for (uint64_t n = 1 + rng.below(3); n > 0; --n) {
        flipped[rng.below(flipped.size())] ^= static_cast<uint8_t>(1u << rng.below(8));
      }
      expect_consistent(flipped, &read, &accepted);
    }
  }
  EXPECT_GT(read, 5000u);
  EXPECT_GT(accepted, 200u);
}

TEST(Obc, RandomBytesNeverCrash) {
  Rng rng(4);
  uint64_t read = 0, accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<uint8_t> bytes = write_obc(Module());
    bytes.resize(8 + rng.below(60));
    for (size_t i = 8; i < bytes.size(); ++i) {
      bytes[i] = static_cast<uint8_t>(rng.chance(2) ? rng.below(4) : rng.next());
    }
    expect_consistent(bytes, &read, &accepted);
  }
}

TEST(Obc, HeaderIsChecked) {
  std::vector<uint8_t> bytes = write_obc(Module());
  bytes[1] = 'X';
  EXPECT_EQ(read_obc(bytes).error().where, "offset 1");
  bytes = write_obc(Module());
  bytes[4] = 2;
  EXPECT_EQ(read_obc(bytes).error().detail, "unknown version");
}

TEST(Obc, NumbersHaveOneEncoding) {
  std::vector<uint8_t> bytes = write_obc(Module());  // after the header: file "", no main, four empty counts
  ASSERT_EQ(bytes.size(), 14u);
  bytes[8] = 0x80;
  bytes.insert(bytes.begin() + 9, 0x00);
  auto result = read_obc(bytes);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().where, "offset 8");
  EXPECT_EQ(result.error().detail, "number too large or not in its shortest form");
}

}  // namespace
}  // namespace orus
