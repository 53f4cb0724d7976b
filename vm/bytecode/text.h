// The two written forms of a module: assembly text (.oasm) and binary (.obc). Both round-trip: parse(print(m)) == m.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vm/bytecode/module.h"

namespace orus {

inline constexpr uint32_t kObcVersion = 1;

/// Assembly text; grammar in docs/bytecode.md.
std::string print_assembly(const Module& module);
/// One function only, for `orus disasm --function`.
std::string print_assembly(const Module& module, FunctionId fn);
/// Errors: kBadAssembly with `where` = "file:line:column". The result is not verified yet.
Result<Module> parse_assembly(std::string_view text, std::string_view file_name);

std::vector<uint8_t> write_obc(const Module& module);
/// Errors: kBadBytecode with `where` = "offset N". Bounded: never allocates more than a constant times bytes.size().
/// The result is not verified yet.
Result<Module> read_obc(std::span<const uint8_t> bytes);

}  // namespace orus
