#include "api/heap_digest.h"

#include <string_view>
#include <unordered_map>
#include <vector>

#include "vm/runtime/object.h"

namespace orus::api {
namespace {

/// Walks breadth first; an object is known by the order in which it was met, so shapes with sharing and cycles have one
/// digest each.
class Digest {
 public:
  explicit Digest(const Module& module) : module_(module) {}

  void value(TypeKind kind, uint64_t slot) {
    if (is_reference(kind)) {
      reference(reinterpret_cast<const Object*>(slot));
    } else {
      bool nan = kind == TypeKind::kF64 && slot_f64(slot) != slot_f64(slot);
      mix(nan ? kAnyNan : slot);  // the bits of a NaN cannot be observed, so they may differ
    }
  }

  uint64_t finish() {
    for (size_t i = 0; i < queue_.size(); ++i) object(queue_[i]);
    return hash_;
  }

  void mix(uint64_t word) {
    hash_ = (hash_ ^ word) * 0x9E3779B97F4A7C15u;
    hash_ ^= hash_ >> 29;
  }

 private:
  static constexpr uint64_t kAnyNan = 0x7FF8000000000000;

  void reference(const Object* object) {
    if (object == nullptr) return mix(0);
    auto [it, added] = order_.try_emplace(object, order_.size() + 1);
    if (added) queue_.push_back(object);
    mix(it->second);
  }

  void text(std::string_view text) {
    mix(text.size());
    for (char c : text) mix(static_cast<unsigned char>(c));
  }

  void array(const Array& array) {
    mix(static_cast<uint64_t>(array.length));
    TypeKind kind = module_.kind(module_.type(TypeId{array.type}).element);
    for (int32_t i = 0; i < array.length; ++i) {
      Buffer& buffer = *array.buffer;
      switch (element_bytes(kind)) {
        case 1: mix(buffer.as<uint8_t>()[i]); break;
        case 4: mix(buffer.as<uint32_t>()[i]); break;
        default: value(kind, buffer.as<uint64_t>()[i]);
      }
    }
  }

  void object(const Object* object) {
    mix(static_cast<uint64_t>(object->kind));
    switch (object->kind) {
      case ObjectKind::kString: text(static_cast<const String*>(object)->view()); break;
      case ObjectKind::kArray:
        mix(object->type);
        array(*static_cast<const Array*>(object));
        break;
      case ObjectKind::kStruct: {
        mix(object->type);
        const Type& type = module_.type(TypeId{object->type});
        const auto* slots = reinterpret_cast<const uint64_t*>(object + 1);
        for (size_t i = 0; i < type.fields.size(); ++i) value(module_.kind(type.fields[i].type), slots[i]);
        break;
      }
      case ObjectKind::kError: {
        const auto& error = *static_cast<const ErrorObject*>(object);
        for (uint64_t word : {uint64_t{error.error_kind}, uint64_t{error.function}, error.pc}) mix(word);
        reference(error.message);
        break;
      }
      case ObjectKind::kRange: {
        const auto& range = *static_cast<const RangeObject*>(object);
        for (int64_t word : {range.current, range.end, range.step}) mix(static_cast<uint64_t>(word));
        break;
      }
      case ObjectKind::kBytes:
      case ObjectKind::kScalarBuffer:
      case ObjectKind::kRefBuffer: break;  // parts of strings and arrays, never referenced by values
    }
  }

  const Module& module_;
  uint64_t hash_ = 0xCBF29CE484222325u;
  std::unordered_map<const Object*, uint64_t> order_;
  std::vector<const Object*> queue_;
};

}  // namespace

uint64_t heap_digest(Vm& vm) {
  const Module& module = vm.module();
  Digest digest(module);
  for (size_t i = 0; i < module.globals.size(); ++i) {
    digest.mix(vm.context.globals_assigned[i]);
    digest.value(module.kind(module.globals[i].type), vm.context.globals[i]);
  }
  return digest.finish();
}

}  // namespace orus::api
