// compile_orus: the front end for Orus in one call.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "lang/diagnostics.h"
#include "vm/bytecode/module.h"

namespace orus::lang {

struct CompileOptions {
  size_t max_diagnostics = 50;
};

struct CompileResult {
  std::optional<Module> module;         // absent after errors; still to be verified
  std::vector<Diagnostic> diagnostics;  // sorted by position
};

/// Compiles one source file, any bytes. `file_name` is used in messages and positions only. Time and memory are linear
/// in the size of the source for everything but pathological overload of one scope with misspelt names.
CompileResult compile_orus(std::string_view source, std::string_view file_name, const CompileOptions& options = {});

}  // namespace orus::lang
