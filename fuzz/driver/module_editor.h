// ModuleEditor: a module taken apart so that pieces can be left out. Jumps and handlers refer to instructions, not to
// code words, so whatever is removed, the rest still fits together; whether it is valid is for the verifier to say.
#pragma once

#include <vector>

#include "vm/bytecode/module.h"

namespace orus::fuzz {

struct EditedInsn {
  std::vector<Insn> words;
  uint32_t target = UINT32_MAX;  // jumps: index of the instruction they go to, or one past the last
  Position position;
};

struct EditedHandler {
  uint32_t start, end, target;  // instruction indices
  uint16_t error_register;
};

struct EditedFunction {
  std::vector<EditedInsn> code;
  std::vector<EditedHandler> handlers;
};

EditedFunction take_apart(const Function& fn);
/// Loops are numbered afresh. False: nothing is left.
bool put_together(const EditedFunction& edited, Function* fn);
/// Removes instructions first .. first+count-1; what went there goes to the next one.
void erase(EditedFunction* fn, uint32_t first, uint32_t count);

/// Takes parameter `p` from a function and its argument from every call; the register stays, without a value. False (and
/// the module is of no use any more): the register is half of a pair.
bool drop_parameter(Module* module, size_t function, uint32_t p);

/// Drops functions, constants, globals and types that nothing refers to.
Module without_unused(Module module);
uint32_t instruction_count(const Module& module);

}  // namespace orus::fuzz
