#include "jit/ir/random_ir.h"

#include <algorithm>
#include <array>

#include "base/rng.h"
#include "vm/bytecode/builder.h"

namespace orus::jit {
namespace {

constexpr IrType kTypes[] = {IrType::kI32, IrType::kI64, IrType::kF64, IrType::kBool};
constexpr TypeId kRegisterTypes[] = {kTypeI32, kTypeI32, kTypeI64, kTypeI64, kTypeF64, kTypeBool, kTypeI32, kTypeI64, kTypeF64, kTypeBool};
constexpr size_t kRegisters = std::size(kRegisterTypes);
constexpr uint32_t kMaxTrips = 5;

class Generator {
 public:
  Generator(const Module& module, const RandomIrConfig& config)
      : module_(module), config_(config), rng_(config.seed), fn_(module, 0), budget_(config.statements) {}
  Function make();

 private:
  // The values that may be used here, by type; a nested region sees those of the regions around it.
  using Scope = std::array<std::vector<InstId>, 6>;
  std::vector<InstId>& values(IrType type) { return scope_[static_cast<size_t>(type)]; }
  InstId any(IrType type);
  InstId constant(IrType type);
  IrType random_type() { return kTypes[rng_.below(4)]; }
  InstId emit(IrOp op, IrType type, std::initializer_list<InstId> args, int64_t imm = 0) {
    InstId id = fn_.append(block_, op, type, args, imm);
    if (type != IrType::kVoid) values(type).push_back(id);
    return id;
  }
  void with_frame(InstId id, ExitReason reason);
  void body(uint32_t depth);
  void pure();
  void narrowed();
  void pure_integer(IrType type);
  void pure_f64();
  void pure_bool();
  void divide(IrType type);
  void guarded_divide(IrType type);
  void shift(IrType type);
  void check();
  void global();
  void diamond(uint32_t depth);
  void loop(uint32_t depth);
  BlockId open(BlockId from, std::vector<InstId> args = {});

  const Module& module_;
  const RandomIrConfig& config_;
  Rng rng_;
  Function fn_;
  BlockId block_;
  Scope scope_;
  uint32_t budget_;
};

InstId Generator::constant(IrType type) {
  static constexpr int64_t kInteresting[] = {0,  1,  -1,  2,   3,         7,         8,         10,        31,       32,
                                             63, 64, 255, 256, INT16_MAX, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
  static constexpr double kDoubles[] = {0.0, -0.0, 1, -1, 0.5, 2, 1e300, -3.25, 4294967295.0};
  int64_t bits = rng_.chance(4) ? static_cast<int64_t>(rng_.next()) : kInteresting[rng_.below(std::size(kInteresting))];
  if (type == IrType::kI32) bits = static_cast<int64_t>(static_cast<uint32_t>(bits));
  if (type == IrType::kBool) bits &= 1;
  if (type == IrType::kF64) bits = __builtin_bit_cast(int64_t, kDoubles[rng_.below(std::size(kDoubles))]);
  return emit(IrOp::constant, type, {}, bits);
}

InstId Generator::any(IrType type) {
  auto& list = values(type);
  if (list.empty() || rng_.chance(8)) return constant(type);
  // Recent values more often, so that chains get long.
  size_t back = rng_.below(std::min<size_t>(list.size(), rng_.chance(3) ? list.size() : 6));
  return list[list.size() - 1 - back];
}

/// A frame state of pc 0 that holds parameters, or whatever else has the registers' types.
void Generator::with_frame(InstId id, ExitReason reason) {
  FrameState state;
  for (uint16_t r = 0; r < kRegisters; ++r) {
    if (rng_.chance(3)) continue;
    auto& list = values(ir_type(module_.kind(kRegisterTypes[r])));
    size_t usable = list.size();
    while (usable > 0 && list[usable - 1] == id) --usable;
    if (usable > 0) state.values.push_back({r, list[rng_.below(usable)]});
  }
  fn_.at(id).frame = fn_.add_frame(std::move(state));
  fn_.at(id).reason = reason;
}

/// Any divisor, behind the guards that bytecode divisions have; often the one quotient that does not fit is near.
void Generator::guarded_divide(IrType type) {
  auto number = [&](int64_t value) { return fn_.append(block_, IrOp::constant, type, {}, value); };
  bool narrow = type == IrType::kI32;
  int64_t minimum = narrow ? int64_t{uint32_t{1} << 31} : INT64_MIN, minus_one = narrow ? int64_t{UINT32_MAX} : -1;
  bool is_signed = rng_.chance(2);
  InstId x = rng_.chance(2) ? number(minimum) : any(type), y = rng_.chance(3) ? number(minus_one) : any(type);
  with_frame(emit(IrOp::guard, IrType::kVoid, {emit(IrOp::ne, IrType::kBool, {y, number(0)})}), ExitReason::forced);
  if (is_signed) {
    InstId fits = emit(IrOp::ne, IrType::kBool, {y, number(minus_one)});
    InstId other = emit(IrOp::ne, IrType::kBool, {x, number(minimum)});
    with_frame(emit(IrOp::guard, IrType::kVoid, {emit(IrOp::or_, IrType::kBool, {fits, other})}), ExitReason::forced);
  }
  emit(is_signed ? (rng_.chance(2) ? IrOp::sdiv : IrOp::srem) : rng_.chance(2) ? IrOp::udiv : IrOp::urem, type, {x, y});
}

void Generator::divide(IrType type) {
  static constexpr IrOp kDivisions[] = {IrOp::sdiv, IrOp::srem, IrOp::udiv, IrOp::urem};
  if (config_.exits && rng_.chance(3)) return guarded_divide(type);
  // An odd divisor whose upper bit is clear is neither 0 nor -1.
  InstId mask = fn_.append(block_, IrOp::constant, type, {}, type == IrType::kI32 ? INT32_MAX : INT64_MAX);
  InstId one = fn_.append(block_, IrOp::constant, type, {}, 1);
  InstId positive = emit(IrOp::and_, type, {any(type), mask});
  InstId divisor = emit(IrOp::or_, type, {positive, one});
  emit(kDivisions[rng_.below(4)], type, {any(type), divisor});
}

void Generator::shift(IrType type) {
  static constexpr IrOp kShifts[] = {IrOp::shl, IrOp::shr, IrOp::sar};
  InstId mask = fn_.append(block_, IrOp::constant, IrType::kI32, {}, type == IrType::kI32 ? 31 : 63);
  InstId count = emit(IrOp::and_, IrType::kI32, {any(IrType::kI32), mask});
  emit(kShifts[rng_.below(3)], type, {any(type), count});
}

/// 32-bit values widened, combined and cut again, as bytecode does when kinds mix.
void Generator::narrowed() {
  static constexpr IrOp kBinary[] = {IrOp::add, IrOp::sub, IrOp::mul, IrOp::and_, IrOp::or_, IrOp::xor_};
  auto widened = [&] {
    if (rng_.chance(5)) return any(IrType::kI64);
    IrType from = rng_.chance(8) ? IrType::kBool : IrType::kI32;
    IrOp extend = from == IrType::kBool || rng_.chance(3) ? IrOp::zext : IrOp::sext;
    return emit(extend, IrType::kI64, {any(from)});
  };
  InstId a = widened(), b = widened();
  IrOp op = rng_.chance(3) ? IrOp::select : kBinary[rng_.below(std::size(kBinary))];
  InstId wide = op == IrOp::select ? emit(op, IrType::kI64, {any(IrType::kBool), a, b}) : emit(op, IrType::kI64, {a, b});
  emit(IrOp::trunc, IrType::kI32, {wide});
}

void Generator::pure_integer(IrType type) {
  static constexpr IrOp kBinary[] = {IrOp::add, IrOp::sub, IrOp::mul, IrOp::and_, IrOp::or_, IrOp::xor_, IrOp::mul_high, IrOp::umul_high};
  switch (rng_.below(8)) {
    case 0: return divide(type);
    case 1: return shift(type);
    case 2: emit(IrOp::select, type, {any(IrType::kBool), any(type), any(type)}); return;
    case 3:
      if (type == IrType::kI32 && rng_.chance(2)) {
        narrowed();
      } else if (type == IrType::kI32) {
        emit(IrOp::trunc, type, {any(IrType::kI64)});
      } else {
        emit(rng_.chance(2) ? IrOp::sext : IrOp::zext, type, {any(IrType::kI32)});
      }
      return;
    case 4:
      if (rng_.chance(2)) {
        emit(IrOp::zext, type, {any(IrType::kBool)});
      } else {
        emit(IrOp::f64_to_int, type, {any(IrType::kF64)});
      }
      return;
    default: emit(kBinary[rng_.below(std::size(kBinary))], type, {any(type), any(type)}); return;
  }
}

void Generator::pure_f64() {
  static constexpr IrOp kBinary[] = {IrOp::add, IrOp::sub, IrOp::mul, IrOp::fdiv};
  constexpr IrType type = IrType::kF64;
  switch (rng_.below(7)) {
    case 0: emit(IrOp::neg, type, {any(type)}); return;
    case 1: emit(IrOp::int_to_f64, type, {any(rng_.chance(2) ? IrType::kI32 : IrType::kI64)}); return;
    case 2: emit(IrOp::uint_to_f64, type, {any(IrType::kI64)}); return;
    case 3: emit(IrOp::select, type, {any(IrType::kBool), any(type), any(type)}); return;
    default: emit(kBinary[rng_.below(4)], type, {any(type), any(type)}); return;
  }
}

void Generator::pure_bool() {
  static constexpr IrOp kCompare[] = {IrOp::eq, IrOp::ne, IrOp::lt, IrOp::le, IrOp::gt, IrOp::ge, IrOp::ult, IrOp::ule};
  static constexpr IrOp kLogic[] = {IrOp::and_, IrOp::or_, IrOp::xor_};
  constexpr IrType type = IrType::kBool;
  switch (rng_.below(6)) {
    case 0: emit(IrOp::not_, type, {any(type)}); return;
    case 1: emit(kLogic[rng_.below(3)], type, {any(type), any(type)}); return;
    case 2: emit(kCompare[rng_.below(6)], type, {any(IrType::kF64), any(IrType::kF64)}); return;
    case 3: emit(kCompare[rng_.below(2)], type, {any(type), any(type)}); return;
    default: {
      IrType compared = rng_.chance(2) ? IrType::kI32 : IrType::kI64;
      emit(kCompare[rng_.below(8)], type, {any(compared), any(compared)});
    }
  }
}

void Generator::pure() {
  IrType type = random_type();
  if (rng_.chance(20)) {
    emit(IrOp::pi, type, {any(type)});
  } else if (type == IrType::kF64) {
    pure_f64();
  } else if (type == IrType::kBool) {
    pure_bool();
  } else {
    pure_integer(type);
  }
}

void Generator::check() {
  static constexpr IrOp kChecked[] = {IrOp::add_ov, IrOp::sub_ov, IrOp::mul_ov};
  switch (rng_.below(4)) {
    case 0: {
      // A guard that usually holds.
      InstId condition = any(IrType::kBool);
      if (rng_.chance(3)) condition = emit(IrOp::or_, IrType::kBool, {condition, any(IrType::kBool)});
      with_frame(emit(IrOp::guard, IrType::kVoid, {condition}), ExitReason::forced);
      return;
    }
    case 1: {
      InstId mask = fn_.append(block_, IrOp::constant, IrType::kI32, {}, 15);
      InstId index = emit(IrOp::and_, IrType::kI32, {any(IrType::kI32), mask});
      InstId length = fn_.append(block_, IrOp::constant, IrType::kI32, {}, 14 + static_cast<int64_t>(rng_.below(4)));
      with_frame(emit(IrOp::bounds, IrType::kI32, {index, length}), ExitReason::bounds);
      return;
    }
    default: {
      IrType type = rng_.chance(2) ? IrType::kI32 : IrType::kI64;
      with_frame(emit(kChecked[rng_.below(3)], type, {any(type), any(type)}), ExitReason::overflow);
    }
  }
}

void Generator::global() {
  auto g = static_cast<uint32_t>(rng_.below(module_.globals.size()));
  IrType type = ir_type(module_.kind(module_.globals[g].type));
  InstId id;
  switch (rng_.below(3)) {
    case 0: id = emit(IrOp::load_global, type, {}, g); break;
    case 1: id = emit(IrOp::load_assigned, IrType::kBool, {}, g); break;
    default: id = emit(IrOp::store_global, IrType::kVoid, {any(type)}, g); break;
  }
  fn_.at(id).aux = global_alias(g);
}

/// Ends block `from` with a jump to a new block, which becomes the current one.
BlockId Generator::open(BlockId from, std::vector<InstId> args) {
  BlockId to = fn_.add_block();
  fn_.append(from, IrOp::jump, IrType::kVoid, {});
  fn_.at(from).successors.push_back({to, std::move(args)});
  return block_ = to;
}

void Generator::diamond(uint32_t depth) {
  InstId condition = any(IrType::kBool);
  BlockId fork = block_, left = fn_.add_block(), right = fn_.add_block(), join = fn_.add_block();
  fn_.append(fork, IrOp::branch, IrType::kVoid, {condition});
  fn_.at(fork).successors = {{left, {}}, {right, {}}};
  Scope before = scope_;
  std::vector<IrType> phis;
  for (uint64_t i = rng_.below(4); i > 0; --i) phis.push_back(random_type());
  for (BlockId arm : {left, right}) {
    scope_ = before;
    block_ = arm;
    if (!rng_.chance(4)) body(depth + 1);
    std::vector<InstId> args;
    for (IrType type : phis) args.push_back(any(type));
    fn_.append(block_, IrOp::jump, IrType::kVoid, {});
    fn_.at(block_).successors.push_back({join, std::move(args)});
  }
  scope_ = before;
  block_ = join;
  for (IrType type : phis) values(type).push_back(fn_.add_phi(join, type));
}

/// A loop that counts an i32 down from a few trips; what the header's other parameters carry is up to chance.
void Generator::loop(uint32_t depth) {
  InstId zero = fn_.append(block_, IrOp::constant, IrType::kI32, {}, 0);
  InstId one = fn_.append(block_, IrOp::constant, IrType::kI32, {}, 1);
  std::vector<InstId> start{fn_.append(block_, IrOp::constant, IrType::kI32, {}, static_cast<int64_t>(rng_.below(kMaxTrips)))};
  std::vector<IrType> phis{IrType::kI32};
  for (uint64_t i = rng_.below(4); i > 0; --i) {
    phis.push_back(random_type());
    start.push_back(any(phis.back()));
  }
  BlockId header = open(block_, start);
  for (IrType type : phis) values(type).push_back(fn_.add_phi(header, type));
  InstId counter = fn_.at(header).phis[0];
  if (config_.polls) with_frame(emit(IrOp::poll, IrType::kVoid, {}), ExitReason::interrupt);
  if (rng_.chance(2)) pure();
  InstId more = fn_.append(block_, IrOp::gt, IrType::kBool, {counter, zero});
  BlockId inside = fn_.add_block(), after = fn_.add_block();
  fn_.append(block_, IrOp::branch, IrType::kVoid, {more});
  fn_.at(block_).successors = {{inside, {}}, {after, {}}};
  Scope at_header = scope_;
  block_ = inside;
  body(depth + 1);
  std::vector<InstId> next{fn_.append(block_, IrOp::sub, IrType::kI32, {counter, one})};
  // Sometimes the header's own parameters again, in another order: parallel copies.
  for (size_t i = 1; i < phis.size(); ++i) next.push_back(any(phis[i]));
  fn_.append(block_, IrOp::jump, IrType::kVoid, {});
  fn_.at(block_).successors.push_back({header, std::move(next)});
  scope_ = at_header;
  block_ = after;
}

void Generator::body(uint32_t depth) {
  for (uint64_t n = 1 + rng_.below(8); n > 0 && budget_ > 0; --n) {
    --budget_;
    uint64_t what = rng_.below(20);
    if (what < 2 && depth < 4) {
      diamond(depth);
    } else if (what < 3 && depth < 3) {
      loop(depth);
    } else if (what < 5 && config_.exits) {
      check();
    } else if (what < 7 && config_.globals) {
      global();
    } else {
      pure();
    }
  }
}

Function Generator::make() {
  block_ = fn_.add_block();
  fn_.result = IrType::kI64;
  for (uint32_t i = 0; i < kRandomParams; ++i) {
    IrType type = ir_type(module_.kind(kRegisterTypes[i]));
    fn_.param_types.push_back(type);
    emit(IrOp::param, type, {}, i);
  }
  for (uint32_t g = 0; config_.assigned && g < module_.globals.size(); ++g) {
    InstId id = emit(IrOp::store_global, IrType::kVoid, {any(ir_type(module_.kind(module_.globals[g].type)))}, g);
    fn_.at(id).aux = global_alias(g);
  }
  while (budget_ > 0) body(0);
  // Everything that is still in sight goes into the result, so that little is dead.
  InstId result = any(IrType::kI64);
  for (uint64_t i = rng_.below(6); i > 0; --i) result = emit(IrOp::xor_, IrType::kI64, {result, any(IrType::kI64)});
  InstId small = emit(IrOp::sext, IrType::kI64, {any(IrType::kI32)});
  result = emit(IrOp::add, IrType::kI64, {result, small});
  fn_.append(block_, IrOp::ret, IrType::kVoid, {result});
  fn_.rebuild_predecessors();
  return std::move(fn_);
}

}  // namespace

Module random_ir_module() {
  ModuleBuilder builder("random");
  builder.add_global("a", kTypeI32);
  builder.add_global("b", kTypeI64);
  builder.add_global("c", kTypeF64);
  builder.add_global("d", kTypeBool);
  FunctionId f = builder.declare_function("random", std::span(kRegisterTypes, kRandomParams), kTypeI64);
  FunctionId main = builder.declare_function("main", {}, kTypeVoid);
  {
    FunctionBuilder code(builder, f);
    for (size_t r = kRandomParams; r < kRegisters; ++r) code.reg(kRegisterTypes[r]);
    code.emit(Op::ret, 2);
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

Function random_ir(const Module& module, const RandomIrConfig& config) { return Generator(module, config).make(); }

}  // namespace orus::jit
