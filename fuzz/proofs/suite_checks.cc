// Shapes of checks, divisions by constants and branches.
#include <set>

#include "fuzz/proofs/suite_builder.h"

namespace orus::proofs {
namespace {

constexpr const char* kFold = "fold-constants";
constexpr const char* kChecks = "eliminate-checks";
constexpr const char* kReduce = "reduce-strength";
constexpr const char* kConvert = "convert-branches";

void bounds_shapes(Suite& suite) {
  for (bool other_length : {false, true}) {
    Unit u;
    InstId i = u.param(I32), n = u.param(I32), m = u.param(I32);
    InstId first = u.op(IrOp::bounds, I32, {i, n});
    suite.add(kFold, "bounds of bounds", u.ret(u.op(IrOp::bounds, I32, {first, other_length ? m : n})));
  }
  // The index of an array access: negative ones are mapped to one that is out of bounds, or not.
  for (int64_t replacement : {int64_t{-1}, int64_t{INT32_MIN}, int64_t{0}}) {
    for (int64_t limit : {0, 1}) {
      for (IrOp relation : {IrOp::lt, IrOp::le}) {
        Unit u;
        InstId x = u.param(I32), n = u.param(I32);
        // A length is not negative.
        u.guard(u.op(IrOp::ge, BOOL, {n, u.number(I32, 0)}));
        InstId negative = u.op(relation, BOOL, {x, u.number(I32, limit)});
        InstId index = u.op(IrOp::select, I32, {negative, u.number(I32, replacement), x});
        InstId checked = u.op(IrOp::bounds, I32, {index, n});
        suite.add(kFold, "bounds of select", u.ret(u.op(IrOp::add, I32, {checked, u.number(I32, 5)})));
      }
    }
  }
  for (int64_t index : {0, 1, 5, -1}) {
    for (int64_t length : {0, 1, 6}) {
      Unit u;
      u.param(I32);
      suite.add(kFold, "bounds c1, c2", u.ret(u.op(IrOp::bounds, I32, {u.number(I32, index), u.number(I32, length)})));
    }
  }
  for (int64_t c : {0, 1}) {
    Unit u;
    InstId x = u.param(I32);
    u.guard(u.number(BOOL, c));
    suite.add(kFold, "guard c", u.ret(x));
  }
}

/// Facts that ranges know: masks, remainders, extensions, guards; and checks that they decide or do not.
void range_shapes(Suite& suite) {
  for (IrType type : {I32, I64}) {
    for (IrOp op : {IrOp::add_ov, IrOp::sub_ov, IrOp::mul_ov}) {
      for (int source = 0; source < 6; ++source) {
        for (int64_t c : pool(type)) {
          Unit u;
          InstId x = u.param(type), small = x;
          switch (source) {
            case 0: small = u.op(IrOp::and_, type, {x, u.number(type, 255)}); break;
            case 1: small = u.op(IrOp::srem, type, {x, u.number(type, 10)}); break;
            case 2: small = u.op(IrOp::shr, type, {x, u.number(I32, 3)}); break;
            case 3: small = u.op(IrOp::sar, type, {x, u.number(I32, 1)}); break;
            case 4: u.guard(u.op(IrOp::lt, BOOL, {x, u.number(type, INT32_MAX)})); break;
            default: u.guard(u.op(IrOp::ult, BOOL, {x, u.number(type, 1000)})); break;
          }
          suite.add(kChecks, name(op, type), u.ret(u.op(op, type, {small, u.number(type, c)})));
        }
      }
    }
  }
  for (IrOp first : {IrOp::lt, IrOp::le, IrOp::gt, IrOp::ge, IrOp::eq, IrOp::ne, IrOp::ult, IrOp::ule}) {
    for (IrOp second : {IrOp::lt, IrOp::le, IrOp::gt, IrOp::ge, IrOp::eq, IrOp::ne, IrOp::ult, IrOp::ule}) {
      for (int64_t c : {-1, 0, 1, 100, 101, 99}) {
        Unit u;
        InstId x = u.param(I32);
        u.guard(u.op(first, BOOL, {x, u.number(I32, 100)}));
        InstId test = u.op(second, BOOL, {x, u.number(I32, c)});
        u.guard(test);
        suite.add(kChecks, fmt::format("guard {} after guard", info(second).name), u.ret(x));
      }
      Unit related;
      InstId x = related.param(I32), y = related.param(I32);
      related.guard(related.op(first, BOOL, {x, y}));
      related.guard(related.op(second, BOOL, {x, y}));
      related.guard(related.op(second, BOOL, {y, x}));
      suite.add(kChecks, fmt::format("guard {} after guard", info(second).name), related.ret(x));
    }
  }
}

void bounds_ranges(Suite& suite) {
  for (IrOp low : {IrOp::ge, IrOp::gt, IrOp::ne}) {
    for (IrOp high : {IrOp::lt, IrOp::le, IrOp::ult}) {
      for (int64_t offset : {0, 1, -1}) {
        Unit u;
        InstId i = u.param(I32), n = u.param(I32);
        u.guard(u.op(low, BOOL, {i, u.number(I32, 0)}));
        u.guard(u.op(high, BOOL, {i, n}));
        InstId index = offset == 0 ? i : u.op(IrOp::add_ov, I32, {i, u.number(I32, offset)});
        suite.add(kChecks, "bounds", u.ret(u.op(IrOp::bounds, I32, {index, n})));
      }
    }
  }
}

void branch_certain(Suite& suite) {
  for (IrOp first : {IrOp::lt, IrOp::ge, IrOp::eq}) {
    for (IrOp second : {IrOp::lt, IrOp::le, IrOp::ge, IrOp::ne}) {
      for (int64_t c : {9, 10, 11}) {
        Unit u;
        InstId x = u.param(I32), y = u.param(I32);
        BlockId inner = u.add_block(), yes = u.add_block(), no = u.add_block(), out = u.add_block();
        u.branch(u.op(first, BOOL, {x, u.number(I32, 10)}), {inner, {}}, {out, {}});
        u.continue_in(inner);
        u.branch(u.op(second, BOOL, {x, u.number(I32, c)}), {yes, {}}, {no, {}});
        u.continue_in(yes);
        InstId sum = u.op(IrOp::add, I32, {x, y});
        BlockId join = u.add_block();
        InstId result = u.phi(join, I32);
        u.jump(join, {sum});
        u.continue_in(no);
        u.jump(join, {y});
        u.continue_in(out);
        u.jump(join, {x});
        u.continue_in(join);
        suite.add(kChecks, fmt::format("branch {} after {}", info(second).name, info(first).name), u.ret(result));
      }
    }
  }
}

std::set<int64_t> divisors(IrType type) {
  std::set<int64_t> values{1,
                           -1,
                           2,
                           -2,
                           3,
                           -3,
                           4,
                           5,
                           6,
                           7,
                           -7,
                           9,
                           10,
                           -10,
                           11,
                           12,
                           13,
                           25,
                           28,
                           100,
                           125,
                           641,
                           1000,
                           -1000,
                           1000000007,
                           65536,
                           65537,
                           INT32_MAX,
                           INT32_MAX - 1,
                           INT32_MIN,
                           INT32_MIN + 1,
                           1 << 30,
                           (1 << 30) + 1};
  if (type == I64) {
    for (int64_t v : {int64_t{1} << 32, (int64_t{1} << 32) + 1, (int64_t{1} << 62) + 1, INT64_MAX, INT64_MIN, INT64_MIN + 1,
                      int64_t{1} << 40, int64_t{6700417}, int64_t{-4}}) {
      values.insert(v);
    }
  }
  return values;
}

std::string division_shape(IrOp op, IrType type, int64_t by) {
  uint64_t u = type == I32 ? static_cast<uint32_t>(by) : static_cast<uint64_t>(by);
  bool positive_power = (u & (u - 1)) == 0;
  return fmt::format("{} {}", name(op, type), positive_power ? "2^k" : "c");
}

}  // namespace

void add_check_shapes(Suite& suite) {
  bounds_shapes(suite);
  range_shapes(suite);
  bounds_ranges(suite);
  branch_certain(suite);
}

void add_division_shapes(Suite& suite) {
  for (IrType type : {I32, I64}) {
    for (IrOp op : {IrOp::sdiv, IrOp::srem, IrOp::udiv, IrOp::urem}) {
      for (int64_t by : divisors(type)) {
        Unit u;
        InstId x = u.param(type);
        suite.add(kReduce, division_shape(op, type, by), u.ret(u.op(op, type, {x, u.number(type, by)})));
        if (op == IrOp::udiv || op == IrOp::urem) continue;
        Unit positive;
        x = positive.param(type);
        positive.guard(positive.op(IrOp::ge, BOOL, {x, positive.number(type, 0)}));
        suite.add(kReduce, division_shape(op, type, by) + " of x >= 0",
                  positive.ret(positive.op(op, type, {x, positive.number(type, by)})));
      }
    }
    for (IrOp test : {IrOp::eq, IrOp::ne}) {
      for (int64_t by : {1, 2, -2, 8, 3, 1 << 30, INT32_MIN}) {
        for (int64_t rest : {0, 1}) {
          Unit u;
          InstId remainder = u.op(IrOp::srem, type, {u.param(type), u.number(type, by)});
          suite.add(kReduce, fmt::format("{} of {}", info(test).name, name(IrOp::srem, type)),
                    u.ret(u.op(test, BOOL, {remainder, u.number(type, rest)})));
        }
      }
    }
    for (int64_t by : pool(type)) {
      Unit u;
      InstId x = u.param(type);
      suite.add(kReduce, name(IrOp::mul, type), u.ret(u.op(IrOp::mul, type, {x, u.number(type, by)})));
    }
  }
}

namespace {
/// if c: x = op a, k    join(x or y)
void triangle(Suite& suite, IrOp op, bool same_start, bool arm_first) {
  Unit u;
  InstId c = u.param(BOOL), a = u.param(I32), k = u.param(I32);
  BlockId arm = u.add_block(), join = u.add_block();
  InstId skipped = same_start ? a : k;
  if (arm_first) {
    u.branch(c, {arm, {}}, {join, {skipped}});
  } else {
    u.branch(c, {join, {skipped}}, {arm, {}});
  }
  u.continue_in(arm);
  InstId value = op == IrOp::phi ? u.number(I32, 7) : op == IrOp::not_ ? k : u.op(op, I32, {a, k});
  u.jump(join, {value});
  InstId result = u.phi(join, I32);
  u.continue_in(join);
  suite.add(kConvert,
            fmt::format("{} in an arm", op == IrOp::phi    ? "constant"
                                        : op == IrOp::not_ ? "value"
                                                           : info(op).name),
            u.ret(result));
}
}  // namespace

void add_branch_shapes(Suite& suite) {
  for (bool same : {false, true}) {
    for (bool arm_first : {false, true}) {
      for (IrOp op : {IrOp::add, IrOp::sub, IrOp::add_ov, IrOp::sub_ov, IrOp::mul, IrOp::and_, IrOp::xor_, IrOp::phi, IrOp::not_}) {
        triangle(suite, op, same, arm_first);
      }
    }
  }
  for (int shape = 0; shape < 3; ++shape) {
    Unit u;
    InstId c = u.param(BOOL), x = u.param(I32), y = u.param(I32);
    BlockId yes = u.add_block(), join = u.add_block();
    InstId result = u.phi(join, I32);
    InstId condition = shape == 0 ? u.op(IrOp::not_, BOOL, {c}) : u.number(BOOL, shape - 1);
    u.branch(condition, {yes, {}}, {join, {y}});
    u.continue_in(yes);
    u.jump(join, {x});
    u.continue_in(join);
    suite.add(kFold, "branch", u.ret(result));
  }
  Unit u;
  InstId c = u.param(BOOL), x = u.param(I32);
  BlockId join = u.add_block();
  InstId result = u.phi(join, I32);
  u.branch(c, {join, {x}}, {join, {x}});
  u.continue_in(join);
  suite.add(kFold, "branch", u.ret(result));
}

}  // namespace orus::proofs
