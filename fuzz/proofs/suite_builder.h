// Builds the units of the suite.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "fuzz/proofs/suite.h"

namespace orus::proofs {

using jit::BlockId;
using jit::Function;
using jit::info;
using jit::InstId;
using jit::IrOp;
using jit::IrType;

inline constexpr IrType I32 = IrType::kI32, I64 = IrType::kI64, F64 = IrType::kF64, BOOL = IrType::kBool, REF = IrType::kRef;

/// One unit under construction. Parameters come first; every exit has a frame state of its own pc that holds them.
class Unit {
 public:
  Unit() : fn_(suite_module().module, 0), block_(fn_.add_block()) {}

  InstId param(IrType type) {
    fn_.param_types.push_back(type);
    params_.push_back(fn_.append(block_, IrOp::param, type, {}, static_cast<int64_t>(params_.size())));
    return params_.back();
  }
  InstId number(IrType type, int64_t bits) { return fn_.constant(type, bits); }
  InstId op(IrOp op, IrType type, std::initializer_list<InstId> args) {
    InstId id = fn_.append(block_, op, type, args);
    if ((info(op).effects & jit::kIrExits) != 0) fn_.at(id).frame = frame();
    return id;
  }
  InstId guard(InstId condition) { return op(IrOp::guard, IrType::kVoid, {condition}); }
  BlockId add_block() { return fn_.add_block(); }
  void continue_in(BlockId block) { block_ = block; }
  void jump(BlockId target, std::vector<InstId> args = {}) {
    fn_.append(block_, IrOp::jump, IrType::kVoid, {});
    fn_.at(block_).successors = {{target, std::move(args)}};
  }
  void branch(InstId condition, jit::Edge if_true, jit::Edge if_false) {
    fn_.append(block_, IrOp::branch, IrType::kVoid, {condition});
    fn_.at(block_).successors = {std::move(if_true), std::move(if_false)};
  }
  InstId phi(BlockId block, IrType type) { return fn_.add_phi(block, type); }
  Function ret(InstId value) {
    fn_.result = fn_.at(value).type;
    fn_.append(block_, IrOp::ret, IrType::kVoid, {value});
    fn_.rebuild_predecessors();
    return std::move(fn_);
  }

 private:
  Function fn_;
  BlockId block_;
  std::vector<InstId> params_;
  uint32_t next_pc_ = 1;

  jit::FrameId frame() {
    jit::FrameState state{.function = 0, .pc = next_pc_++, .parent = {}, .base_offset = 0, .charged = true, .values = {}};
    // Registers of the module's function by kind; what has none left is not in the frame.
    std::map<IrType, std::vector<uint16_t>> free{{I32, {0, 1, 2}}, {I64, {3, 4, 5}}, {F64, {6, 7}}, {BOOL, {8, 9}}};
    for (size_t i = 0; i < params_.size(); ++i) {
      auto& list = free[fn_.param_types[i]];
      if (list.empty()) continue;
      state.values.push_back({list.front(), params_[i]});
      list.erase(list.begin());
    }
    std::sort(state.values.begin(), state.values.end(), [](const auto& a, const auto& b) { return a.reg < b.reg; });
    return fn_.add_frame(std::move(state));
  }
};

struct Suite {
  std::vector<Instance> instances;
  void add(std::string_view pass, std::string group, Function fn) {
    instances.push_back({fmt::format("{}/{}", pass, group), std::string(pass), std::move(fn)});
  }
};

inline std::string name(IrOp op, IrType type) { return fmt::format("{}.{}", info(op).name, jit::type_name(type)); }

/// Boundary values: neighbours of 0, of powers of two and of the limits of both widths.
inline std::vector<int64_t> pool(IrType type) {
  std::vector<int64_t> values{0,  1,  -1, 2,   -2,  3,     4,       7,         -8,        10,           31,
                              32, 63, 64, 255, 256, 65535, 1 << 30, INT32_MAX, INT32_MIN, INT32_MIN + 1};
  if (type == I64) {
    for (int64_t v : {int64_t{INT32_MAX} + 1, int64_t{INT32_MIN} - 1, int64_t{UINT32_MAX}, int64_t{UINT32_MAX} + 1, int64_t{1} << 62,
                      INT64_MAX, INT64_MIN, INT64_MIN + 1}) {
      values.push_back(v);
    }
  }
  return values;
}
inline std::vector<int64_t> small_pool(IrType type) {
  int64_t low = type == I64 ? INT64_MIN : INT32_MIN, high = type == I64 ? INT64_MAX : INT32_MAX;
  return {0, 1, -1, 6, 8, low, high};
}

}  // namespace orus::proofs
