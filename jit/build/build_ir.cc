// The walk: bytecode blocks in reverse postorder, SSA values in a register array, phis where paths meet.
//
// Phis. A block whose predecessors have all been translated gets a phi only for a live register on whose value they
// differ. A loop header gets one for every live register that the loop assigns; simplify_phis drops the needless ones.
// Handler blocks are not translated: an error leaves to the interpreter, which runs the handler.
#include "jit/build/build_ir.h"

#include <algorithm>

#include "jit/build/builder.h"

namespace orus::jit {
namespace {

std::vector<uint8_t> natural_loop(const FunctionFacts& facts, uint32_t header) {
  std::vector<std::vector<uint32_t>> predecessors(facts.blocks.size());
  std::vector<uint32_t> work;
  for (uint32_t b = 0; b < facts.blocks.size(); ++b) {
    for (uint32_t s : facts.blocks[b].successors) {
      predecessors[s].push_back(b);
      if (s == header && b >= header) work.push_back(b);
    }
  }
  if (work.empty()) return {};
  std::vector<uint8_t> in(facts.blocks.size(), 0);
  in[header] = 1;
  while (!work.empty()) {
    uint32_t b = work.back();
    work.pop_back();
    if (in[b]) continue;
    in[b] = 1;
    for (uint32_t p : predecessors[b]) work.push_back(p);
  }
  return in;
}

std::vector<uint32_t> region_order(const Body& body, uint32_t entry) {
  std::vector<uint32_t> order;
  std::vector<uint8_t> seen(body.facts->blocks.size(), 0);
  std::vector<std::pair<uint32_t, size_t>> stack{{entry, 0}};
  seen[entry] = 1;
  while (!stack.empty()) {
    auto& [b, next] = stack.back();
    const auto& successors = body.facts->blocks[b].successors;
    if (next < successors.size()) {
      uint32_t s = successors[successors.size() - 1 - next++];
      if (!seen[s] && (body.region.empty() || body.region[s])) {
        seen[s] = 1;
        stack.emplace_back(s, 0);
      }
    } else {
      order.push_back(b);
      stack.pop_back();
    }
  }
  std::reverse(order.begin(), order.end());
  return order;
}

}  // namespace

Builder::Builder(const VerifiedModule& module, const Unit& unit, const CompileOptions& options)
    : module_(module), unit_(unit), options_(options), fn_(std::make_unique<Function>(module.module, unit.function)) {}

std::unique_ptr<Function> Builder::build() {
  Body main;
  main.fn = &module().functions[unit_.function];
  main.facts = &module_.facts[unit_.function];
  main.function = unit_.function;
  body = &main;
  uint32_t entry = 0;
  fn_->result = ir_type(module().kind(main.fn->result));
  fn_->is_loop_entry = unit_.is_loop;
  block = fn_->add_block();
  regs_.assign(main.fn->registers.size(), InstId());
  if (unit_.is_loop) {
    uint32_t loop_pc = main.facts->loop_pc[unit_.loop];
    entry = main.facts->block_of[loop_pc];
    main.region = natural_loop(*main.facts, entry);
    if (main.region.empty()) return nullptr;
    main.header = entry;
    fn_->entry_pc = loop_pc;
    main.facts->blocks[entry].live_in.for_each([&](size_t r) {
      auto reg = static_cast<uint16_t>(r);
      set(reg, emit(IrOp::slot, type_of(reg), {}, reg));
    });
  } else {
    for (uint32_t i = 0; i < main.fn->params; ++i) {
      IrType type = type_of(static_cast<uint16_t>(i));
      fn_->param_types.push_back(type);
      set(static_cast<uint16_t>(i), emit(IrOp::param, type, {}, i));
    }
  }
  build_body(main, entry);
  fn_->rebuild_predecessors();
  fn_->sweep();
  return std::move(fn_);
}

/// Translates all blocks of `b`, entered from the end of the current block with the current registers.
void Builder::build_body(Body& b, uint32_t entry_block) {
  body = &b;
  blocks_.assign(b.facts->blocks.size(), BlockInfo());
  std::vector<uint32_t> order = region_order(b, entry_block);
  std::vector<uint32_t> position(b.facts->blocks.size(), UINT32_MAX);
  for (uint32_t i = 0; i < order.size(); ++i) position[order[i]] = i;
  for (uint32_t number : order) {
    for (uint32_t s : b.facts->blocks[number].successors) {
      if (position[s] <= position[number]) blocks_[s].header = true;
    }
  }
  emit(IrOp::jump, IrType::kVoid, {});
  fn_->at(block).successors.push_back({});
  connect(0, entry_block);
  for (uint32_t number : order) {
    // Where every way in ends early, in an instruction that always raises, nothing gets here. A way back from further
    // down, as irreducible code may have one, goes on in the interpreter.
    blocks_[number].skipped = blocks_[number].pending.empty();
    if (blocks_[number].skipped) continue;
    start_block(number);
    translate_block(number);
  }
}

/// Points successor `successor_index` of the current IR block at a bytecode block.
void Builder::connect(uint32_t successor_index, uint32_t target) {
  bool inside = body->region.empty() || body->region[target];
  if (!inside || blocks_[target].skipped) return connect_exit(successor_index, target);
  BlockInfo& to = blocks_[target];
  if (!to.block.valid()) {
    to.block = fn_->add_block();
    fn_->at(to.block).pc = body->facts->blocks[target].start;
  }
  if (to.started && target == body->header && options_.counting) {
    // The header of a loop unit is entered paid for; its back edges pay.
    BlockId pay = fn_->add_block();
    fn_->at(block).successors[successor_index].target = pay;
    BlockId from = block;
    block = pay;
    charge(target, body->facts->blocks[target].live_in);
    emit(IrOp::jump, IrType::kVoid, {});
    fn_->at(pay).successors.push_back({to.block, {}});
    for (uint16_t reg : to.phi_regs) fn_->at(pay).successors[0].args.push_back(regs_[reg]);
    block = from;
    return;
  }
  Edge& edge = fn_->at(block).successors[successor_index];
  edge.target = to.block;
  if (to.started) {
    for (uint16_t reg : to.phi_regs) edge.args.push_back(regs_[reg]);
    return;
  }
  PendingEdge pending{block, successor_index, {}};
  body->facts->blocks[target].live_in.for_each([&](size_t r) { pending.values.push_back(regs_[r]); });
  to.pending.push_back(std::move(pending));
}

/// The edge leaves what is compiled: the interpreter goes on at the start of `target`.
void Builder::connect_exit(uint32_t successor_index, uint32_t target) {
  BlockId exit = fn_->add_block();
  const auto& to = body->facts->blocks[target];
  fn_->at(exit).pc = to.start;
  fn_->at(exit).cold = true;
  fn_->at(block).successors[successor_index].target = exit;
  InstId id = fn_->append(exit, IrOp::leave, IrType::kVoid, {});
  fn_->at(id).reason = ExitReason::loop_done;
  fn_->at(id).frame = make_frame(to.live_in, to.start, false);
}

void Builder::start_block(uint32_t number) {
  const auto& facts = body->facts->blocks[number];
  BlockInfo& info = blocks_[number];
  block = info.block;
  info.started = true;
  size_t i = 0;
  facts.live_in.for_each([&](size_t r) {
    InstId value = info.pending[0].values[i];
    bool same = !info.header;
    for (const PendingEdge& edge : info.pending) same = same && edge.values[i] == value;
    if (!same) {
      auto reg = static_cast<uint16_t>(r);
      value = fn_->add_phi(block, type_of(reg));
      info.phi_regs.push_back(reg);
      for (const PendingEdge& edge : info.pending) {
        fn_->at(edge.from).successors[edge.successor].args.push_back(edge.values[i]);
      }
    }
    regs_[r] = value;
    ++i;
  });
  info.pending.clear();
}

void Builder::translate_block(uint32_t number) {
  const auto& facts = body->facts->blocks[number];
  live_ = std::make_unique<LiveWalk>(*body->fn, *body->facts, number);
  if (options_.counting && number != body->header) charge(number, facts.live_in);
  static constexpr void (*kLowerings[])(Builder&) = {
#define OP(name, ...) lower_##name,
#include "vm/bytecode/opcodes.def"
#undef OP
  };
  uint32_t next;
  for (pc = facts.start; pc < facts.end; pc = next) {
    insn = &body->fn->code[pc];
    next = pc + insn_length(*insn);
    before_frame_ = FrameId();
    kLowerings[insn->op](*this);
    if (!block.valid()) return;
  }
  // Fell through into the next block.
  emit(IrOp::jump, IrType::kVoid, {});
  fn_->at(block).successors.push_back({});
  connect(0, body->facts->block_of[facts.end]);
}

FrameId Builder::make_frame(const BitSet& live, uint32_t at_pc, bool charged) {
  FrameState state{
      .function = body->function, .pc = at_pc, .parent = body->parent, .base_offset = body->base_offset, .charged = charged, .values = {}};
  live.for_each([&](size_t r) { state.values.push_back({static_cast<uint16_t>(r), regs_[r]}); });
  return fn_->add_frame(std::move(state));
}

FrameId Builder::frame_before() {
  if (!before_frame_.valid()) before_frame_ = make_frame(live_->before(pc), pc, true);
  return before_frame_;
}

FrameId Builder::frame_across() {
  live_->before(pc);
  return make_frame(live_->across(), pc, true);
}

void Builder::charge(uint32_t number, const BitSet& live) {
  const auto& facts = body->facts->blocks[number];
  InstId id = emit(IrOp::charge, IrType::kVoid, {}, facts.cost);
  fn_->at(id).reason = ExitReason::fuel;
  FrameId frame = make_frame(live, facts.start, false);
  fn_->at(id).frame = frame;
}

InstId Builder::checked(IrOp op, IrType type, std::initializer_list<InstId> args, ExitReason reason, int64_t imm) {
  FrameId frame = frame_before();
  InstId id = emit(op, type, args, imm);
  fn_->at(id).frame = frame;
  fn_->at(id).reason = reason;
  return id;
}

InstId Builder::runtime() {
  FrameId frame = frame_across();
  RegisterRoles roles = register_roles(*insn);
  std::vector<InstId> args;
  for (uint32_t i = 0; i < roles.use_count; ++i) args.push_back(get(roles.uses[i]));
  for (uint32_t i = 0; i < roles.listed; ++i) args.push_back(get(listed_register(insn, i)));
  IrType type = roles.def == kNoReg ? IrType::kVoid : type_of(roles.def);
  InstId id = fn_->create(IrOp::runtime, type, args);
  fn_->at(id).block = block;
  fn_->at(id).frame = frame;
  fn_->at(id).reason = ExitReason::raised;
  fn_->at(block).insts.push_back(id);
  if (roles.def != kNoReg) set(roles.def, id);
  return id;
}

InstId Builder::load(InstId object, int64_t offset, IrType type, uint8_t width, uint32_t alias) {
  InstId id = emit(IrOp::load, type, {object}, offset);
  fn_->at(id).width = width;
  fn_->at(id).aux = alias;
  return id;
}

void Builder::store(InstId object, int64_t offset, InstId value, uint8_t width, uint32_t alias) {
  InstId id = emit(IrOp::store, IrType::kVoid, {object, value}, offset);
  fn_->at(id).width = width;
  fn_->at(id).aux = alias;
}

void Builder::leave(ExitReason reason) {
  checked(IrOp::leave, IrType::kVoid, {}, reason);
  block = BlockId();
}

void Builder::jump_to(uint32_t target) {
  emit(IrOp::jump, IrType::kVoid, {});
  fn_->at(block).successors.push_back({});
  connect(0, body->facts->block_of[target]);
  block = BlockId();
}

void Builder::branch_to(InstId condition, uint32_t if_true, uint32_t if_false) {
  if (if_true == if_false) return jump_to(if_true);
  emit(IrOp::branch, IrType::kVoid, {condition});
  fn_->at(block).successors.resize(2);
  connect(0, body->facts->block_of[if_true]);
  connect(1, body->facts->block_of[if_false]);
  block = BlockId();
}

void Builder::branch_with(InstId condition, uint32_t if_true, uint32_t if_false, uint16_t reg, InstId otherwise) {
  emit(IrOp::branch, IrType::kVoid, {condition});
  fn_->at(block).successors.resize(2);
  connect(0, body->facts->block_of[if_true]);
  set(reg, otherwise);
  connect(1, body->facts->block_of[if_false]);
  block = BlockId();
}

void Builder::return_value(InstId value) {
  if (body->continuation.valid()) {
    emit(IrOp::jump, IrType::kVoid, {});
    Edge edge{body->continuation, {}};
    if (body->result.valid()) edge.args.push_back(value);
    fn_->at(block).successors.push_back(std::move(edge));
    body->returns = true;
  } else if (value.valid()) {
    emit(IrOp::ret, IrType::kVoid, {value});
  } else {
    emit(IrOp::ret, IrType::kVoid, {});
  }
  block = BlockId();
}

bool Builder::should_inline(const orus::Function& callee) const {
  if (options_.opt_level < 2 || body->depth >= options_.inline_depth) return false;
  if (callee.loops != 0) return false;
  return callee.code.size() <= 40 && inlined_words_ + callee.code.size() <= options_.inline_budget;
}

void Builder::inline_or_call() {
  uint32_t callee = insn->b;
  if (should_inline(module().functions[callee])) return inline_call(callee);
  FrameId frame = frame_across();
  std::vector<InstId> args;
  for (uint32_t i = 0; i < insn->c; ++i) args.push_back(get(listed_register(insn, i)));
  IrType type = ir_type(module().kind(module().functions[callee].result));
  InstId id = fn_->create(IrOp::call, type, args, callee);
  fn_->at(id).block = block;
  fn_->at(id).frame = frame;
  fn_->at(id).reason = ExitReason::raised;
  fn_->at(block).insts.push_back(id);
  if (insn->a != kNoReg) set(insn->a, id);
}

void Builder::inline_call(uint32_t callee) {
  const orus::Function& target = module().functions[callee];
  inlined_words_ += static_cast<uint32_t>(target.code.size());
  Body inner;
  inner.fn = &target;
  inner.facts = &module_.facts[callee];
  inner.function = callee;
  inner.base_offset = body->base_offset + static_cast<uint32_t>(body->fn->registers.size()) + 3;
  inner.parent = frame_across();
  inner.depth = body->depth + 1;
  fn_->inline_depth = std::max(fn_->inline_depth, inner.depth);
  inner.continuation = fn_->add_block();
  fn_->at(inner.continuation).pc = pc;
  IrType result = ir_type(module().kind(target.result));
  if (result != IrType::kVoid) inner.result = fn_->add_phi(inner.continuation, result);
  std::vector<InstId> args(target.registers.size());
  for (uint32_t i = 0; i < insn->c; ++i) args[i] = get(listed_register(insn, i));

  Body* outer = body;
  const Insn* outer_insn = insn;
  uint32_t outer_pc = pc;
  std::vector<InstId> outer_regs = std::move(regs_);
  std::vector<BlockInfo> outer_blocks = std::move(blocks_);
  std::unique_ptr<LiveWalk> outer_live = std::move(live_);
  regs_ = std::move(args);
  build_body(inner, 0);
  body = outer;
  insn = outer_insn;
  pc = outer_pc;
  regs_ = std::move(outer_regs);
  blocks_ = std::move(outer_blocks);
  live_ = std::move(outer_live);
  before_frame_ = FrameId();
  if (!inner.returns) {
    // Every path of the callee leaves or raises; what follows the call is unreachable.
    block = BlockId();
    return;
  }
  block = inner.continuation;
  if (insn->a != kNoReg && inner.result.valid()) set(insn->a, inner.result);
}

std::vector<uint32_t> enclosing_loops(const FunctionFacts& facts, uint32_t loop) {
  std::vector<std::pair<size_t, uint32_t>> found;  // by size of the loop
  uint32_t header = facts.block_of[facts.loop_pc[loop]];
  for (uint32_t other = 0; other < facts.loop_pc.size(); ++other) {
    if (other == loop) continue;
    std::vector<uint8_t> region = natural_loop(facts, facts.block_of[facts.loop_pc[other]]);
    if (region.empty() || region[header] == 0) continue;
    found.emplace_back(static_cast<size_t>(std::count(region.begin(), region.end(), 1)), other);
  }
  std::sort(found.begin(), found.end());
  std::vector<uint32_t> loops;
  for (auto [size, other] : found) loops.push_back(other);
  return loops;
}

std::unique_ptr<Function> build_ir(const VerifiedModule& module, const Unit& unit, const CompileOptions& options) {
  return Builder(module, unit, options).build();
}

}  // namespace orus::jit
