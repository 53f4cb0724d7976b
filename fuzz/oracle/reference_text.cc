// Text, equality and digest of values in the reference interpreter, by printf.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <set>

#include "fuzz/oracle/reference_machine.h"

namespace orus::fuzz::ref {
namespace {

constexpr int kDeepest = 200;
constexpr size_t kMostAgain = 1 << 20;

std::string formatted(const char* format, double value) {
  char text[512];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string formatted(double value, int decimals) {
  std::vector<char> text(static_cast<size_t>(decimals) + 400);
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

class Writer {
 public:
  Writer(const Module& m, bool repr, std::string* out) : m_(m), repr_(repr), out_(*out) {}

  void value(TypeId id, Bits v) {
    const Type& type = m_.type(id);
    const auto* object = reinterpret_cast<const Object*>(v);
    switch (type.kind) {
      case TypeKind::kVoid: return;
      case TypeKind::kI32: out_ += std::to_string(static_cast<int32_t>(v)); return;
      case TypeKind::kI64: out_ += std::to_string(static_cast<int64_t>(v)); return;
      case TypeKind::kU32:
      case TypeKind::kU64: out_ += std::to_string(v); return;
      case TypeKind::kF64: out_ += repr_ ? short_real(real(v)) : long_real(real(v)); return;
      case TypeKind::kBool: out_ += v != 0 ? "true" : "false"; return;
      default: break;
    }
    if (object == nullptr) return void(out_ += "<none>");
    switch (type.kind) {
      case TypeKind::kString: return repr_ ? quoted(object->text) : void(out_ += object->text);
      case TypeKind::kError: out_ += repr_ ? "<error>" : "Error: " + object->message->text; return;
      case TypeKind::kRange: return repr_ ? void(out_ += "<range>") : range(*object);
      default: return parts(type, object);
    }
  }

 private:
  void quoted(const std::string& text) {
    out_ += '"';
    for (char c : text) {
      switch (c) {
        case '\n': out_ += "\\n"; break;
        case '\t': out_ += "\\t"; break;
        case '\\': out_ += "\\\\"; break;
        case '"': out_ += "\\\""; break;
        default: out_ += c;
      }
    }
    out_ += '"';
  }

  void range(const Object& r) {
    out_ += "range(" + std::to_string(static_cast<int64_t>(r.values[0])) + ".." + std::to_string(static_cast<int64_t>(r.values[1]));
    if (r.values[2] != 1) out_ += " step=" + std::to_string(static_cast<int64_t>(r.values[2]));
    out_ += ')';
  }

  void parts(const Type& type, const Object* object) {
    for (const Object* outer : path_) {
      if (outer == object) return void(out_ += "...");
    }
    if (path_.size() >= kDeepest) return void(out_ += "...");
    bool again = !met_.insert(object).second;
    size_t so_far = again_ + (again_since_ ? out_.size() - *again_since_ : 0);
    if (again && so_far > kMostAgain) return void(out_ += "...");
    bool first_again = again && !again_since_;
    if (first_again) again_since_ = out_.size();
    path_.push_back(object);
    if (repr_) out_ += '[';
    for (size_t i = 0; i < object->values.size(); ++i) {
      // What is longer than any program of ours prints on purpose is not compared.
      if (out_.size() > kLongestText) return;
      if (i > 0) out_ += ", ";
      value(type.kind == TypeKind::kArray ? type.element : type.fields[i].type, object->values[i]);
    }
    if (repr_) out_ += ']';
    path_.pop_back();
    if (first_again) {
      again_ += out_.size() - *again_since_;
      again_since_.reset();
    }
  }

  const Module& m_;
  bool repr_;
  std::string& out_;
  std::vector<const Object*> path_;
  std::set<const Object*> met_;
  size_t again_ = 0;                   // bytes of parts that had been shown before
  std::optional<size_t> again_since_;  // where the outermost such part that is being shown began
};

/// The integer as 64 bits, if it is one.
bool integer_bits(TypeKind kind, Bits value, Bits* out) {
  *out = kind == TypeKind::kI32 ? static_cast<Bits>(int64_t{static_cast<int32_t>(value)}) : value;
  return kind == TypeKind::kI32 || kind == TypeKind::kI64 || kind == TypeKind::kU32 || kind == TypeKind::kU64;
}

std::string in_radix(Bits value, char letter) {
  if (letter == 'b') {
    std::string out;
    do out.insert(out.begin(), static_cast<char>('0' + (value & 1)));
    while ((value >>= 1) != 0);
    return out;
  }
  char text[32];
  const char* format = letter == 'x' ? "%llx" : letter == 'X' ? "%llX" : "%llo";
  std::snprintf(text, sizeof text, format, static_cast<unsigned long long>(value));
  return text;
}

/// One '@' specifier of a format string at `at`; gives its end and appends the value.
size_t specifier_end(const std::string& f, size_t at, char* letter, int* decimals) {
  *letter = '@';
  size_t i = at + 1;
  if (i == f.size()) return i;
  if (f[i] == 'x' || f[i] == 'X' || f[i] == 'b' || f[i] == 'o') return *letter = f[i], i + 1;
  if (f[i] != '.') return i;
  for (++i; i < f.size() && f[i] >= '0' && f[i] <= '9'; ++i) {
    *letter = '.';
    *decimals = std::min(*decimals * 10 + (f[i] - '0'), 1100);
  }
  return i < f.size() && f[i] == 'f' ? i + 1 : i;
}

}  // namespace

std::string short_real(double value) { return std::isnan(value) ? "nan" : formatted("%g", value); }

std::string long_real(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (value == 0) return "0";
  if (std::fabs(value) < 1e-4) return formatted("%.17g", value);
  std::string text = formatted("%.17f", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

void append_repr(const Module& m, TypeId type, Bits value, std::string* out) { Writer(m, true, out).value(type, value); }

void append_print(const Machine& m, const Insn* insn, const Frame& frame, std::string* out) {
  uint32_t next = 0;
  auto type = [&](uint32_t n) { return m.function().registers[listed_register(insn, n)]; };
  auto value = [&](uint32_t n) { return frame.regs[listed_register(insn, n)]; };
  bool first = true;
  if (insn->c > 0 && type(0) == kTypeString) {
    const std::string& f = reinterpret_cast<const Object*>(value(0))->text;
    next = 1;
    first = false;
    for (size_t i = 0; i < f.size();) {
      if (f[i] == '\\') {
        if (i + 1 < f.size()) *out += f[i + 1] == 'n' ? '\n' : f[i + 1] == 't' ? '\t' : f[i + 1];
        i += 2;
        continue;
      }
      if (f[i] != '@') {
        *out += f[i++];
        continue;
      }
      char letter;
      int decimals = 0;
      size_t end = specifier_end(f, i, &letter, &decimals);
      if (next == insn->c) {
        *out += f.substr(i, end - i);
      } else {
        TypeKind kind = m.module.kind(type(next));
        Bits b;
        if (letter == '.' && kind == TypeKind::kF64) {
          double d = real(value(next));
          *out += std::isnan(d) ? "nan" : formatted(d, decimals);
        } else if (letter != '@' && letter != '.' && integer_bits(kind, value(next), &b)) {
          *out += in_radix(b, letter);
        } else {
          Writer(m.module, false, out).value(type(next), value(next));
        }
        ++next;
      }
      i = end;
    }
  }
  for (; next < insn->c; ++next) {
    if (!first) *out += ' ';
    first = false;
    Writer(m.module, false, out).value(type(next), value(next));
  }
  *out += '\n';
}

bool deeply_equal(const Module& m, TypeId a_type, Bits a, TypeId b_type, Bits b, MetPairs* met) {
  TypeKind kind = m.kind(a_type);
  if (kind != m.kind(b_type)) return false;
  if (kind == TypeKind::kF64) return real(a) == real(b);
  const auto *x = reinterpret_cast<const Object*>(a), *y = reinterpret_cast<const Object*>(b);
  if (kind == TypeKind::kString) return x->text == y->text;
  if (kind != TypeKind::kArray && kind != TypeKind::kStruct) return a == b;
  if (kind == TypeKind::kStruct && a_type != b_type) return false;
  if (x->values.size() != y->values.size()) return false;
  if (!met->insert({a, b}).second) return true;
  for (size_t i = 0; i < x->values.size(); ++i) {
    TypeId ta = kind == TypeKind::kArray ? m.type(a_type).element : m.type(a_type).fields[i].type;
    TypeId tb = kind == TypeKind::kArray ? m.type(b_type).element : m.type(b_type).fields[i].type;
    if (!deeply_equal(m, ta, x->values[i], tb, y->values[i], met)) return false;
  }
  return true;
}

namespace {

/// The digest that api/heap_digest.h describes, over the reference's objects.
class Digest {
 public:
  explicit Digest(const Module& m) : m_(m) {}
  void mix(uint64_t word) {
    hash_ = (hash_ ^ word) * 0x9E3779B97F4A7C15u;
    hash_ ^= hash_ >> 29;
  }
  void value(TypeKind kind, Bits v) {
    if (!is_reference(kind)) return mix(kind == TypeKind::kF64 && real(v) != real(v) ? 0x7FF8000000000000 : v);
    reference(reinterpret_cast<const Object*>(v));
  }
  uint64_t finish() {
    for (size_t i = 0; i < queue_.size(); ++i) object(*queue_[i]);
    return hash_;
  }

 private:
  void reference(const Object* o) {
    if (o == nullptr) return mix(0);
    auto [it, added] = order_.try_emplace(o, order_.size() + 1);
    if (added) queue_.push_back(o);
    mix(it->second);
  }
  void object(const Object& o) {
    // Numbers of object kinds, as the heap has them.
    uint64_t kind = o.kind == TypeKind::kString   ? 0
                    : o.kind == TypeKind::kArray  ? 2
                    : o.kind == TypeKind::kStruct ? 5
                    : o.kind == TypeKind::kError  ? 6
                                                  : 7;
    mix(kind);
    switch (o.kind) {
      case TypeKind::kString:
        mix(o.text.size());
        for (char c : o.text) mix(static_cast<unsigned char>(c));
        return;
      case TypeKind::kArray:
        mix(o.type.index);
        mix(o.values.size());
        for (Bits v : o.values) value(m_.kind(m_.type(o.type).element), v);
        return;
      case TypeKind::kStruct:
        mix(o.type.index);
        for (size_t i = 0; i < o.values.size(); ++i) value(m_.kind(m_.type(o.type).fields[i].type), o.values[i]);
        return;
      case TypeKind::kError:
        mix(o.error_kind);
        mix(o.function);
        mix(o.pc);
        return reference(o.message);
      default:
        for (Bits v : o.values) mix(v);
    }
  }
  const Module& m_;
  uint64_t hash_ = 0xCBF29CE484222325u;
  std::unordered_map<const Object*, uint64_t> order_;
  std::vector<const Object*> queue_;
};

}  // namespace

uint64_t digest(const Machine& machine) {
  Digest d(machine.module);
  for (size_t i = 0; i < machine.module.globals.size(); ++i) {
    d.mix(machine.assigned[i] ? 1 : 0);
    d.value(machine.module.kind(machine.module.globals[i].type), machine.globals[i]);
  }
  return d.finish();
}

}  // namespace orus::fuzz::ref
