// From IR to formulas: what a small acyclic unit does, for all values of its parameters at once.
//
// The meaning of each op is written here a third time, from ir_ops.def alone: it shares no code with the folder that it
// judges, nor with the IR interpreter. Two encodings: bit vectors and IEEE floats for everything, and integers for
// divisions by constants, which bit vectors of 32 bits and more cannot decide in reasonable time.
#pragma once

#include <z3++.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "jit/ir/ir.h"

namespace orus::proofs {

/// What a unit does. Values of exits are those of the frame state: (pc, register) -> value.
struct Behaviour {
  z3::expr exit;     // integer: 0 when it returns, else 1 + pc of the exit's frame state
  z3::expr value;    // result, when it returns
  z3::expr defined;  // the conditions hold that the ops demand to have been proved
  std::map<std::pair<uint32_t, uint16_t>, z3::expr> frame;
  std::vector<std::pair<uint32_t, std::vector<uint16_t>>> exits;  // pc and registers of every exit
};

/// Symbolic parameters, shared by the two units that are compared.
class Inputs {
 public:
  Inputs(z3::context& c, const jit::Function& fn, bool integers);
  const z3::expr& operator[](size_t i) const { return params_[i]; }
  size_t size() const { return params_.size(); }
  /// References are not null; integers are within their width.
  const z3::expr& assumed() const { return assumed_; }

 private:
  std::vector<z3::expr> params_;
  z3::expr assumed_;
};

/// Nothing when the unit has an op that the encoding lacks.
std::optional<Behaviour> encode_bits(z3::context& c, const jit::Function& fn, const Inputs& inputs);
std::optional<Behaviour> encode_integers(z3::context& c, const jit::Function& fn, const Inputs& inputs);

enum class Verdict : uint8_t { kProved, kRefuted, kUnknown };
struct Answer {
  Verdict verdict = Verdict::kUnknown;
  std::string detail;  // refuted: the parameters that show it
};
/// Whether `after` may stand for `before`: for every input on which `before` is defined, `after` is defined, leaves or
/// returns alike, with equal values.
Answer equivalent(const jit::Function& before, const jit::Function& after, unsigned milliseconds);

/// Proved when `wrong` has no model.
Answer ask(z3::context& c, const z3::expr& wrong, unsigned milliseconds);

}  // namespace orus::proofs
