// Numbering: the names that the text form gives to blocks and values. Shared by the printer and by the verifier, so
// that an error names what a person sees.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "jit/ir/ir.h"

namespace orus::jit {

struct Numbering {
  std::vector<BlockId> order;          // as printed: reverse postorder, then blocks that nothing reaches
  size_t reachable = 0;                // how many of `order` the entry reaches
  std::vector<uint32_t> block_number;  // by block; UINT32_MAX: not printed
  std::vector<uint32_t> value_number;  // by instruction; UINT32_MAX: none
  std::vector<InstId> header_params;   // functions: the instruction that stands for each parameter, or none
  std::string block(BlockId id) const;
  std::string value(InstId id) const;
};

/// Safe on broken IR: ids out of range get the name `b?` or `v?`.
Numbering number_ir(const Function& fn);

/// Name of a memory class: array_length, global2, field12.0 (struct type and field), field#HEX when no field of the
/// module has it.
std::string alias_name(uint32_t alias, const Module& module);
/// The inverse; false when there is no such class.
bool find_alias(std::string_view name, uint32_t* alias);

/// Names of object kinds in `new_object`, by ObjectKind.
inline constexpr std::string_view kObjectKindNames[] = {"string",     "bytes",  "array", "scalar_buffer",
                                                        "ref_buffer", "struct", "error", "range"};

/// The mnemonic as text shows it: without the underscore that keeps it from being a C++ keyword.
std::string_view mnemonic(IrOp op);

/// Whether the text form shows a reason and a frame state.
constexpr bool has_frame(IrOp op) { return (info(op).effects & (kIrExits | kIrCall)) != 0; }
constexpr bool has_attribute(IrOp op, char letter) { return info(op).attributes.find(letter) != std::string_view::npos; }

/// One instruction as printed, without a line end. For error messages.
std::string print_inst(const Function& fn, const Numbering& names, InstId id);

}  // namespace orus::jit
