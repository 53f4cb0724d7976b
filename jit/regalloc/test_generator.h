// Random functions in SSA form that obey every rule of regalloc.h, over arbitrary control flow.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/rng.h"
#include "jit/regalloc/builder.h"

namespace orus::jit::test {

// The toy machine: 12 + 6 allocatable registers, one scratch each; int 13 and float 14 can only be fixed operands.
inline constexpr PReg r(int n) { return {static_cast<uint8_t>(n), RegClass::kInt}; }
inline constexpr PReg f(int n) { return {static_cast<uint8_t>(n), RegClass::kFloat}; }
inline RaEnv toy_env(int ints = 12, int floats = 6) {
  RaEnv env;
  for (int i = 0; i < ints; ++i) env.allocatable[0].push_back(r(i));
  for (int i = 0; i < floats; ++i) env.allocatable[1].push_back(f(i));
  env.scratch = {r(15), f(15)};
  return env;
}
inline PRegSet all_registers() {
  PRegSet set = 0;
  for (int i = 0; i < 15; ++i) set |= bit(r(i)) | bit(f(i));
  return set;
}

struct GeneratorOptions {
  uint32_t blocks = 10;
  uint32_t insts_per_block = 6;
  bool shuffle_blocks = false;  ///< emission order unrelated to control flow
  bool structured = false;      ///< nested ifs and loops instead of arbitrary edges
};

class Generator {
 public:
  Generator(uint64_t seed, GeneratorOptions options) : rng_(seed), options_(options) {}

  RaFunction run() {
    if (options_.structured)
      make_structured();
    else
      make_unstructured();
    split_critical_edges();
    order_blocks();
    find_dominators();
    std::vector<uint32_t> preorder = dominance_preorder();
    for (uint32_t b : preorder) fill(b);
    for (uint32_t b : preorder) choose_args(b);
    emit();
    return builder_.finish();
  }

 private:
  struct Item {  // an instruction to be
    std::vector<Operand> operands;
    std::vector<VReg> cold;
    OperandPos cold_pos = OperandPos::kEarly;
    PRegSet clobbers = 0;
    bool is_safepoint = false, is_move = false;
  };
  struct Node {
    std::vector<uint32_t> succs, preds;
    std::vector<std::vector<VReg>> args;
    std::vector<VReg> params, available;
    std::vector<Item> items;
    uint32_t idom = UINT32_MAX, depth = 0;
    bool cold = false;
  };
  enum Type { kIntType, kRefType, kFloatType };

  uint32_t below(uint64_t n) { return static_cast<uint32_t>(rng_.below(n)); }
  uint32_t new_node() {
    nodes_.push_back({});
    return static_cast<uint32_t>(nodes_.size() - 1);
  }
  void connect(uint32_t from, uint32_t to) { nodes_[from].succs.push_back(to); }

  void make_unstructured() {
    for (uint32_t b = 0; b < options_.blocks; ++b) {
      new_node();
      if (b == 0) continue;
      uint32_t from = rng_.chance(3) ? below(b) : b - 1;
      if (nodes_[from].succs.size() >= 3) from = b - 1;
      connect(from, b);
    }
    for (uint32_t n = below(options_.blocks + 1); n != 0 && options_.blocks > 1; --n) {
      uint32_t from = below(options_.blocks), to = 1 + below(options_.blocks - 1);
      if (nodes_[from].succs.size() < 3) connect(from, to);
    }
  }

  void make_structured() {
    uint32_t entry = new_node();
    uint32_t last = region(entry, 3);
    connect(last, new_node());
  }
  uint32_t region(uint32_t from, int nesting) {
    for (uint32_t n = 1 + below(3); n != 0 && nodes_.size() < options_.blocks; --n) {
      if (nesting != 0 && rng_.chance(2)) {
        uint32_t head = new_node();
        connect(from, head);
        uint32_t body = new_node();
        connect(head, body);
        uint32_t latch = region(body, nesting - 1);
        connect(latch, head);
        from = new_node();
        connect(head, from);
      } else {
        uint32_t then = new_node(), otherwise = new_node();
        connect(from, then);
        connect(from, otherwise);
        if (nesting != 0) then = region(then, nesting - 1);
        from = new_node();
        connect(then, from);
        connect(otherwise, from);
      }
    }
    return from;
  }

  void split_critical_edges() {
    std::vector<uint32_t> incoming(nodes_.size(), 0);
    for (const Node& n : nodes_) {
      for (uint32_t s : n.succs) ++incoming[s];
    }
    for (uint32_t b = 0, n = static_cast<uint32_t>(nodes_.size()); b < n; ++b) {
      for (size_t k = 0; k < nodes_[b].succs.size(); ++k) {
        uint32_t to = nodes_[b].succs[k];
        if (nodes_[b].succs.size() == 1 || incoming[to] == 1) continue;
        uint32_t mid = new_node();
        nodes_[b].succs[k] = mid;
        connect(mid, to);
      }
    }
    for (uint32_t b = 0; b < nodes_.size(); ++b) {
      for (uint32_t s : nodes_[b].succs) nodes_[s].preds.push_back(b);
    }
  }

  void order_blocks() {
    std::vector<uint32_t> postorder;
    std::vector<bool> seen(nodes_.size(), false);
    visit(0, seen, postorder);
    order_.assign(postorder.rbegin(), postorder.rend());
    if (options_.shuffle_blocks) {
      for (size_t k = order_.size(); k > 2; --k) std::swap(order_[k - 1], order_[1 + below(k - 1)]);
    }
    for (uint32_t b : order_) nodes_[b].cold = b != 0 && rng_.chance(6);
    if (rng_.chance(2)) {
      std::vector<uint32_t> hot, cold;
      for (uint32_t b : order_) (nodes_[b].cold ? cold : hot).push_back(b);
      order_ = std::move(hot);
      order_.insert(order_.end(), cold.begin(), cold.end());
    }
    place_.assign(nodes_.size(), 0);
    for (uint32_t k = 0; k < order_.size(); ++k) place_[order_[k]] = k;
    for (uint32_t b : order_) {
      for (uint32_t s : nodes_[b].succs) {
        if (place_[s] > place_[b] || nodes_[b].cold) continue;
        for (uint32_t k = place_[s]; k <= place_[b]; ++k) ++nodes_[order_[k]].depth;
      }
    }
  }
  void visit(uint32_t b, std::vector<bool>& seen, std::vector<uint32_t>& postorder) {
    seen[b] = true;
    for (uint32_t s : nodes_[b].succs) {
      if (!seen[s]) visit(s, seen, postorder);
    }
    postorder.push_back(b);
  }

  // Plain iteration over sets: slow and obviously right.
  void find_dominators() {
    size_t n = nodes_.size();
    std::vector<std::vector<bool>> dom(n, std::vector<bool>(n, true));
    dom[0].assign(n, false);
    dom[0][0] = true;
    for (bool changed = true; changed;) {
      changed = false;
      for (uint32_t b = 1; b < n; ++b) {
        for (uint32_t d = 0; d < n; ++d) {
          bool now = d == b || std::all_of(nodes_[b].preds.begin(), nodes_[b].preds.end(), [&](uint32_t p) { return dom[p][d]; });
          if (dom[b][d] != now) {
            dom[b][d] = now;
            changed = true;
          }
        }
      }
    }
    for (uint32_t b = 1; b < n; ++b) {
      auto depth = [&](uint32_t x) { return std::count(dom[x].begin(), dom[x].end(), true); };
      for (uint32_t d = 0; d < n; ++d) {
        if (d != b && dom[b][d] && depth(d) + 1 == depth(b)) nodes_[b].idom = d;
      }
    }
  }
  std::vector<uint32_t> dominance_preorder() const {
    std::vector<uint32_t> list{0};
    for (size_t k = 0; k < list.size(); ++k) {
      for (uint32_t b = 0; b < nodes_.size(); ++b) {
        if (nodes_[b].idom == list[k]) list.push_back(b);
      }
    }
    return list;
  }

  // ---- instructions

  VReg fresh(Type type) { return builder_.vreg(type == kFloatType ? RegClass::kFloat : RegClass::kInt, type == kRefType); }
  Type random_type() { return static_cast<Type>(below(5) == 0 ? 2 : below(3) == 0 ? 1 : 0); }
  VReg pick(Type type) {  // prefers recent values, but keeps old ones in play
    auto& all = current_->available;
    for (int tries = 0; tries < 12; ++tries) {
      size_t window = rng_.chance(2) ? std::min<size_t>(all.size(), 6) : all.size();
      VReg v = all[all.size() - 1 - below(window)];
      if (types_[v.index] == type) return v;
    }
    for (VReg v : all) {
      if (types_[v.index] == type) return v;
    }
    return all[0];
  }
  VReg define(Type type) {
    VReg v = fresh(type);
    types_.resize(v.index + 1);
    types_[v.index] = type;
    is_constant_.resize(v.index + 1);
    pending_.push_back(v);
    return v;
  }

  void fill(uint32_t b) {
    current_ = &nodes_[b];
    Node& node = *current_;
    if (b != 0) node.available = nodes_[node.idom].available;
    for (uint32_t n = b == 0 ? 0 : below(4); n != 0; --n) {
      VReg p = define(random_type());
      node.params.push_back(p);
    }
    flush();
    if (b == 0) parameters();
    for (uint32_t n = below(options_.insts_per_block * 2); n != 0; --n) random_item();
    terminator(b);
  }
  void flush() {
    for (VReg v : pending_) current_->available.push_back(v);
    pending_.clear();
  }
  Item& item() {
    current_->items.push_back({});
    return current_->items.back();
  }
  static Operand use(VReg v, Constraint c, OperandPos pos = OperandPos::kEarly, uint32_t detail = 0) {
    return {v, c, OperandKind::kUse, pos, static_cast<uint8_t>(detail)};
  }
  static Operand def(VReg v, Constraint c, OperandPos pos = OperandPos::kLate, uint32_t detail = 0) {
    return {v, c, OperandKind::kDef, pos, static_cast<uint8_t>(detail)};
  }
  void add_cold(Item& it, OperandPos pos) {
    it.cold_pos = pos;
    for (uint32_t n = below(5); n != 0; --n) it.cold.push_back(pick(random_type()));
  }

  void parameters() {
    Item& it = item();
    int next_int = 0, next_float = 0;
    for (Type type : {kIntType, kRefType, kFloatType, kIntType, kIntType}) {
      uint32_t where = type == kFloatType ? f(next_float++).index() : r(next_int++).index();
      it.operands.push_back(def(define(type), Constraint::kFixed, OperandPos::kLate, where));
    }
    flush();
  }

  void random_item() {
    switch (below(12)) {
      case 0: call(); break;
      case 1: divide(); break;
      case 2: shift(); break;
      case 3: constant(); break;
      case 4: guard(); break;
      case 5: copy(); break;
      case 6: poll(); break;
      case 7: odd(); break;
      default: plain(); break;
    }
    flush();
  }

  void plain() {
    Item& it = item();
    for (uint32_t n = 1 + below(2); n != 0; --n) {
      bool late = rng_.chance(6);
      Constraint c = rng_.chance(4) ? Constraint::kAny : Constraint::kReg;
      it.operands.push_back(use(pick(random_type()), c, late ? OperandPos::kLate : OperandPos::kEarly));
    }
    VReg first = it.operands[0].vreg;
    if (rng_.chance(2) && it.operands[0].pos == OperandPos::kEarly) {
      it.operands.push_back(def(define(types_[first.index]), Constraint::kReuse, OperandPos::kLate, 0));
      if (rng_.chance(3))
        std::swap(it.operands.front(), it.operands.back()), it.operands[0].fixed_or_reuse = static_cast<uint8_t>(it.operands.size() - 1);
    } else if (!rng_.chance(5)) {
      it.operands.push_back(def(define(random_type()), rng_.chance(6) ? Constraint::kAny : Constraint::kReg));
    }
    if (rng_.chance(8)) it.operands.push_back(def(define(kIntType), Constraint::kReg, OperandPos::kEarly));
    if (rng_.chance(6)) add_cold(it, rng_.chance(2) ? OperandPos::kLate : OperandPos::kEarly);
  }

  void call() {
    Item& it = item();
    for (uint32_t k = 0, n = below(4); k < n; ++k) {
      Type type = random_type();
      uint32_t where = type == kFloatType ? f(static_cast<int>(k)).index() : r(5 + static_cast<int>(k)).index();
      it.operands.push_back(use(pick(type), Constraint::kFixed, OperandPos::kEarly, where));
    }
    if (rng_.chance(3)) it.operands.push_back(use(pick(random_type()), Constraint::kAny));
    if (rng_.chance(3)) it.operands.push_back(use(pick(random_type()), Constraint::kReg));
    VReg late = pick(random_type());
    if (rng_.chance(4) && !is_constant_[late.index]) it.operands.push_back(use(late, Constraint::kAny, OperandPos::kLate));
    it.clobbers = all_registers();
    if (rng_.chance(4)) it.clobbers &= ~(bit(r(9)) | bit(r(10)) | bit(r(11)));  // callee-saved
    it.is_safepoint = !rng_.chance(4);
    add_cold(it, OperandPos::kLate);
    if (rng_.chance(3)) return;
    Type type = random_type();
    uint32_t where = type == kFloatType ? f(0).index() : r(0).index();
    it.operands.push_back(def(define(type), Constraint::kFixed, OperandPos::kLate, where));
  }

  void divide() {
    Item& it = item();
    it.operands.push_back(use(pick(kIntType), Constraint::kFixed, OperandPos::kEarly, r(0).index()));
    it.operands.push_back(
        use(pick(kIntType), rng_.chance(3) ? Constraint::kAny : Constraint::kReg, rng_.chance(2) ? OperandPos::kLate : OperandPos::kEarly));
    bool both = rng_.chance(2);
    it.operands.push_back(def(define(kIntType), Constraint::kFixed, OperandPos::kLate, r(0).index()));
    if (both) {
      it.operands.push_back(def(define(kIntType), Constraint::kFixed, OperandPos::kEarly, r(2).index()));
    } else {
      it.clobbers |= bit(r(2));
    }
    if (rng_.chance(3)) add_cold(it, OperandPos::kEarly);
  }

  void shift() {
    Item& it = item();
    it.operands.push_back(use(pick(kIntType), Constraint::kReg));
    bool odd_register = rng_.chance(4);  // one that is never allocated
    it.operands.push_back(
        use(pick(kIntType), Constraint::kFixed, rng_.chance(2) ? OperandPos::kEarly : OperandPos::kLate, r(odd_register ? 13 : 1).index()));
    it.operands.push_back(def(define(kIntType), Constraint::kReuse, OperandPos::kLate, 0));
  }

  void constant() {
    Type type = rng_.chance(4) ? kFloatType : rng_.chance(6) ? kRefType : kIntType;
    VReg v = builder_.vreg(type == kFloatType ? RegClass::kFloat : RegClass::kInt, type == kRefType, true);
    types_.resize(v.index + 1);
    types_[v.index] = type;
    is_constant_.resize(v.index + 1);
    is_constant_[v.index] = true;
    pending_.push_back(v);
    item().operands.push_back(def(v, rng_.chance(8) ? Constraint::kAny : Constraint::kReg));
  }

  void guard() {
    Item& it = item();
    it.operands.push_back(use(pick(kIntType), rng_.chance(2) ? Constraint::kAny : Constraint::kReg));
    add_cold(it, OperandPos::kEarly);
  }

  void copy() {
    Item& it = item();
    Type type = random_type();
    it.operands.push_back(use(pick(type), Constraint::kAny));
    it.operands.push_back(def(define(type), Constraint::kReg));
    it.is_move = true;
  }

  void poll() {
    Item& it = item();
    it.is_safepoint = true;
    add_cold(it, rng_.chance(2) ? OperandPos::kLate : OperandPos::kEarly);
    if (rng_.chance(3)) it.operands.push_back(use(pick(kRefType), Constraint::kReg));
    if (rng_.chance(3)) it.operands.push_back(def(define(kRefType), Constraint::kReg));
  }

  void odd() {  // many operands, some of them repeated
    Item& it = item();
    VReg v = pick(kIntType);
    it.operands.push_back(use(v, Constraint::kReg));
    it.operands.push_back(use(v, Constraint::kFixed, OperandPos::kEarly, r(3).index()));
    if (rng_.chance(2)) it.operands.push_back(use(v, Constraint::kFixed, OperandPos::kLate, r(4).index()));
    if (rng_.chance(2)) it.operands.push_back(use(v, Constraint::kAny, OperandPos::kLate));
    it.operands.push_back(def(define(kIntType), Constraint::kReuse, OperandPos::kLate, 0));
    it.operands.push_back(def(define(kFloatType), Constraint::kFixed, OperandPos::kLate, f(14).index()));
    if (rng_.chance(2)) it.operands.push_back(def(define(kIntType), Constraint::kFixed, OperandPos::kEarly, r(1).index()));
  }

  void terminator(uint32_t b) {
    const Node& node = nodes_[b];
    Item& it = item();
    if (node.succs.size() == 1 && nodes_[node.succs[0]].preds.size() > 1) return;
    if (node.succs.empty()) {
      it.operands.push_back(use(pick(kIntType), Constraint::kFixed, OperandPos::kEarly, r(0).index()));
      return;
    }
    for (uint32_t n = below(3); n != 0; --n) {
      it.operands.push_back(use(pick(random_type()), rng_.chance(2) ? Constraint::kAny : Constraint::kReg));
    }
    if (rng_.chance(6)) {
      it.operands.push_back(def(define(kIntType), Constraint::kReg, OperandPos::kEarly));
      pending_.clear();  // a temporary: nobody may use it
    }
    if (rng_.chance(4)) add_cold(it, OperandPos::kEarly);
  }

  void choose_args(uint32_t b) {
    current_ = &nodes_[b];
    for (uint32_t s : current_->succs) {
      std::vector<VReg> args;
      for (VReg p : nodes_[s].params) args.push_back(pick(types_[p.index]));
      current_->args.push_back(args);
    }
  }

  void emit() {
    for (uint32_t b : order_) {
      const Node& node = nodes_[b];
      builder_.begin_block(node.params, node.depth, node.cold);
      for (const Item& it : node.items) {
        builder_.inst();
        for (const Operand& op : it.operands) builder_.add(op);
        for (VReg v : it.cold) builder_.cold(v, it.cold_pos);
        if (it.is_safepoint) builder_.safepoint();
        if (it.is_move) builder_.move();
        builder_.clobber(it.clobbers);
      }
      for (size_t k = 0; k < node.succs.size(); ++k) builder_.edge(place_[node.succs[k]], node.args[k]);
    }
  }

  Rng rng_;
  GeneratorOptions options_;
  RaBuilder builder_;
  std::vector<Node> nodes_;
  std::vector<uint32_t> order_, place_;
  std::vector<Type> types_;
  std::vector<bool> is_constant_;
  std::vector<VReg> pending_;
  Node* current_ = nullptr;
};

}  // namespace orus::jit::test
