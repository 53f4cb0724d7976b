// What the reference interpreter computes with.
#pragma once

#include <bitset>
#include <deque>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "fuzz/oracle/observation.h"
#include "vm/bytecode/module.h"

namespace orus::fuzz::ref {

using Bits = uint64_t;  // a value in slot form, or an object's address

struct Object {
  TypeKind kind;
  TypeId type = {};            // arrays and structs
  std::string text = {};       // strings; messages of errors are objects of their own
  std::vector<Bits> values = {};  // elements, fields; ranges: current, end, step
  uint32_t error_kind = 0, function = 0;
  uint64_t pc = 0;
  Object* message = nullptr;
};

struct Frame {
  uint32_t function = 0, pc = 0;
  std::vector<Bits> regs;
};

/// Static cost of the block that starts at each code word; 0 where none starts.
std::vector<uint32_t> block_costs(const Function& fn);

class Machine {
 public:
  Machine(const Module& m, int64_t fuel_given, uint32_t depth, std::span<const std::string_view> lines);
  void run();

  // Used by the instructions.
  Bits& reg(uint32_t r) { return frames.back().regs[r]; }
  const Function& function() const { return module.functions[frames.back().function]; }
  TypeId type_of(uint32_t r) const { return function().registers[r]; }
  TypeKind element_kind(TypeId array) const { return module.kind(module.type(array).element); }
  Object* object(uint32_t r) { return reinterpret_cast<Object*>(reg(r)); }
  Object* make(TypeKind kind, TypeId type = {});
  Bits make_string(std::string text);
  void jump(int32_t displacement) { next_pc = static_cast<uint32_t>(static_cast<int64_t>(frames.back().pc) + displacement); }
  void raise(Trap trap) { raise(info(trap).kind, std::string(info(trap).message)); }
  void raise(ErrorKind kind, std::string message);
  void raise_object(Object* message, ErrorKind kind);

  const Module& module;
  std::vector<Frame> frames;
  std::vector<Bits> globals;
  std::vector<bool> assigned;
  std::deque<Object> objects;
  uint32_t next_pc = 0;
  Object* pending = nullptr;   // an error is being raised
  bool finished = false;
  bool too_big = false;        // a value that no limit of memory would allow: nothing to compare
  std::string output;
  std::vector<std::string_view> input;
  size_t next_line = 0;
  uint32_t max_depth;
  int64_t fuel;
  Observation seen;
  std::bitset<kOpCount> executed;

 private:
  bool charge();
  void step();
  void unwind();
  std::vector<Bits> constants_;
  std::vector<std::vector<uint32_t>> costs_;

 public:
  Bits constant(uint32_t k) const { return constants_[k]; }
};

/// Longer text ends the comparison (Machine::too_big).
inline constexpr size_t kLongestText = size_t{2} << 20;

using Instruction = void (*)(Machine& m, const Insn* insn);
extern const Instruction kInstructions[];  // by opcode

// Builtins and text (reference_builtins.cc, reference_text.cc).
void run_builtin(Machine& m, const Insn* insn);
void append_print(const Machine& m, const Insn* insn, const Frame& frame, std::string* out);
void append_repr(const Module& m, TypeId type, Bits value, std::string* out);
std::string short_real(double value);
std::string long_real(double value);
/// `met` holds the pairs of arrays and structs already under comparison: they are equal unless a part elsewhere is not.
using MetPairs = std::set<std::pair<Bits, Bits>>;
bool deeply_equal(const Module& m, TypeId a_type, Bits a, TypeId b_type, Bits b, MetPairs* met);
uint64_t digest(const Machine& m);

inline double real(Bits b) { return __builtin_bit_cast(double, b); }
inline Bits bits(double d) { return __builtin_bit_cast(Bits, d); }

}  // namespace orus::fuzz::ref
