// Text of values, as print, concatenation and assert_eq show them (spec sections 10, 12, 13).
#pragma once

#include <string>

#include "vm/bytecode/module.h"
#include "vm/tier.h"

namespace orus {

std::string format_f64(double value);          // print's format: %.17f or %.17g, trimmed
std::string format_f64_short(double value);    // C's %g
/// Appends the text of a value of type `type` held in `slot`. Nesting is cut at a fixed depth with "...".
void format_value(const Module& module, TypeId type, Slot slot, std::string* out);
/// assert_eq's representation (REPR).
void format_repr(const Module& module, TypeId type, Slot slot, std::string* out);
/// Deep, type-strict equality of assert_eq.
bool deep_equal(const Module& module, TypeId a_type, Slot a, TypeId b_type, Slot b);
/// A whole print call: first argument as format string when it is a string, then the rest, then a newline.
void format_print(const Module& module, const TypeId* types, const Slot* values, uint32_t count, std::string* out);

}  // namespace orus
