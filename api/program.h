// Program: a verified module and the text it came from, whatever form that had.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lang/diagnostics.h"
#include "vm/bytecode/verifier.h"

namespace orus::api {

/// Exit codes of the command and results of runs; fixed, scripts depend on them.
enum ExitCode : int {
  kExitOk = 0,
  kExitDifference = 1,  // a difference, a missed threshold or a finding
  kExitUsage = 64,
  kExitCompile = 65,    // compile or verification error
  kExitNoFile = 66,
  kExitRuntime = 70,    // uncaught run-time error
  kExitLimit = 71,      // fuel, heap or time
};

enum class ProgramForm : uint8_t { kSource, kAssembly, kBytecode };

struct Program {
  std::string name;    // as given on the command line; "<stdin>" for standard input
  std::string source;  // text of source or assembly, for excerpts; empty for bytecode
  ProgramForm form = ProgramForm::kSource;
  std::unique_ptr<const VerifiedModule> module;
  uint64_t load_ns = 0;  // reading, compiling and verifying
};

/// Text of a diagnostic's file, for its excerpt. Only files that took part in the load are known.
struct SourceText {
  std::string name, text;
};

/// A program, or why there is none: then `diagnostics` is not empty and `exit_code` is kExitCompile or kExitNoFile.
struct LoadResult {
  std::unique_ptr<Program> program;
  std::vector<lang::Diagnostic> diagnostics;
  std::vector<SourceText> texts;
  int exit_code = kExitOk;
};

/// Reads and loads a file; "-" reads source from standard input. The form follows from the suffix (.orus, .oasm, .obc),
/// else from the content.
LoadResult load_file(const std::string& path);
/// The same with a given form.
LoadResult load_file(const std::string& path, ProgramForm form);
/// The same for a text at hand. `name` is for messages; source is compiled with the folder of `name` as its own.
LoadResult load_text(const std::string& name, std::string text, ProgramForm form);

/// Whole content of a file ("-": standard input). Errors: kFileNotFound with the system's reason.
Result<std::string> read_file(const std::string& path);
/// Replaces the file's content. Errors: kIo.
Status write_file(const std::string& path, std::string_view content);

ProgramForm form_of(const std::string& path, std::string_view content);

}  // namespace orus::api
