#include "fuzz/proofs/suite.h"

#include <bit>
#include <limits>

#include "fuzz/proofs/suite_builder.h"
#include "vm/bytecode/builder.h"

namespace orus::proofs {
namespace {

constexpr const char* kFold = "fold-constants";

/// op x, c   op c, x   op x, x   op (op x, c1), c2   op c1, c2
void binary_shapes(Suite& suite, IrOp op, IrType type, IrType second) {
  std::string base = name(op, type);
  for (int64_t c : pool(second)) {
    Unit right;
    InstId x = right.param(type);
    suite.add(kFold, base + " x, c", right.ret(right.op(op, type, {x, right.number(second, c)})));
  }
  for (int64_t c : pool(type)) {
    Unit left;
    InstId x = left.param(second);
    suite.add(kFold, base + " c, x", left.ret(left.op(op, type, {left.number(type, c), x})));
  }
  if (type == second) {
    Unit same;
    InstId x = same.param(type);
    suite.add(kFold, base + " x, x", same.ret(same.op(op, type, {x, x})));
  }
  for (int64_t a : small_pool(second)) {
    for (int64_t b : small_pool(second)) {
      Unit nested;
      InstId inner = nested.op(op, type, {nested.param(type), nested.number(second, a)});
      suite.add(kFold, base + " (x, c1), c2", nested.ret(nested.op(op, type, {inner, nested.number(second, b)})));
    }
  }
  for (int64_t a : small_pool(type)) {
    for (int64_t b : small_pool(second)) {
      Unit known;
      suite.add(kFold, base + " c1, c2", known.ret(known.op(op, type, {known.number(type, a), known.number(second, b)})));
    }
  }
}

void add_select(Suite& suite, IrType type, std::vector<int64_t> constants) {
  for (bool invert : {false, true}) {
    for (int shape = 0; shape < 5; ++shape) {
      Unit u;
      InstId c = u.param(BOOL), x = u.param(type), y = u.param(type);
      if (invert) c = u.op(IrOp::not_, BOOL, {c});
      if (shape >= 3) c = u.number(BOOL, shape - 3);
      InstId value = shape == 1 ? u.op(IrOp::select, type, {c, x, x}) : u.op(IrOp::select, type, {c, x, y});
      suite.add(kFold, name(IrOp::select, type), u.ret(value));
    }
  }
  for (int64_t a : constants) {
    for (int64_t b : constants) {
      Unit u;
      InstId c = u.param(BOOL);
      suite.add(kFold, name(IrOp::select, type), u.ret(u.op(IrOp::select, type, {c, u.number(type, a), u.number(type, b)})));
    }
  }
}

}  // namespace

const VerifiedModule& suite_module() {
  static const VerifiedModule module{[] {
                                       ModuleBuilder builder("suite");
                                       // Registers of every kind and pcs enough for the frame states of a unit.
                                       TypeId registers[] = {kTypeI32, kTypeI32, kTypeI32, kTypeI64,  kTypeI64,
                                                             kTypeI64, kTypeF64, kTypeF64, kTypeBool, kTypeBool};
                                       FunctionId f = builder.declare_function("unit", registers, kTypeI32);
                                       FunctionBuilder code(builder, f);
                                       for (int i = 0; i < 12; ++i) code.emit(Op::mov, 0, 1);
                                       code.emit(Op::ret, 0);
                                       code.finish();
                                       builder.module().main = f;
                                       return builder.take();
                                     }(),
                                     {}};
  return module;
}

void add_integer_shapes(Suite& suite) {
  for (IrType type : {I32, I64}) {
    for (IrOp op : {IrOp::add, IrOp::sub, IrOp::mul, IrOp::add_ov, IrOp::sub_ov, IrOp::mul_ov, IrOp::and_, IrOp::or_, IrOp::xor_,
                    IrOp::mul_high, IrOp::umul_high, IrOp::sdiv, IrOp::srem, IrOp::udiv, IrOp::urem}) {
      binary_shapes(suite, op, type, type);
    }
    for (IrOp op : {IrOp::shl, IrOp::shr, IrOp::sar}) binary_shapes(suite, op, type, I32);
    add_select(suite, type, {0, 1, -1});
  }
}

namespace {
constexpr IrOp kRelations[] = {IrOp::eq, IrOp::ne, IrOp::lt, IrOp::le, IrOp::gt, IrOp::ge, IrOp::ult, IrOp::ule};

void relation_shapes(Suite& suite, IrOp op, IrType type) {
  std::string base = fmt::format("{} of {}", info(op).name, jit::type_name(type));
  for (bool negate : {false, true}) {
    auto finish = [&](Unit& u, InstId test) { return u.ret(negate ? u.op(IrOp::not_, BOOL, {test}) : test); };
    for (int64_t c : pool(type)) {
      Unit right, left;
      InstId x = right.param(type);
      suite.add(kFold, base + " x, c", finish(right, right.op(op, BOOL, {x, right.number(type, c)})));
      x = left.param(type);
      suite.add(kFold, base + " c, x", finish(left, left.op(op, BOOL, {left.number(type, c), x})));
    }
    Unit same, two;
    InstId x = same.param(type);
    suite.add(kFold, base + " x, x", finish(same, same.op(op, BOOL, {x, x})));
    x = two.param(type);
    suite.add(kFold, base + " x, y", finish(two, two.op(op, BOOL, {x, two.param(type)})));
    Unit twice;
    x = twice.param(type);
    InstId inner = twice.op(IrOp::not_, BOOL, {twice.op(op, BOOL, {x, twice.param(type)})});
    suite.add(kFold, base + " x, y", finish(twice, twice.op(IrOp::not_, BOOL, {inner})));
  }
}

void extended_shapes(Suite& suite, IrOp op) {
  for (IrOp extension : {IrOp::sext, IrOp::zext}) {
    std::string base = fmt::format("{} of {}", info(op).name, info(extension).name);
    Unit both, mixed;
    InstId a = both.op(extension, I64, {both.param(I32)}), b = both.op(extension, I64, {both.param(I32)});
    suite.add(kFold, base + " x, y", both.ret(both.op(op, BOOL, {a, b})));
    IrOp other = extension == IrOp::sext ? IrOp::zext : IrOp::sext;
    a = mixed.op(extension, I64, {mixed.param(I32)}), b = mixed.op(other, I64, {mixed.param(I32)});
    suite.add(kFold, base + " x, y", mixed.ret(mixed.op(op, BOOL, {a, b})));
    for (int64_t c : pool(I64)) {
      Unit right, left;
      a = right.op(extension, I64, {right.param(I32)});
      suite.add(kFold, base + " x, c", right.ret(right.op(op, BOOL, {a, right.number(I64, c)})));
      a = left.op(extension, I64, {left.param(I32)});
      suite.add(kFold, base + " c, x", left.ret(left.op(op, BOOL, {left.number(I64, c), a})));
    }
  }
  for (IrType wide : {I32, I64}) {
    Unit pair;
    InstId a = pair.op(IrOp::zext, wide, {pair.param(BOOL)}), b = pair.op(IrOp::zext, wide, {pair.param(BOOL)});
    suite.add(kFold, fmt::format("{} of zext bool", info(op).name), pair.ret(pair.op(op, BOOL, {a, b})));
    for (int64_t c : {0, 1, 2, -1, 7}) {
      Unit u;
      a = u.op(IrOp::zext, wide, {u.param(BOOL)});
      suite.add(kFold, fmt::format("{} of zext bool", info(op).name), u.ret(u.op(op, BOOL, {a, u.number(wide, c)})));
    }
  }
}
}  // namespace

void add_comparison_shapes(Suite& suite) {
  for (IrOp op : kRelations) {
    relation_shapes(suite, op, I32);
    relation_shapes(suite, op, I64);
    extended_shapes(suite, op);
  }
  for (IrOp op : {IrOp::eq, IrOp::ne}) {
    for (bool negate : {false, true}) {
      Unit null_test, converted;
      InstId test = null_test.op(op, BOOL, {null_test.param(REF), null_test.number(REF, 0)});
      suite.add(kFold, "null test", null_test.ret(negate ? null_test.op(IrOp::not_, BOOL, {test}) : test));
    }
    for (IrType type : {I32, I64}) {
      for (double c : {0.0, -0.0, 1.0, -1.5}) {
        Unit u;
        InstId x = u.op(IrOp::int_to_f64, F64, {u.param(type)});
        suite.add(kFold, fmt::format("{} of int_to_f64", info(op).name),
                  u.ret(u.op(op, BOOL, {x, u.number(F64, std::bit_cast<int64_t>(c))})));
      }
    }
  }
}

namespace {
const double kFloats[] = {0.0,
                          -0.0,
                          1.0,
                          -1.0,
                          2.0,
                          -4.0,
                          0.5,
                          3.0,
                          0.1,
                          0x1p-1022,
                          0x1p1023,
                          0x1p-1074,
                          0x1p-1023,
                          std::numeric_limits<double>::infinity(),
                          -std::numeric_limits<double>::infinity(),
                          std::numeric_limits<double>::quiet_NaN()};

void float_shapes(Suite& suite) {
  for (IrOp op : {IrOp::add, IrOp::sub, IrOp::mul, IrOp::fdiv}) {
    for (double c : kFloats) {
      Unit right, left;
      InstId x = right.param(F64);
      suite.add(kFold, name(op, F64) + " x, c", right.ret(right.op(op, F64, {x, right.number(F64, std::bit_cast<int64_t>(c))})));
      x = left.param(F64);
      suite.add(kFold, name(op, F64) + " c, x", left.ret(left.op(op, F64, {left.number(F64, std::bit_cast<int64_t>(c)), x})));
      for (double d : kFloats) {
        Unit known;
        InstId a = known.number(F64, std::bit_cast<int64_t>(c)), b = known.number(F64, std::bit_cast<int64_t>(d));
        suite.add(kFold, name(op, F64) + " c1, c2", known.ret(known.op(op, F64, {a, b})));
      }
    }
    Unit same;
    InstId x = same.param(F64);
    suite.add(kFold, name(op, F64) + " x, x", same.ret(same.op(op, F64, {x, x})));
  }
  for (int n : {1, 2, 3}) {
    Unit u;
    InstId x = u.param(F64);
    for (int i = 0; i < n; ++i) x = u.op(IrOp::neg, F64, {x});
    suite.add(kFold, "neg", u.ret(x));
  }
}

void float_relations(Suite& suite) {
  for (IrOp op : {IrOp::eq, IrOp::ne, IrOp::lt, IrOp::le, IrOp::gt, IrOp::ge}) {
    for (bool negate : {false, true}) {
      std::string group = fmt::format("{} of f64", info(op).name);
      auto finish = [&](Unit& u, InstId test) { suite.add(kFold, group, u.ret(negate ? u.op(IrOp::not_, BOOL, {test}) : test)); };
      Unit two, same;
      InstId x = two.param(F64);
      finish(two, two.op(op, BOOL, {x, two.param(F64)}));
      x = same.param(F64);
      finish(same, same.op(op, BOOL, {x, x}));
      for (double c : {0.0, -0.0, 1.0, std::numeric_limits<double>::quiet_NaN()}) {
        Unit left;
        finish(left, left.op(op, BOOL, {left.number(F64, std::bit_cast<int64_t>(c)), left.param(F64)}));
      }
    }
  }
}
}  // namespace

void add_float_and_bool_shapes(Suite& suite) {
  float_shapes(suite);
  float_relations(suite);
  for (IrOp op : {IrOp::and_, IrOp::or_, IrOp::xor_, IrOp::eq, IrOp::ne}) {
    for (int64_t c : {0, 1}) {
      Unit right, left;
      InstId b = right.param(BOOL);
      suite.add(kFold, name(op, BOOL), right.ret(right.op(op, BOOL, {b, right.number(BOOL, c)})));
      b = left.param(BOOL);
      suite.add(kFold, name(op, BOOL), left.ret(left.op(op, BOOL, {left.number(BOOL, c), b})));
    }
    Unit same;
    InstId b = same.param(BOOL);
    suite.add(kFold, name(op, BOOL), same.ret(same.op(op, BOOL, {b, b})));
  }
  for (int n : {1, 2, 3}) {
    Unit u;
    InstId x = u.param(BOOL);
    for (int i = 0; i < n; ++i) x = u.op(IrOp::not_, BOOL, {x});
    suite.add(kFold, "not", u.ret(x));
  }
  add_select(suite, BOOL, {0, 1});
  add_select(suite, F64, {});
}

namespace {
/// Conversions of conversions: every op that takes what another gives.
void conversion_pairs(Suite& suite) {
  struct Conversion {
    IrOp op;
    IrType from, to;
  };
  const Conversion all[] = {{IrOp::sext, I32, I64},       {IrOp::zext, I32, I64},        {IrOp::zext, BOOL, I32},
                            {IrOp::zext, BOOL, I64},      {IrOp::trunc, I64, I32},       {IrOp::int_to_f64, I32, F64},
                            {IrOp::int_to_f64, I64, F64}, {IrOp::uint_to_f64, I64, F64}, {IrOp::f64_to_int, F64, I32},
                            {IrOp::f64_to_int, F64, I64}};
  for (const Conversion& inner : all) {
    for (const Conversion& outer : all) {
      if (inner.to != outer.from) continue;
      Unit u;
      InstId x = u.op(inner.op, inner.to, {u.param(inner.from)});
      suite.add(kFold, fmt::format("{} of {}", name(outer.op, outer.to), name(inner.op, inner.to)), u.ret(u.op(outer.op, outer.to, {x})));
    }
  }
}

void conversion_constants(Suite& suite) {
  for (IrType type : {I32, I64}) {
    for (int64_t c : pool(type)) {
      auto one = [&](IrOp op, IrType to) {
        Unit u;
        suite.add(kFold, name(op, to) + " c", u.ret(u.op(op, to, {u.number(type, c)})));
      };
      one(IrOp::int_to_f64, F64);
      if (type == I64) one(IrOp::uint_to_f64, F64), one(IrOp::trunc, I32);
      if (type == I32) one(IrOp::sext, I64), one(IrOp::zext, I64);
    }
    for (double c : {0.0, -0.0, 0.9, -0.9, 2147483647.0, 2147483647.5, 2147483648.0, -2147483648.5, -2147483649.0, 9223372036854775808.0,
                     -9223372036854775808.0, 1e300, std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::infinity()}) {
      Unit u;
      suite.add(kFold, name(IrOp::f64_to_int, type) + " c",
                u.ret(u.op(IrOp::f64_to_int, type, {u.number(F64, std::bit_cast<int64_t>(c))})));
    }
  }
}
}  // namespace

void add_conversion_shapes(Suite& suite) {
  conversion_pairs(suite);
  conversion_constants(suite);
  for (int left = 0; left < 4; ++left) {
    for (int right = 0; right < 4; ++right) {
      Unit u;
      InstId c = u.param(BOOL), x = u.param(I32), y = u.param(I64), b = u.param(BOOL);
      auto side = [&](int kind) {
        switch (kind) {
          case 0: return u.op(IrOp::sext, I64, {x});
          case 1: return u.op(IrOp::zext, I64, {b});
          case 2: return u.number(I64, INT64_MIN + 5);
          default: return y;
        }
      };
      InstId first = side(left), second = side(right);
      suite.add(kFold, "trunc of select", u.ret(u.op(IrOp::trunc, I32, {u.op(IrOp::select, I64, {c, first, second})})));
    }
  }
}

std::vector<Instance> make_suite() {
  Suite suite;
  add_integer_shapes(suite);
  add_comparison_shapes(suite);
  add_float_and_bool_shapes(suite);
  add_conversion_shapes(suite);
  add_check_shapes(suite);
  add_division_shapes(suite);
  add_branch_shapes(suite);
  return std::move(suite.instances);
}

}  // namespace orus::proofs
