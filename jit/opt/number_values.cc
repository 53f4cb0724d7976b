// number_values: replace an instruction by an earlier one that always has the same value.
//
// Needs:  verified SSA; critical edges and preheaders do not matter. Leaves: verified SSA; control flow unchanged.
// Never:  moves an instruction, or drops a check that no equal check dominates.
//
//   before  v3 = bounds v1, v2        after   v3 = bounds v1, v2
//           v4 = load_elem v0, v3             v4 = load_elem v0, v3
//           v5 = bounds v1, v2                (v5 is v3)
//           v6 = load_elem v0, v3             (v6 is v4)
//
// Two instructions are equal when op, type, immediates and arguments are, and the memory they read is in the same
// state. The state of an alias class is a number (memory_states.cc); a load and the store before it share one.
#include <bit>

#include "jit/opt/fold.h"
#include "jit/opt/memory_states.h"
#include "jit/opt/passes.h"
#include "jit/pipeline.h"

namespace orus::jit {
namespace {

struct Key {
  IrOp op;
  IrType type;
  uint8_t width;
  uint32_t aux;
  uint32_t state;   // of the memory read
  int64_t imm;
  InstId args[3];
  bool operator==(const Key&) const = default;
};
struct KeyHash {
  size_t operator()(const Key& key) const {
    uint64_t h = static_cast<uint64_t>(key.op) | uint64_t{static_cast<uint8_t>(key.type)} << 8 | uint64_t{key.width} << 16;
    auto mix = [&h](uint64_t value) { h = (h ^ value) * 0x9e3779b97f4a7c15u, h ^= h >> 29; };
    mix(uint64_t{key.aux} << 32 | key.state);
    mix(static_cast<uint64_t>(key.imm));
    for (InstId arg : key.args) mix(arg.index);
    return static_cast<size_t>(h);
  }
};

/// Bytes that a canonical value of the type needs: wider stores and loads of it mean the same.
uint8_t needed_width(IrType type) { return type == IrType::kBool ? 1 : type == IrType::kI32 ? 4 : 8; }

class Numbering {
 public:
  Numbering(Function& fn, PassContext& ctx) : fn_(fn), ctx_(ctx), states_(fn) {}
  bool run();

 private:
  void visit(BlockId block);
  void instruction(InstId id);
  void pure(InstId id);
  void load(InstId id);
  void store(InstId id);
  void check(InstId id);
  void load_assigned(InstId id);
  Key key_of(InstId id) const;
  Key location(InstId id, IrType type, uint32_t state) const;
  InstId assigned_by(InstId condition) const;
  /// The fact that the global which the instruction names is assigned.
  Key assigned_key(InstId id) const { return {IrOp::load_assigned, IrType::kBool, 0, fn_.at(id).aux, 0, fn_.at(id).imm, {}}; }
  InstId find(const Key& key) const {
    for (uint32_t e = buckets_[bucket_of(key)]; e != kNoFact; e = facts_[e].next) {
      if (facts_[e].key == key) return facts_[e].value;
    }
    return {};
  }
  /// Enters a fact that holds in the blocks dominated by the current one.
  void enter(const Key& key, InstId value);
  void replace(InstId from, InstId to) {
    fn_.replace(from, to);
    ++ctx_.rewrites;
  }
  void drop(InstId id) {
    fn_.at(id).dead = true;
    ++ctx_.rewrites;
  }

  /// Facts are forgotten in the reverse order, so the newest is always the first of its bucket.
  struct Fact {
    Key key;
    InstId value;
    uint32_t bucket, next;
  };
  static constexpr uint32_t kNoFact = UINT32_MAX;
  uint32_t bucket_of(const Key& key) const { return static_cast<uint32_t>(KeyHash()(key) & (buckets_.size() - 1)); }
  void forget(size_t count) {
    for (; facts_.size() > count; facts_.pop_back()) buckets_[facts_.back().bucket] = facts_.back().next;
  }

  Function& fn_;
  PassContext& ctx_;
  MemoryStates states_;
  std::vector<Fact> facts_;
  std::vector<uint32_t> buckets_;       // first fact of each
  std::vector<bool> loaded_assigned_;   // by load_global: the global had been assigned for certain
};

void Numbering::enter(const Key& key, InstId value) {
  uint32_t bucket = bucket_of(key);
  facts_.push_back({key, value, bucket, buckets_[bucket]});
  buckets_[bucket] = static_cast<uint32_t>(facts_.size() - 1);
}

Key Numbering::key_of(InstId id) const {
  const Inst& inst = fn_.at(id);
  uint32_t aux = (info(inst.op).effects & kIrExits) != 0 ? 0 : inst.aux;  // of a check: where it came from
  Key key{inst.op, inst.type, inst.width, aux, 0, inst.imm, {inst.args[0], inst.args[1], inst.args[2]}};
  if (inst.arg_count < 3) key.args[2] = InstId();
  if (inst.arg_count < 2) key.args[1] = InstId();
  if (inst.arg_count < 1) key.args[0] = InstId();
  // lt a, b and gt b, a are one comparison.
  if (inst.op == IrOp::gt || inst.op == IrOp::ge) {
    key.op = inst.op == IrOp::gt ? IrOp::lt : IrOp::le;
    std::swap(key.args[0], key.args[1]);
  }
  if ((is_commutative(inst.op) || inst.op == IrOp::eq || inst.op == IrOp::ne) && key.args[1] < key.args[0])
    std::swap(key.args[0], key.args[1]);
  return key;
}

/// The memory that a load or store touches, in a state of its class. The op of the key is that of the load.
Key Numbering::location(InstId id, IrType type, uint32_t state) const {
  const Inst& inst = fn_.at(id);
  Key key{IrOp::load, type, 0, inst.aux, state, inst.imm, {}};
  switch (inst.op) {
    case IrOp::load_global:
    case IrOp::store_global: key.op = IrOp::load_global; break;
    case IrOp::load_elem:
    case IrOp::store_elem:
      key.op = IrOp::load_elem;
      key.args[1] = inst.args[1];
      key.args[0] = inst.args[0];
      break;
    default: key.args[0] = inst.args[0]; break;
  }
  return key;
}

void Numbering::pure(InstId id) {
  Key key = key_of(id);
  InstId same = find(key);
  if (same.valid()) return replace(id, same);
  enter(key, id);
}

/// The global that the condition of a guard says to be assigned: load_assigned g, or ne (load_global g), null.
InstId Numbering::assigned_by(InstId condition) const {
  const Inst& inst = fn_.at(condition);
  if (inst.op == IrOp::load_assigned) return condition;
  if (inst.op != IrOp::ne) return {};
  const Inst& other = fn_.at(inst.args[1]);
  bool null = other.op == IrOp::constant && other.type == IrType::kRef;
  return null && fn_.at(inst.args[0]).op == IrOp::load_global ? inst.args[0] : InstId();
}

/// A check: what an equal check that dominates this one let pass, this one lets pass.
void Numbering::check(InstId id) {
  Key key = key_of(id);
  InstId same = find(key);
  if (!same.valid()) {
    InstId global = fn_.at(id).op == IrOp::guard ? assigned_by(fn_.at(id).args[0]) : InstId();
    if (global.valid()) {
      // guard (ne (load_global g), null), where g was stored to or tested before the load ->
      if (loaded_assigned_[global.index]) return drop(id);
      // What follows knows that the global is assigned, now and ever after.
      enter(assigned_key(global), id);
    }
    return enter(key, id);
  }
  // guard c ... guard c -> guard c ...
  if (fn_.at(id).type == IrType::kVoid) return drop(id);
  replace(id, same);
}

void Numbering::load_assigned(InstId id) {
  const Inst inst = fn_.at(id);
  // load_assigned g, after a store to g or a guard of it -> true
  if (find(assigned_key(id)).valid()) {
    return replace(id, fn_.constant(IrType::kBool, 1));
  }
  Key key{IrOp::load_assigned, IrType::kBool, 1, inst.aux, states_.before(id), inst.imm, {}};
  InstId same = find(key);
  if (same.valid()) return replace(id, same);
  enter(key, id);
}

void Numbering::load(InstId id) {
  const Inst inst = fn_.at(id);
  uint32_t state = states_.before(id);
  Key key = location(id, inst.type, state);
  // Widths that are not the type's own only equal themselves.
  if (inst.width != 0 && inst.width != needed_width(inst.type)) key.width = inst.width;
  // A store to the same class that provably went elsewhere did not change this location.
  for (uint32_t steps = 0; steps < 8; ++steps) {
    InstId same = find(key);
    // load p ... load p -> the first    store p, v ... load p -> v
    if (same.valid()) return replace(id, same);
    InstId last = states_.store_of(key.state);
    if (!last.valid() || !states_.distinct(last, id)) break;
    key.state = states_.before(last);
  }
  key.state = state;
  loaded_assigned_[id.index] = inst.op == IrOp::load_global && find(assigned_key(id)).valid();
  enter(key, id);
}

void Numbering::store(InstId id) {
  const Inst inst = fn_.at(id);
  InstId value = fn_.arg(id, inst.arg_count - 1);
  IrType type = fn_.at(value).type;
  bool whole = inst.width == 0 || inst.width >= needed_width(type);
  if (whole && inst.op != IrOp::store_global && inst.width == needed_width(type)) {
    // v = load p ... store p, v -> v = load p   (the memory holds v already)
    if (find(location(id, type, states_.before(id))) == value) {
      return drop(id);
    }
  }
  if (whole) enter(location(id, type, states_.after(id)), value);
  if (inst.op == IrOp::store_global) enter(assigned_key(id), id);
}

void Numbering::instruction(InstId id) {
  const Inst& inst = fn_.at(id);
  switch (inst.op) {
    case IrOp::load:
    case IrOp::load_elem:
    case IrOp::load_global: return load(id);
    case IrOp::store:
    case IrOp::store_elem:
    case IrOp::store_global: return store(id);
    case IrOp::load_assigned: return load_assigned(id);
    case IrOp::guard:
    case IrOp::bounds:
    case IrOp::add_ov:
    case IrOp::sub_ov:
    case IrOp::mul_ov: return check(id);
    case IrOp::sdiv:
    case IrOp::srem:
    case IrOp::udiv:
    case IrOp::urem: return pure(id);
    case IrOp::pi:
      // A reference's pi says that it is not null; other facts differ from one pi to the next.
      if (inst.type == IrType::kRef) pure(id);
      return;
    default:
      if (inst.type != IrType::kVoid && info(inst.op).effects == kIrNone) pure(id);
      return;
  }
}

void Numbering::visit(BlockId block) {
  std::vector<InstId> list = fn_.at(block).insts;
  for (InstId id : list) {
    fn_.for_each_arg(id, [&](InstId& arg) { arg = fn_.resolve(arg); });
    instruction(id);
  }
}

bool Numbering::run() {
  uint64_t before = ctx_.rewrites;
  Dominators dominators = compute_dominators(fn_);
  states_.compute(dominators);
  loaded_assigned_.assign(fn_.insts.size(), false);
  buckets_.assign(std::bit_ceil(fn_.insts.size() + 1), kNoFact);
  std::vector<std::vector<BlockId>> children(fn_.blocks.size());
  for (BlockId b : dominators.order) {
    if (b.index != 0) children[dominators.idom[b.index].index].push_back(b);
  }
  // Depth-first over the dominator tree; a block's facts are undone when its subtree is done.
  struct Step {
    BlockId block;
    size_t next, undo;
  };
  std::vector<Step> stack{{BlockId(0u), 0, 0}};
  visit(BlockId(0u));
  while (!stack.empty()) {
    Step& top = stack.back();
    const auto& below = children[top.block.index];
    if (top.next < below.size()) {
      BlockId child = below[top.next++];
      stack.push_back({child, 0, facts_.size()});
      visit(child);
      continue;
    }
    forget(top.undo);
    stack.pop_back();
  }
  if (ctx_.rewrites == before) return false;
  fn_.apply_replacements();
  return true;
}

}  // namespace

bool number_values(Function& fn, PassContext& ctx) { return Numbering(fn, ctx).run(); }

}  // namespace orus::jit
