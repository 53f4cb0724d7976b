// deep_equal: assert_eq's comparison. Iterative, so depth is no limit; a pair of aggregates that was met before is
// taken as equal (were it not, the comparison would have ended), so cycles end and shared parts are compared once.
#include <set>
#include <utility>
#include <vector>

#include "vm/runtime/format.h"
#include "vm/runtime/ops.h"

namespace orus {
namespace {

struct Pair {
  TypeId a_type;
  Slot a;
  TypeId b_type;
  Slot b;
};

class Comparison {
 public:
  explicit Comparison(const Module& module) : module_(module) {}

  bool run(Pair pair) {
    work_.push_back(pair);
    while (!work_.empty()) {
      Pair next = work_.back();
      work_.pop_back();
      if (!equal(next)) return false;
    }
    return true;
  }

 private:
  /// False if the two differ for certain; parts still to be compared are queued.
  bool equal(const Pair& pair) {
    TypeKind kind = module_.kind(pair.a_type);
    if (kind != module_.kind(pair.b_type)) return false;
    switch (kind) {
      case TypeKind::kF64: return slot_f64(pair.a) == slot_f64(pair.b);
      case TypeKind::kString: return equal_strings(slot_ref<String>(pair.a), slot_ref<String>(pair.b));
      case TypeKind::kArray: return arrays(pair, slot_ref<Array>(pair.a), slot_ref<Array>(pair.b));
      case TypeKind::kStruct: return structs(pair, slot_ref<Struct>(pair.a), slot_ref<Struct>(pair.b));
      default: return pair.a == pair.b;  // scalars are canonical; errors and iterators compare by identity
    }
  }

  bool arrays(const Pair& pair, Array* a, Array* b) {
    if (a->length != b->length) return false;
    TypeId a_element = module_.type(pair.a_type).element, b_element = module_.type(pair.b_type).element;
    TypeKind kind = module_.kind(a_element);
    if (a->length == 0) return true;
    if (kind != module_.kind(b_element)) return false;
    bool nested = kind == TypeKind::kArray || kind == TypeKind::kStruct;
    if (nested && !seen_.insert({pair.a, pair.b}).second) return true;
    for (int32_t i = 0; i < a->length; ++i) {
      Pair part{a_element, element(a, i, kind), b_element, element(b, i, kind)};
      if (nested) {
        work_.push_back(part);
      } else if (!equal(part)) {
        return false;
      }
    }
    return true;
  }

  bool structs(const Pair& pair, Struct* a, Struct* b) {
    if (pair.a_type != pair.b_type) return false;
    if (!seen_.insert({pair.a, pair.b}).second) return true;
    const std::vector<Field>& fields = module_.type(pair.a_type).fields;
    for (size_t i = 0; i < fields.size(); ++i) {
      work_.push_back({fields[i].type, a->fields()[i], fields[i].type, b->fields()[i]});
    }
    return true;
  }

  static Slot element(Array* array, int32_t i, TypeKind kind) {
    switch (element_bytes(kind)) {
      case 1: return array->buffer->as<uint8_t>()[i];
      case 4: return array->buffer->as<uint32_t>()[i];
      default: return array->buffer->as<uint64_t>()[i];
    }
  }

  const Module& module_;
  std::vector<Pair> work_;
  std::set<std::pair<Slot, Slot>> seen_;  // membership only: its order, by address, decides nothing
};

}  // namespace

bool deep_equal(const Module& module, TypeId a_type, Slot a, TypeId b_type, Slot b) {
  return Comparison(module).run({a_type, a, b_type, b});
}

}  // namespace orus
