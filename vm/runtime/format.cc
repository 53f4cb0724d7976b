// Text of values. Numbers go through std::to_chars: the digits of printf in the C locale, whatever the host's locale.
//
// Nesting is cut with "..." at kMaxNesting levels, where an object contains itself, and once one call has written
// kMaxNestedText bytes of nested text. Values that share parts can unfold to exponential size, so parts that were shown
// already are shown again for kMaxRepeatedText bytes only; text of parts shown once is linear in the heap and not cut for it.
#include "vm/runtime/format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_set>
#include <utility>

#include "vm/runtime/ops.h"

namespace orus {
namespace {

constexpr size_t kMaxNesting = 200;
constexpr size_t kMaxNestedText = size_t{1} << 28;
constexpr size_t kMaxRepeatedText = size_t{1} << 20;

enum class Style : uint8_t { kPrint, kRepr };

template <class T>
void append_integer(T value, std::string* out) {
  char text[24];
  out->append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

Slot load_element(const Array* array, int32_t i, uint32_t bytes) {
  switch (bytes) {
    case 1: return array->buffer->as<uint8_t>()[i];
    case 4: return array->buffer->as<uint32_t>()[i];
    default: return array->buffer->as<uint64_t>()[i];
  }
}

void append_quoted(std::string_view text, std::string* out) {
  out->push_back('"');
  for (char c : text) {
    switch (c) {
      case '\n': out->append("\\n"); break;
      case '\t': out->append("\\t"); break;
      case '\\': out->append("\\\\"); break;
      case '"': out->append("\\\""); break;
      default: out->push_back(c);
    }
  }
  out->push_back('"');
}

void append_range(const RangeObject* range, std::string* out) {
  out->append("range(");
  append_integer(range->current, out);
  out->append("..");
  append_integer(range->end, out);
  if (range->step != 1) {
    out->append(" step=");
    append_integer(range->step, out);
  }
  out->push_back(')');
}

class ValueWriter {
 public:
  ValueWriter(const Module& module, Style style, std::string* out) : module_(module), style_(style), out_(out), start_(out->size()) {}

  void value(TypeId id, Slot slot) {
    const Type& type = module_.type(id);
    switch (type.kind) {
      case TypeKind::kVoid: break;
      case TypeKind::kI32: append_integer(static_cast<int32_t>(slot), out_); break;
      case TypeKind::kI64: append_integer(static_cast<int64_t>(slot), out_); break;
      case TypeKind::kU32: append_integer(static_cast<uint32_t>(slot), out_); break;
      case TypeKind::kU64: append_integer(slot, out_); break;
      case TypeKind::kF64: out_->append(style_ == Style::kPrint ? format_f64(slot_f64(slot)) : format_f64_short(slot_f64(slot))); break;
      case TypeKind::kBool: out_->append(slot != 0 ? "true" : "false"); break;
      default: reference(type, slot_ref<Object>(slot));
    }
  }

 private:
  void reference(const Type& type, Object* object) {
    if (object == nullptr) {
      out_->append("<none>");
      return;
    }
    bool repr = style_ == Style::kRepr;
    switch (type.kind) {
      case TypeKind::kString: {
        std::string_view text = static_cast<String*>(object)->view();
        repr ? append_quoted(text, out_) : void(out_->append(text));
        break;
      }
      case TypeKind::kError:
        out_->append(repr ? "<error>" : "Error: ");
        if (!repr) out_->append(static_cast<ErrorObject*>(object)->message->view());
        break;
      case TypeKind::kRange: repr ? void(out_->append("<range>")) : append_range(static_cast<RangeObject*>(object), out_); break;
      default: aggregate(type, object);
    }
  }

  void aggregate(const Type& type, Object* object) {
    if (depth_ == kMaxNesting || is_open(object)) return void(out_->append("..."));
    // The outermost one cannot be met again but as a cycle, so flat values pay nothing.
    bool again = depth_ > 0 && !shown_.insert(object).second;
    if (again && repeated() > kMaxRepeatedText) return void(out_->append("..."));
    path_[depth_++] = object;
    bool counts = again && !repeating_;
    if (counts) {
      repeating_ = true;
      repeat_start_ = out_->size();
    }
    parts(type, object);
    if (counts) {
      repeated_ = repeated();
      repeating_ = false;
    }
    --depth_;
  }

  void parts(const Type& type, Object* object) {
    if (style_ == Style::kRepr) out_->push_back('[');
    if (type.kind == TypeKind::kArray) {
      auto* array = static_cast<Array*>(object);
      uint32_t bytes = element_bytes(module_.kind(type.element));
      for (int32_t i = 0; i < array->length && item(i == 0); ++i) value(type.element, load_element(array, i, bytes));
    } else {
      auto* fields = static_cast<Struct*>(object)->fields();
      for (size_t i = 0; i < type.fields.size() && item(i == 0); ++i) value(type.fields[i].type, fields[i]);
    }
    if (style_ == Style::kRepr) out_->push_back(']');
  }

  /// Bytes written so far inside parts that had been shown before.
  size_t repeated() const { return repeated_ + (repeating_ ? out_->size() - repeat_start_ : 0); }

  /// Before each part: its separator. False once the text is too long; the first to notice says so.
  bool item(bool first) {
    if (cut_) return false;
    if (!first) out_->append(", ");
    if (out_->size() - start_ <= kMaxNestedText) return true;
    out_->append("...");
    cut_ = true;
    return false;
  }

  bool is_open(const Object* object) const { return std::find(path_, path_ + depth_, object) != path_ + depth_; }

  const Module& module_;
  Style style_;
  std::string* out_;
  size_t start_;
  bool cut_ = false;
  bool repeating_ = false;
  size_t repeat_start_ = 0;
  size_t repeated_ = 0;
  std::unordered_set<const Object*> shown_;
  size_t depth_ = 0;
  const Object* path_[kMaxNesting];
};

}  // namespace

std::string format_f64(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (value == 0) return "0";
  char text[400];  // a sign, 309 digits, a point, 17 digits
  bool fixed = std::fabs(value) >= 1e-4;
  char* end = std::to_chars(text, text + sizeof text, value, fixed ? std::chars_format::fixed : std::chars_format::general, 17).ptr;
  if (fixed) {  // the general format has no trailing zeros
    while (end[-1] == '0') --end;
    if (end[-1] == '.') --end;
  }
  return std::string(text, end);
}

std::string format_f64_short(double value) {
  if (std::isnan(value)) return "nan";  // to_chars and printf show the sign of a NaN, which tiers may differ in
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, value, std::chars_format::general, 6).ptr);
}

void format_value(const Module& module, TypeId type, Slot slot, std::string* out) {
  ValueWriter(module, Style::kPrint, out).value(type, slot);
}

void format_repr(const Module& module, TypeId type, Slot slot, std::string* out) {
  ValueWriter(module, Style::kRepr, out).value(type, slot);
}

}  // namespace orus
