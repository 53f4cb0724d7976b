// Runs every .oir file below tests/jit: IR text, what a pass must make of it, and what it computes before and after.
//
//   ; RUN: pass=NAME[,NAME...]       or pipeline
//   ; MODULE: LINE                   optional: the module in assembly, line by line
//   ; ARRAYS: i32, f64               element types of the array parameters, in order; i32 when not said
//   ; EXPECT: TEXT                   the output has it; several are found in this order
//   ; EXPECT-NOT: TEXT               the output does not have it
//   ; EXPECT-COUNT: 2 TEXT           the output has it so many times
//   ; RESULT: @f(1, 2.5, true) == 3  both before and after; also `== nan`, and `leaves REASON`
//   ; RESULT-BEFORE: RESULT-AFTER:   the same on one side, for checks that a pass lets fail earlier
//
// Every run starts with globals that nothing has been assigned to. For each RESULT the two runs must agree on more than
// the line says: value, frame at the exit, globals, contents of arrays. Only a hoisted check may leave early.
//
// Without a MODULE the function gets one made for it: parameters in registers 0.., then a spare register of each of
// i32, i64, f64, bool, string; code words 0 to 7 are instructions that a frame state may name; words 8, 9 and 10 call
// @reads (of g0), @writes (42 to g0) and @quiet. A `ref` parameter is an array, in a RESULT `[1 2 3]` or `same`: the
// array passed before it. Types: #10 [i32], #11 [i64], #12 [f64], #13 a struct {x: i32, y: f64}. Globals: g0 i32, g1
// i64, g2 f64, g3 string.
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "jit/ir/test_frame.h"
#include "jit/pipeline.h"
#include "vm/bytecode/builder.h"
#include "vm/bytecode/text.h"
#include "vm/runtime/allocate.h"

namespace orus::jit {
namespace {

namespace fs = std::filesystem;

struct Directive {
  int line = 0;
  std::string name, text;
};

struct File {
  std::string text;
  std::vector<Directive> directives;
  std::vector<std::string> all(std::string_view name) const {
    std::vector<std::string> found;
    for (const Directive& d : directives) {
      if (d.name == name) found.push_back(d.text);
    }
    return found;
  }
};

File read_file(const std::string& path) {
  File file;
  std::ifstream in(path);
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    file.text += line + "\n";
    for (const char* name :
         {"RUN", "MODULE", "ARRAYS", "EXPECT-NOT", "EXPECT-COUNT", "EXPECT", "RESULT", "RESULT-BEFORE", "RESULT-AFTER"}) {
      std::string start = std::string("; ") + name + ": ";
      if (line.starts_with(start)) file.directives.push_back({number, name, line.substr(start.size())});
    }
  }
  return file;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::stringstream in{std::string(text)};
  for (std::string part; std::getline(in, part, separator);) {
    size_t first = part.find_first_not_of(' '), last = part.find_last_not_of(' ');
    parts.push_back(first == std::string::npos ? "" : part.substr(first, last - first + 1));
  }
  return parts;
}

TypeId scalar_type(std::string_view name) {
  if (name == "i32") return kTypeI32;
  if (name == "i64") return kTypeI64;
  if (name == "f64") return kTypeF64;
  if (name == "bool") return kTypeBool;
  return kTypeVoid;
}

/// Types and globals that the head of this file promises.
void add_types(ModuleBuilder& builder) {
  for (TypeId element : {kTypeI32, kTypeI64, kTypeF64}) builder.array_of(element);
  TypeId point = builder.add_struct("point");
  builder.module().types[point.index].fields = {{"x", kTypeI32}, {"y", kTypeF64}};
  builder.add_global("g0", kTypeI32);
  builder.add_global("g1", kTypeI64);
  builder.add_global("g2", kTypeF64);
  builder.add_global("g3", kTypeString);
}

/// Functions 2, 3 and 4: what a loop may call.
void add_callees(ModuleBuilder& builder, FunctionId reads, FunctionId writes, FunctionId quiet) {
  {
    FunctionBuilder code(builder, reads);
    Reg reg = code.reg(kTypeI32);
    code.emit(Op::load_global, reg, 0);
    code.emit(Op::ret_void);
    code.finish();
  }
  {
    FunctionBuilder code(builder, writes);
    Reg reg = code.reg(kTypeI32);
    code.load_k(reg, builder.constant(kTypeI32, 42));
    code.emit(Op::store_global, reg, 0);
    code.emit(Op::ret_void);
    code.finish();
  }
  FunctionBuilder code(builder, quiet);
  code.emit(Op::ret_void);
  code.finish();
}

/// Code that nothing runs: registers and instructions for frame states to name.
void add_frame_code(ModuleBuilder& builder, FunctionId f, size_t params, TypeId result, std::initializer_list<FunctionId> callees) {
  constexpr TypeId kSpare[] = {kTypeI32, kTypeI64, kTypeF64, kTypeBool, kTypeString};
  FunctionBuilder code(builder, f);
  Reg returned = kNoReg;
  for (TypeId type : kSpare) {
    Reg reg = code.reg(type);
    ConstantId constant = type == kTypeString ? builder.string_constant("text") : builder.constant(type, 0);
    code.load_k(reg, constant);
    if (type == result) returned = reg;
  }
  for (int i = 0; i < 3; ++i) code.emit(Op::mov, static_cast<uint16_t>(params), static_cast<uint16_t>(params));
  for (FunctionId callee : callees) code.call(kNoReg, callee, {});
  if (returned == kNoReg) {
    code.emit(Op::ret_void);
  } else {
    code.emit(Op::ret, returned);
  }
  code.finish();
}

/// The module for `func @NAME(v0: TYPE, ...) -> TYPE`.
Module module_for(const File& file) {
  const std::string& text = file.text;
  size_t at = text.find("\nfunc @");
  at = at == std::string::npos ? text.find("func @") : at + 1;
  std::string header = text.substr(at + 6, text.find('{', at) - at - 6);
  size_t open = header.find('('), close = header.find(')'), arrow = header.find("->");
  ModuleBuilder builder("oir");
  add_types(builder);
  std::vector<std::string> elements, said = file.all("ARRAYS");
  if (!said.empty()) elements = split(said[0], ',');
  std::vector<TypeId> params;
  size_t arrays = 0;
  for (const std::string& param : split(header.substr(open + 1, close - open - 1), ',')) {
    if (param.empty()) continue;
    std::string type = param.substr(param.find(':') + 2);
    std::string element = arrays < elements.size() ? elements[arrays] : "i32";
    arrays += type == "ref" ? 1 : 0;
    params.push_back(type == "ref" ? builder.array_of(scalar_type(element)) : scalar_type(type));
  }
  TypeId result = arrow == std::string::npos ? kTypeVoid : scalar_type(split(header.substr(arrow + 2), ' ').back());
  FunctionId f = builder.declare_function(header.substr(0, open), params, result);
  FunctionId main = builder.declare_function("main", {}, kTypeVoid);
  FunctionId reads = builder.declare_function("reads", {}, kTypeVoid);
  FunctionId writes = builder.declare_function("writes", {}, kTypeVoid);
  FunctionId quiet = builder.declare_function("quiet", {}, kTypeVoid);
  add_frame_code(builder, f, params.size(), result, {reads, writes, quiet});
  {
    FunctionBuilder code(builder, main);
    code.emit(Op::ret_void);
    code.finish();
  }
  add_callees(builder, reads, writes, quiet);
  builder.module().main = main;
  return builder.take();
}

/// A value as RESULT lines write it, in slot form; false if it is none.
bool parse_value(std::string_view text, IrType type, Slot* slot) {
  const char *begin = text.data(), *end = begin + text.size();
  if (type == IrType::kBool) return *slot = text == "true" ? 1 : 0, text == "true" || text == "false";
  if (type == IrType::kF64) {
    double value = 0;
    auto parsed = std::from_chars(begin, end, value);
    *slot = f64_slot(value);
    return parsed.ec == std::errc() && parsed.ptr == end;
  }
  int64_t value = 0;
  auto parsed = std::from_chars(begin, end, value);
  *slot = type == IrType::kI32 ? static_cast<uint32_t>(value) : static_cast<uint64_t>(value);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

/// An array that a RESULT line passes; the same object in both runs, with its contents put back.
struct ArrayArgument {
  Array* object = nullptr;
  std::vector<char> contents;
  int32_t length = 0;

  void restore() const {
    object->length = length;
    if (length > 0) memcpy(object->buffer->data(), contents.data(), contents.size());
  }
  std::string show() const {
    std::string text = "array " + std::to_string(object->length) + ":";
    for (size_t i = 0; i < contents.size(); ++i) {
      text += " " + std::to_string(static_cast<unsigned char>(object->buffer->data()[i]));
    }
    return text + "\n";
  }
};

struct Case {
  std::string line;
  bool before = true, after = true;  // where the line says what happens
  std::vector<Slot> arguments;
  std::vector<ArrayArgument> arrays;
  bool leaves = false;
  std::string reason;
  Slot value = 0;
  Observation seen;  // before the passes
};

/// `[1 2 3]`, allocated.
bool parse_array(TestFrame& frame, TypeId type, std::string_view text, Case* out) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return false;
  TypeId element = frame.module().types[type.index].element;
  IrType kind = ir_type(frame.module().kind(element));
  size_t width = kind == IrType::kI32 ? 4 : 8;
  ArrayArgument array;
  for (const std::string& part : split(text.substr(1, text.size() - 2), ' ')) {
    Slot slot = 0;
    if (!parse_value(part, kind, &slot)) return false;
    array.contents.resize(array.contents.size() + width);
    memcpy(array.contents.data() + array.contents.size() - width, &slot, width);
    ++array.length;
  }
  array.object = allocate_array(frame.vm(), type, array.length, array.length);
  out->arguments.push_back(ref_slot(array.object));
  out->arrays.push_back(std::move(array));
  return true;
}

bool parse_case(TestFrame& frame, const Function& fn, Case* out) {
  const std::string& line = out->line;
  size_t open = line.find('('), close = line.find(')');
  if (line.empty() || line[0] != '@' || open == std::string::npos || close == std::string::npos) return false;
  std::string inside = line.substr(open + 1, close - open - 1);
  std::vector<std::string> values = inside.empty() ? std::vector<std::string>() : split(inside, ',');
  if (values.size() != fn.param_types.size()) return false;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] == "same" && !out->arrays.empty()) {
      out->arguments.push_back(ref_slot(out->arrays.back().object));
      continue;
    }
    if (fn.param_types[i] == IrType::kRef) {
      if (!parse_array(frame, frame.module().functions[fn.index].registers[i], values[i], out)) return false;
      continue;
    }
    Slot slot = 0;
    if (!parse_value(values[i], fn.param_types[i], &slot)) return false;
    out->arguments.push_back(slot);
  }
  std::vector<std::string> rest = split(line.substr(close + 1), ' ');
  if (rest.size() == 3 && rest[1] == "leaves") {
    out->leaves = true;
    out->reason = rest[2];
    return true;
  }
  return rest.size() == 3 && rest[1] == "==" && parse_value(rest[2], fn.result, &out->value);
}

std::vector<Case> parse_cases(const File& file, TestFrame& frame, const Function& fn) {
  std::vector<Case> cases;
  for (const Directive& d : file.directives) {
    if (!d.name.starts_with("RESULT")) continue;
    Case c;
    c.line = d.text;
    c.before = d.name != "RESULT-AFTER";
    c.after = d.name != "RESULT-BEFORE";
    EXPECT_TRUE(parse_case(frame, fn, &c)) << "line " << d.line << ": a RESULT that makes no sense: " << d.text;
    cases.push_back(std::move(c));
  }
  return cases;
}

Observation observe(TestFrame& frame, const Function& fn, const Case& c) {
  for (const ArrayArgument& array : c.arrays) array.restore();
  uint64_t collections = frame.vm().heap().stats().minor_collections;
  Observation seen = Observation::of(frame, fn, c.arguments);
  for (const ArrayArgument& array : c.arrays) seen.text += array.show();
  EXPECT_EQ(frame.vm().heap().stats().minor_collections, collections) << "arrays may have moved";
  return seen;
}

void check_case(TestFrame& frame, const Function& fn, const Case& c, const Observation& seen) {
  if (c.leaves) {
    ASSERT_EQ(seen.outcome, Outcome::kResume) << "does not leave";
    EXPECT_EQ(kExitReasons[static_cast<size_t>(seen.reason)].name, c.reason);
    return;
  }
  ASSERT_EQ(seen.outcome, Outcome::kReturned) << "leaves: " << kExitReasons[static_cast<size_t>(seen.reason)].name;
  double a = slot_f64(c.value), b = slot_f64(frame.vm().result);
  bool both_nan = fn.result == IrType::kF64 && a != a && b != b;
  EXPECT_TRUE(both_nan || c.value == frame.vm().result) << "gives " << static_cast<int64_t>(frame.vm().result) << " or " << b;
}

void check_before(TestFrame& frame, const Function& fn, Case& c) {
  SCOPED_TRACE(c.line + ", before");
  c.seen = observe(frame, fn, c);
  if (c.before) check_case(frame, fn, c, c.seen);
}

void check_after(TestFrame& frame, const Function& fn, const Case& c) {
  SCOPED_TRACE(c.line + ", after");
  Observation seen = observe(frame, fn, c);
  if (c.after) check_case(frame, fn, c, seen);
  EXPECT_TRUE(c.seen.allows(seen)) << "before:\n" << c.seen.text << "after:\n" << seen.text;
}

void run_passes(const File& file, TestFrame& frame, Function& fn) {
  CompileOptions options;
  PassContext context{.module = frame.verified(), .options = options};
  std::vector<std::string> runs = file.all("RUN");
  ASSERT_EQ(runs.size(), 1u) << "one RUN line, please";
  if (runs[0] == "pipeline") {
    Status status = optimize(fn, context);
    ASSERT_TRUE(status.ok()) << status.error().where << ": " << status.error().detail;
  } else {
    ASSERT_TRUE(runs[0].starts_with("pass=")) << runs[0];
    for (const std::string& name : split(runs[0].substr(5), ',')) {
      const Pass* pass = find_pass(name);
      ASSERT_NE(pass, nullptr) << "no pass " << name;
      pass->run(fn, context);
    }
  }
  Status status = verify_ir(fn);
  ASSERT_TRUE(status.ok()) << status.error().where << ": " << status.error().detail << "\n" << print_ir(fn);
}

void check_text(const File& file, const std::string& output) {
  size_t from = 0;
  for (const Directive& d : file.directives) {
    if (d.name == "EXPECT") {
      size_t at = output.find(d.text, from);
      EXPECT_NE(at, std::string::npos) << "line " << d.line << ": expected, in this order: " << d.text << "\n" << output;
      if (at != std::string::npos) from = at + d.text.size();
    }
    if (d.name == "EXPECT-COUNT") {
      size_t space = d.text.find(' ');
      std::string what = d.text.substr(space + 1);
      size_t want = 0, count = 0;
      std::from_chars(d.text.data(), d.text.data() + space, want);
      for (size_t at = output.find(what); at != std::string::npos; at = output.find(what, at + what.size())) ++count;
      EXPECT_EQ(count, want) << "line " << d.line << ": number of: " << what << "\n" << output;
    }
    if (d.name == "EXPECT-NOT") {
      EXPECT_EQ(output.find(d.text), std::string::npos) << "line " << d.line << ": not expected: " << d.text << "\n" << output;
    }
  }
}

class Oir : public testing::TestWithParam<std::string> {};

TEST_P(Oir, Holds) {
  File file = read_file(std::string(ORUS_OIR_DIR) + "/" + GetParam());
  ASSERT_FALSE(file.directives.empty()) << "a test without an expectation";
  std::string assembly;
  for (const std::string& line : file.all("MODULE")) assembly += line + "\n";
  Module module;
  if (assembly.empty()) {
    module = module_for(file);
  } else {
    auto parsed = parse_assembly(assembly, GetParam());
    ASSERT_TRUE(parsed.ok()) << parsed.error().where << ": " << parsed.error().detail;
    module = std::move(parsed).value();
  }
  TestFrame frame(std::move(module));
  auto parsed = parse_ir(file.text, frame.module());
  ASSERT_TRUE(parsed.ok()) << parsed.error().where << ": " << parsed.error().detail;
  Function fn = std::move(parsed).value();
  Status status = verify_ir(fn);
  ASSERT_TRUE(status.ok()) << status.error().where << ": " << status.error().detail;
  std::vector<Case> cases = parse_cases(file, frame, fn);
  for (Case& c : cases) check_before(frame, fn, c);
  run_passes(file, frame, fn);
  if (HasFatalFailure()) return;
  check_text(file, print_ir(fn));
  for (const Case& c : cases) check_after(frame, fn, c);
}

std::vector<std::string> files() {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(ORUS_OIR_DIR)) {
    if (entry.path().extension() == ".oir") found.push_back(fs::relative(entry.path(), ORUS_OIR_DIR).string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

INSTANTIATE_TEST_SUITE_P(Files, Oir, testing::ValuesIn(files()), [](const auto& info) {
  std::string name = info.param.substr(0, info.param.size() - 4);
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
});

}  // namespace
}  // namespace orus::jit
