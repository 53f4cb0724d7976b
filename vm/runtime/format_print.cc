// print: a first argument of type string is a format string whose '@' specifiers take the following arguments.
#include <charconv>
#include <cmath>
#include <optional>

#include "vm/runtime/format.h"
#include "vm/runtime/ops.h"

namespace orus {
namespace {

/// More digits after the point than any f64 has are zeros, so a larger N is read as this.
constexpr uint32_t kMaxDecimals = 1100;

struct Specifier {
  enum class Kind : uint8_t { kDefault, kHex, kUpperHex, kBinary, kOctal, kDecimals };
  Kind kind = Kind::kDefault;
  uint32_t decimals = 0;
  size_t length = 1;  // bytes of the format string, '@' included
};

/// The longest specifier at the start of `text`, which starts with '@'.
Specifier read_specifier(std::string_view text) {
  Specifier spec;
  char c = text.size() > 1 ? text[1] : '\0';
  switch (c) {
    case 'x': return {Specifier::Kind::kHex, 0, 2};
    case 'X': return {Specifier::Kind::kUpperHex, 0, 2};
    case 'b': return {Specifier::Kind::kBinary, 0, 2};
    case 'o': return {Specifier::Kind::kOctal, 0, 2};
    case '.': break;
    default: return spec;
  }
  size_t i = 2;
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
    spec.kind = Specifier::Kind::kDecimals;
    spec.decimals = spec.decimals * 10 + static_cast<uint32_t>(text[i] - '0');
    if (spec.decimals > kMaxDecimals) spec.decimals = kMaxDecimals;
  }
  if (i < text.size() && text[i] == 'f') ++i;
  spec.length = i;
  return spec;
}

/// An integer as 64-bit two's complement; nothing for other kinds.
std::optional<uint64_t> integer_bits(TypeKind kind, Slot slot) {
  switch (kind) {
    case TypeKind::kI32: return static_cast<uint64_t>(int64_t{static_cast<int32_t>(slot)});
    case TypeKind::kI64:
    case TypeKind::kU32:
    case TypeKind::kU64: return slot;
    default: return std::nullopt;
  }
}

void append_bits(uint64_t bits, Specifier::Kind kind, std::string* out) {
  using Kind = Specifier::Kind;
  int radix = kind == Kind::kBinary ? 2 : kind == Kind::kOctal ? 8 : 16;
  char text[64];
  char* end = std::to_chars(text, text + sizeof text, bits, radix).ptr;
  if (kind == Kind::kUpperHex) {
    for (char* p = text; p != end; ++p) {
      if (*p >= 'a') *p = static_cast<char>(*p - 'a' + 'A');
    }
  }
  out->append(text, end);
}

void append_decimals(double value, uint32_t decimals, std::string* out) {
  if (std::isnan(value)) {
    out->append("nan");
    return;
  }
  char text[kMaxDecimals + 320];
  out->append(text, std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, static_cast<int>(decimals)).ptr);
}

void append_formatted(const Module& module, const Specifier& spec, TypeId type, Slot slot, std::string* out) {
  TypeKind kind = module.kind(type);
  if (spec.kind == Specifier::Kind::kDecimals) {
    if (kind == TypeKind::kF64) return append_decimals(slot_f64(slot), spec.decimals, out);
  } else if (spec.kind != Specifier::Kind::kDefault) {
    if (auto bits = integer_bits(kind, slot)) return append_bits(*bits, spec.kind, out);
  }
  format_value(module, type, slot, out);
}

}  // namespace

void format_print(const Module& module, const TypeId* types, const Slot* values, uint32_t count, std::string* out) {
  uint32_t used = 0;
  bool first = true;
  if (count > 0 && types[0] == kTypeString) {
    std::string_view format = slot_ref<String>(values[0])->view();
    used = 1;
    first = false;
    while (!format.empty()) {
      size_t plain = format.find_first_of("\\@");
      out->append(format.substr(0, plain));
      if (plain == std::string_view::npos) break;
      format.remove_prefix(plain);
      if (format[0] == '@') {
        Specifier spec = read_specifier(format);
        if (used < count) {
          append_formatted(module, spec, types[used], values[used], out);
          ++used;
        } else {
          out->append(format.substr(0, spec.length));
        }
        format.remove_prefix(spec.length);
      } else {
        if (format.size() > 1) out->push_back(format[1] == 'n' ? '\n' : format[1] == 't' ? '\t' : format[1]);
        format.remove_prefix(format.size() > 1 ? 2 : 1);
      }
    }
  }
  for (; used < count; ++used) {
    if (!first) out->push_back(' ');
    first = false;
    format_value(module, types[used], values[used], out);
  }
  out->push_back('\n');
}

}  // namespace orus
