// Runs every .oir file below tests/jit: IR text, what a pass must make of it, and what it computes before and after.
//
//   ; RUN: pass=NAME[,NAME...]       or pipeline
//   ; MODULE: LINE                   optional: the module in assembly, line by line
//   ; EXPECT: TEXT                   the output has it; several are found in this order
//   ; EXPECT-NOT: TEXT               the output does not have it
//   ; RESULT: @f(1, 2.5, true) == 3  both before and after; also `== nan`, and `leaves REASON`
//
// Without a MODULE the function gets one made for it: parameters in registers 0.., then a spare register of each of
// i32, i64, f64, bool, string; code words 0 to 7 are instructions that a frame state may name.
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "jit/ir/test_frame.h"
#include "jit/pipeline.h"
#include "vm/bytecode/builder.h"
#include "vm/bytecode/text.h"

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
    for (const char* name : {"RUN", "MODULE", "EXPECT-NOT", "EXPECT", "RESULT"}) {
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

TypeId type_of(std::string_view name) {
  if (name == "i32") return kTypeI32;
  if (name == "i64") return kTypeI64;
  if (name == "f64") return kTypeF64;
  if (name == "bool") return kTypeBool;
  return kTypeString;
}

/// The module for `func @NAME(v0: TYPE, ...) -> TYPE`.
Module module_for(const std::string& text) {
  size_t at = text.find("\nfunc @");
  at = at == std::string::npos ? text.find("func @") : at + 1;
  std::string header = text.substr(at + 6, text.find('{', at) - at - 6);
  size_t open = header.find('('), close = header.find(')'), arrow = header.find("->");
  std::vector<TypeId> params;
  for (const std::string& param : split(header.substr(open + 1, close - open - 1), ',')) {
    if (!param.empty()) params.push_back(type_of(param.substr(param.find(':') + 2)));
  }
  TypeId result = arrow == std::string::npos ? kTypeVoid : type_of(split(header.substr(arrow + 2), ' ').back());
  ModuleBuilder builder("oir");
  builder.add_global("g0", kTypeI32);
  builder.add_global("g1", kTypeI64);
  builder.add_global("g2", kTypeF64);
  builder.add_global("g3", kTypeString);
  FunctionId f = builder.declare_function(header.substr(0, open), params, result);
  FunctionId main = builder.declare_function("main", {}, kTypeVoid);
  constexpr TypeId kSpare[] = {kTypeI32, kTypeI64, kTypeF64, kTypeBool, kTypeString};
  {
    FunctionBuilder code(builder, f);
    Reg returned = kNoReg;
    for (TypeId type : kSpare) {
      Reg reg = code.reg(type);
      ConstantId constant = type == kTypeString ? builder.string_constant("text") : builder.constant(type, 0);
      code.load_k(reg, constant);
      if (type == result) returned = reg;
    }
    for (int i = 0; i < 3; ++i) code.emit(Op::mov, static_cast<uint16_t>(params.size()), static_cast<uint16_t>(params.size()));
    if (returned == kNoReg) {
      code.emit(Op::ret_void);
    } else {
      code.emit(Op::ret, returned);
    }
    code.finish();
  }
  {
    FunctionBuilder code(builder, main);
    code.emit(Op::ret_void);
    code.finish();
  }
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

struct Expectation {
  std::vector<Slot> arguments;
  bool leaves = false;
  std::string reason;
  Slot value = 0;
};

bool parse_result(const Function& fn, const std::string& line, Expectation* out) {
  size_t open = line.find('('), close = line.find(')');
  if (line.empty() || line[0] != '@' || open == std::string::npos || close == std::string::npos) return false;
  std::string inside = line.substr(open + 1, close - open - 1);
  std::vector<std::string> values = inside.empty() ? std::vector<std::string>() : split(inside, ',');
  if (values.size() != fn.param_types.size()) return false;
  for (size_t i = 0; i < values.size(); ++i) {
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

void check_result(TestFrame& frame, const Function& fn, const std::string& line, const char* when) {
  SCOPED_TRACE(line + ", " + when);
  Expectation want;
  ASSERT_TRUE(parse_result(fn, line, &want)) << "a RESULT that makes no sense";
  IrRun run;
  Outcome outcome = frame.run(fn, want.arguments, &run);
  if (want.leaves) {
    ASSERT_EQ(outcome, Outcome::kResume);
    EXPECT_EQ(kExitReasons[static_cast<size_t>(fn.at(run.exit).reason)].name, want.reason);
    return;
  }
  ASSERT_EQ(outcome, Outcome::kReturned);
  double a = slot_f64(want.value), b = slot_f64(frame.vm().result);
  bool both_nan = fn.result == IrType::kF64 && a != a && b != b;
  EXPECT_TRUE(both_nan || want.value == frame.vm().result) << "gives " << static_cast<int64_t>(frame.vm().result) << " or " << b;
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
    module = module_for(file.text);
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
  for (const std::string& line : file.all("RESULT")) check_result(frame, fn, line, "before");
  run_passes(file, frame, fn);
  if (HasFatalFailure()) return;
  check_text(file, print_ir(fn));
  for (const std::string& line : file.all("RESULT")) check_result(frame, fn, line, "after");
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
