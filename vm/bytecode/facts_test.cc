// Facts of the verifier: by hand on small functions, against a dumb judge on random ones, and their cost.
#include <gtest/gtest.h>
#include <time.h>

#include <set>

#include "vm/bytecode/builder.h"
#include "vm/bytecode/random_module.h"
#include "vm/bytecode/text.h"
#include "vm/bytecode/verifier.h"

namespace orus {
namespace {

using Registers = std::set<size_t>;

Registers members(const BitSet& set) {
  Registers out;
  set.for_each([&](size_t r) { out.insert(r); });
  return out;
}

std::unique_ptr<const VerifiedModule> verified(std::string_view body) {
  std::string text = "module \"t\"\nmain f0\nfunc \"main\" params 0 -> void {\n" + std::string(body) + "\n}\n";
  auto module = parse_assembly(text, "t");
  EXPECT_TRUE(module.ok()) << module.error().where << ": " << module.error().detail;
  auto result = verify(*module);
  EXPECT_TRUE(result.ok()) << result.error().where << ": " << result.error().detail;
  return std::move(result).value();
}

struct Pc {
  const VerifiedModule& vm;
  Registers before(uint32_t pc) { return members(live_before(vm.module, vm.module.functions[0], vm.facts[0], pc)); }
  Registers across(uint32_t pc) { return members(live_across(vm.module, vm.module.functions[0], vm.facts[0], pc)); }
};

TEST(Facts, LoopKeepsItsInputsLive) {
  auto vm = verified(R"(
  reg r0..r4: i32
  load_k r0, i32 0      ; 0
  load_k r1, i32 10     ; 1
  load_k r2, i32 1      ; 2
  load_k r3, i32 0      ; 3
L: loop 0               ; 4
  mov r4, r3            ; 5
  add_i32 r3, r4, r0    ; 6
  for_next r0, r1..r2, L ; 7
  rt _, print(r3)       ; 8, 9
  ret_void              ; 10
)");
  const FunctionFacts& facts = vm->facts[0];
  ASSERT_EQ(facts.blocks.size(), 3u);
  EXPECT_EQ(facts.loop_pc, std::vector<uint32_t>{4});
  EXPECT_EQ(facts.blocks[1].successors, (std::vector<uint32_t>{1, 2}));
  EXPECT_EQ(facts.blocks[1].cost, 4u);
  EXPECT_EQ(facts.blocks[2].cost, 2u);
  EXPECT_EQ(facts.blocks[2].start, 8u);
  EXPECT_EQ(facts.blocks[2].end, 11u);
  EXPECT_EQ(facts.block_of[9], 2u);
  EXPECT_EQ(members(facts.blocks[1].live_in), (Registers{0, 1, 2, 3}));
  EXPECT_EQ(members(facts.blocks[1].assigned_in), (Registers{0, 1, 2, 3}));
  EXPECT_EQ(members(facts.blocks[2].assigned_in), (Registers{0, 1, 2, 3, 4}));
  Pc at{*vm};
  EXPECT_EQ(at.before(0), Registers{});
  EXPECT_EQ(at.before(6), (Registers{0, 1, 2, 4}));
  EXPECT_EQ(at.across(6), (Registers{0, 1, 2}));
  EXPECT_EQ(at.before(7), (Registers{0, 1, 2, 3}));
  EXPECT_EQ(at.before(8), Registers{3});
  EXPECT_EQ(at.across(8), Registers{});
}

TEST(Facts, HandlerNeedsAreLiveBeforeRaisingInstructionsOnly) {
  auto vm = verified(R"(
  reg r0..r2: i32
  reg r3: error
  reg r4: string
  handler A .. B -> H, r3
  load_k r0, i32 1      ; 0
A: load_k r1, i32 2     ; 1
  mov r0, r1            ; 2
  add_i32 r2, r0, r1    ; 3
  mov r0, r2            ; 4
B: ret_void             ; 5
H: rt r4, error_message(r3) ; 6, 7
  rt _, print(r4, r0)   ; 8, 9
  ret_void              ; 10
)");
  const FunctionFacts& facts = vm->facts[0];
  Pc at{*vm};
  EXPECT_EQ(facts.blocks[1].handlers, std::vector<uint32_t>{3});
  EXPECT_EQ(facts.blocks[1].error_register, 3u);
  EXPECT_TRUE(facts.blocks[2].handlers.empty());
  EXPECT_EQ(members(facts.blocks[1].live_in), Registers{});  // r0 is assigned before anything raises
  EXPECT_EQ(at.before(2), Registers{1});
  EXPECT_EQ(at.before(3), (Registers{0, 1}));
  EXPECT_EQ(at.across(3), Registers{0});  // the handler's
  EXPECT_EQ(at.before(4), Registers{2});
  EXPECT_EQ(members(facts.blocks[1].live_out), Registers{});
  EXPECT_EQ(members(facts.blocks[3].live_in), (Registers{0, 3}));
  EXPECT_EQ(members(facts.blocks[3].assigned_in), (Registers{0, 1, 3}));
}

TEST(Facts, ResultOfACallThatRaisesKeepsItsOldValue) {
  auto vm = verified(R"(
  reg r0: string
  reg r1: error
  handler A .. B -> H, r1
  load_k r0, string "x"
A: rt r0, input()
B: ret_void
H: rt _, print(r0)
  ret_void
)");
  Pc at{*vm};
  EXPECT_EQ(at.before(1), Registers{0});
  EXPECT_EQ(at.across(1), Registers{0});
}

TEST(Facts, FirstHandlerInTheListWins) {
  auto vm = verified(R"(
  reg r0: i32
  reg r1..r2: error
  handler A .. B -> H, r1
  handler 0 .. C -> G, r2
  load_k r0, i32 1
A: add_i32 r0, r0, r0
B: add_i32 r0, r0, r0
C: ret_void
H: ret_void
G: ret_void
)");
  const FunctionFacts& facts = vm->facts[0];
  EXPECT_TRUE(facts.blocks[0].handlers.empty());  // nothing there may raise
  EXPECT_EQ(facts.blocks[1].handlers, std::vector<uint32_t>{4});
  EXPECT_EQ(facts.blocks[2].handlers, std::vector<uint32_t>{5});
  EXPECT_EQ(facts.blocks[2].error_register, 2u);
}

TEST(Facts, UnreachableBlocksHaveEverythingAssigned) {
  auto vm = verified("reg r0..r1: i32\nret_void\nmov r0, r1\nret_void");
  const FunctionFacts& facts = vm->facts[0];
  ASSERT_EQ(facts.blocks.size(), 2u);
  EXPECT_TRUE(facts.blocks[0].reachable);
  EXPECT_FALSE(facts.blocks[1].reachable);
  EXPECT_EQ(facts.blocks[1].assigned_in.count(), 2u);
}

TEST(Facts, RangeNextAssignsOnlyWhereItDoesNotJump) {
  auto vm = verified(R"(
  reg r0: range
  reg r1: i64
  load_k r1, i64 1
  rt r0, range_new(r1, r1, r1)
L: loop 0
  range_next r1, r0, E
  rt _, print(r1)
  jump L
E: ret_void
)");
  const FunctionFacts& facts = vm->facts[0];
  EXPECT_EQ(members(facts.blocks[2].assigned_in), (Registers{0, 1}));
  EXPECT_EQ(members(facts.blocks[3].assigned_in), Registers{0});
  EXPECT_EQ(members(facts.blocks[1].live_in), Registers{0});
}

TEST(Facts, Roles) {
  RegisterRoles r = register_roles(make_insn(Op::for_next, 3, 7, 1));
  EXPECT_EQ(r.use_count, 3u);
  EXPECT_EQ(r.def, 3u);
  EXPECT_EQ((Registers{r.uses[0], r.uses[1], r.uses[2]}), (Registers{3, 7, 8}));
  r = register_roles(make_insn(Op::array_set_4, 1, 2, 3));
  EXPECT_EQ(r.use_count, 3u);
  EXPECT_EQ(r.def, kNoReg);
  r = register_roles(make_insn(Op::call, kNoReg, 0, 5));
  EXPECT_EQ(r.use_count, 0u);
  EXPECT_EQ(r.def, kNoReg);
  EXPECT_EQ(r.listed, 5u);
  r = register_roles(make_insn(Op::new_array, 4, 9, 0));
  EXPECT_EQ(r.def, 4u);
  EXPECT_EQ(r.listed, 0u);
}

TEST(Facts, RaisesToHandler) {
  EXPECT_TRUE(raises_to_handler(make_insn(Op::call)));
  EXPECT_TRUE(raises_to_handler(make_insn(Op::new_array)));
  EXPECT_FALSE(raises_to_handler(make_insn(Op::loop)));
  EXPECT_FALSE(raises_to_handler(make_insn(Op::mov)));
  EXPECT_TRUE(raises_to_handler(make_insn(Op::rt, 0, static_cast<uint16_t>(Builtin::str_from_i32))));
  EXPECT_FALSE(raises_to_handler(make_insn(Op::rt, 0, static_cast<uint16_t>(Builtin::print))));
}

// The dumb judge: one set of registers an instruction, every rule spelled out again, repeated until nothing changes.
class Judge {
 public:
  explicit Judge(const Function& fn) : fn_(fn), live(fn.code.size()), assigned(fn.code.size()), reachable(fn.code.size(), false) {
    for (uint32_t pc = 0; pc < fn.code.size(); pc += insn_length(fn.code[pc])) pcs_.push_back(pc);
    reachable[0] = true;
    for (uint32_t r = 0; r < fn.params; ++r) assigned[0].insert(r);
    while (forward()) {
    }
    while (backward()) {
    }
  }

 private:
  const Function& fn_;
  std::vector<uint32_t> pcs_;

 public:
  std::vector<Registers> live, assigned;
  std::vector<bool> reachable;

 private:
  Registers reads(uint32_t pc) const {
    const Insn& i = fn_.code[pc];
    std::string_view format = info(i.opcode()).format;
    uint16_t fields[] = {i.a, i.b, i.c};
    Registers out;
    for (size_t k = 0; k < format.size(); ++k) {
      if (format[k] == 'r' || format[k] == 'x' || format[k] == 'w') out.insert(fields[k]);
      if (format[k] == 'w') out.insert(fields[k] + 1u);
    }
    for (uint32_t k = 0; insn_length(i) > 1 && k < i.c; ++k) out.insert(listed_register(&i, k));
    return out;
  }
  std::optional<size_t> write(uint32_t pc) const {
    const Insn& i = fn_.code[pc];
    char first = info(i.opcode()).format[0];
    if ((first == 'd' || first == 'x') && i.a != kNoReg) return i.a;
    return std::nullopt;
  }
  bool raises(uint32_t pc) const {
    const Insn& i = fn_.code[pc];
    uint32_t effects = info(i.opcode()).effects;
    if (i.opcode() == Op::rt) effects = info(static_cast<Builtin>(i.b)).effects;
    return (effects & kMayRaise) || (effects & kMayGc);
  }
  const Handler* handler(uint32_t pc) const {
    for (const Handler& h : fn_.handlers) {
      if (h.start <= pc && pc < h.end) return &h;
    }
    return nullptr;
  }
  std::optional<uint32_t> jump(uint32_t pc) const {
    char last = info(fn_.code[pc].opcode()).format.back();
    if (last == 'j') return pc + static_cast<uint32_t>(int32_t{fn_.code[pc].sc()});
    if (last == 'J') return pc + static_cast<uint32_t>(fn_.code[pc].bc());
    return std::nullopt;
  }
  bool falls(uint32_t pc) const { return !(info(fn_.code[pc].opcode()).effects & kTerminator); }

  bool flow(uint32_t to, const Registers& out) {
    if (!reachable[to]) {
      reachable[to] = true;
      assigned[to] = out;
      return true;
    }
    size_t before = assigned[to].size();
    std::erase_if(assigned[to], [&](size_t r) { return !out.contains(r); });
    return assigned[to].size() != before;
  }
  bool forward() {
    bool changed = false;
    for (uint32_t pc : pcs_) {
      if (!reachable[pc]) continue;
      Registers in = assigned[pc], out = in;
      if (write(pc)) out.insert(*write(pc));
      if (falls(pc)) changed |= flow(pc + insn_length(fn_.code[pc]), out);
      if (fn_.code[pc].opcode() == Op::range_next) out.erase(fn_.code[pc].a);
      if (jump(pc)) changed |= flow(*jump(pc), out);
      if (const Handler* h = handler(pc); h && raises(pc)) {
        in.insert(h->error_register);
        changed |= flow(h->target, in);
      }
    }
    return changed;
  }
  bool backward() {
    bool changed = false;
    for (size_t i = pcs_.size(); i-- > 0;) {
      uint32_t pc = pcs_[i];
      Registers in;
      if (falls(pc)) in.merge(Registers(live[pc + insn_length(fn_.code[pc])]));
      if (jump(pc)) in.merge(Registers(live[*jump(pc)]));
      if (write(pc)) in.erase(*write(pc));
      if (const Handler* h = handler(pc); h && raises(pc)) {
        Registers needed = live[h->target];
        needed.erase(h->error_register);
        in.merge(needed);
      }
      in.merge(reads(pc));
      changed |= in != live[pc];
      live[pc] = in;
    }
    return changed;
  }
};

void expect_same_facts(const VerifiedModule& vm, size_t f, uint64_t seed) {
  const Function& fn = vm.module.functions[f];
  const FunctionFacts& facts = vm.facts[f];
  Judge judge(fn);
  for (uint32_t pc = 0; pc < fn.code.size(); pc += insn_length(fn.code[pc])) {
    ASSERT_EQ(members(live_before(vm.module, fn, facts, pc)), judge.live[pc]) << "seed " << seed << " " << fn.name << "@" << pc;
  }
  for (const auto& block : facts.blocks) {
    ASSERT_EQ(block.reachable, judge.reachable[block.start]) << "seed " << seed << " " << fn.name << "@" << block.start;
    ASSERT_EQ(members(block.live_in), judge.live[block.start]) << "seed " << seed;
    if (!block.reachable) continue;
    ASSERT_EQ(members(block.assigned_in), judge.assigned[block.start]) << "seed " << seed << " " << fn.name;
    for (size_t r : judge.live[block.start]) ASSERT_TRUE(block.assigned_in.test(r)) << "live but not assigned";
  }
}

TEST(Facts, AgreeWithTheJudgeOnRandomModules) {
  for (uint64_t seed = 1; seed <= 120; ++seed) {
    auto vm = verify(RandomModule(seed, {.functions = 3, .statements = 8}).make());
    ASSERT_TRUE(vm.ok()) << "seed " << seed;
    for (size_t f = 0; f < (*vm)->facts.size(); ++f) expect_same_facts(**vm, f, seed);
  }
}

// Cost: eight times the function may take about eight times as long, whatever its shape.
double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

enum class Shape { kStraight, kBranches, kLoops, kNestedLoops, kHandlers, kNestedHandlers, kLongJumps };

/// A function that repeats one shape `size` times.
class ShapeMaker {
 public:
  ShapeMaker(Shape shape, uint32_t size) : shape_(shape), m_("t"), b_(m_, m_.declare_function("main", {}, kTypeVoid)) {
    x_ = b_.reg(kTypeI32);
    y_ = b_.reg(kTypeI32);
    error_ = b_.reg(kTypeError);
    for (int i = 0; i < 500; ++i) spare_.push_back(b_.reg(kTypeI32));
    ConstantId zero = m_.constant(kTypeI32, 0);
    b_.load_k(x_, zero);
    b_.load_k(y_, zero);
    for (Reg r : spare_) b_.load_k(r, zero);
    last_ = b_.label();
    for (uint32_t i = 0; i < size; ++i) {
      step(i, spare_[i % spare_.size()]);
      b_.emit(Op::add_i32, spare_[i % spare_.size()], x_, y_);
    }
  }

  Module finish() {
    close_loops();
    for (; !tries_.empty(); tries_.pop_back()) b_.end_try(tries_.back(), last_, error_);
    b_.bind(last_);
    b_.rt(kNoReg, Builtin::print, spare_);
    b_.emit(Op::ret_void);
    b_.finish();
    m_.module().main = FunctionId(0);
    return m_.take();
  }

 private:
  void close_loops() {
    for (; !open_.empty(); open_.pop_back()) b_.jump_op(Op::inc_lt, x_, y_, open_.back());
  }

  void step(uint32_t i, Reg r) {
    Label l = b_.label();
    switch (shape_) {
      case Shape::kStraight: return;
      case Shape::kBranches:
        b_.jump_op(Op::jeqk_i32, x_, static_cast<uint16_t>(i), l);
        b_.emit(Op::add_i32, r, x_, y_);
        return b_.bind(l);
      case Shape::kLoops:
        b_.bind_loop(l);
        b_.emit(Op::add_i32, r, r, y_);
        return b_.jump_op(Op::inc_lt, x_, y_, l);
      case Shape::kNestedLoops:
        if (open_.size() == 64) return close_loops();
        b_.bind_loop(l);
        return open_.push_back(l);
      case Shape::kHandlers: {
        auto range = b_.begin_try();
        b_.emit(Op::add_i32, r, r, y_);
        b_.end_try(range, l, error_);
        return b_.bind(l);
      }
      case Shape::kNestedHandlers: return tries_.push_back(b_.begin_try());
      case Shape::kLongJumps: return b_.jump_op(Op::jeqk_i32, x_, static_cast<uint16_t>(i), last_);
    }
  }

  Shape shape_;
  ModuleBuilder m_;
  FunctionBuilder b_;
  Reg x_, y_, error_;
  std::vector<Reg> spare_;
  std::vector<Label> open_;
  std::vector<FunctionBuilder::TryRange> tries_;
  Label last_;
};

TEST(Facts, CostIsLinear) {
  for (Shape shape : {Shape::kStraight, Shape::kBranches, Shape::kLoops, Shape::kNestedLoops, Shape::kHandlers, Shape::kNestedHandlers,
                      Shape::kLongJumps}) {
    double seconds[2] = {1e9, 1e9};
    uint32_t sizes[2] = {2000, 16000};
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 2; ++i) {
        double start = cpu_seconds();
        Module module = ShapeMaker(shape, sizes[i]).finish();
        auto result = verify(std::move(module));
        ASSERT_TRUE(result.ok()) << result.error().where << ": " << result.error().detail;
        seconds[i] = std::min(seconds[i], cpu_seconds() - start);
      }
    }
    RecordProperty("shape" + std::to_string(static_cast<int>(shape)), std::to_string(seconds[1]));
    EXPECT_LT(seconds[1], 8 * 3 * seconds[0] + 0.02) << "shape " << static_cast<int>(shape);
  }
}

TEST(Facts, LimitsAreReported) {
  ModuleBuilder m("t");
  FunctionId main = m.declare_function("main", {}, kTypeVoid);
  FunctionBuilder b(m, main);
  for (uint32_t i = 0; i < kMaxRegisters; ++i) b.reg(kTypeI32);
  for (uint32_t i = 0; i < 65535; ++i) b.bind_loop(b.label());
  for (uint32_t i = 0; i < 3; ++i) b.emit(Op::ret_void);
  b.finish();
  m.module().main = main;
  auto result = verify(m.take());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().where, "main@0");
  EXPECT_EQ(result.error().detail, "too many blocks times registers");
}

}  // namespace
}  // namespace orus
