// The binary form of a module. Layout in docs/bytecode.md: magic, version, then everything in order, in LEB128
// varints (shortest form only), except code words and constant bits (fixed, little endian).
//
// One module has one encoding: write_obc(read_obc(b)) == b whenever b is accepted. Reading checks only the container;
// verify() checks the rest. Every element read takes at least one byte, so memory stays within a constant times the
// size of the input.
#include <array>

#include <fmt/format.h>

#include "vm/bytecode/text.h"

namespace orus {
namespace {

constexpr std::array<uint8_t, 4> kMagic = {0x7F, 'O', 'B', 'C'};

constexpr uint32_t zigzag(uint32_t delta) { return (delta << 1) ^ (delta >> 31 ? UINT32_MAX : 0); }
constexpr uint32_t unzigzag(uint32_t z) { return (z >> 1) ^ (z & 1 ? UINT32_MAX : 0); }
static_assert(unzigzag(zigzag(UINT32_MAX)) == UINT32_MAX && zigzag(1) == 2 && unzigzag(zigzag(1u << 31)) == 1u << 31);

class Writer {
 public:
  std::vector<uint8_t> take() { return std::move(bytes_); }

  void module(const Module& m) {
    bytes_.assign(kMagic.begin(), kMagic.end());
    fixed(kObcVersion, 4);
    text(m.file);
    varint(m.main.valid() ? uint64_t{m.main.index} + 1 : 0);
    varint(m.types.size() - kFirstUserType);
    for (size_t i = kFirstUserType; i < m.types.size(); ++i) type(m.types[i]);
    varint(m.globals.size());
    for (const Global& g : m.globals) {
      text(g.name);
      varint(g.type.index);
    }
    varint(m.constants.size());
    for (const Constant& k : m.constants) constant(k);
    varint(m.functions.size());
    for (const Function& fn : m.functions) function(fn);
  }

 private:
  void byte(uint8_t b) { bytes_.push_back(b); }
  void fixed(uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) byte(static_cast<uint8_t>(value >> (8 * i)));
  }
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<uint8_t>(value | 0x80));
    byte(static_cast<uint8_t>(value));
  }
  void text(std::string_view s) {
    varint(s.size());
    bytes_.insert(bytes_.end(), s.begin(), s.end());
  }
  void type(const Type& t) {
    byte(static_cast<uint8_t>(t.kind));
    if (t.kind == TypeKind::kArray) varint(t.element.index);
    if (t.kind != TypeKind::kStruct) return;
    text(t.name);
    varint(t.fields.size());
    for (const Field& f : t.fields) {
      text(f.name);
      varint(f.type.index);
    }
  }
  void constant(const Constant& k) {
    varint(k.type.index);
    if (k.type == kTypeString) {
      text(k.text);
    } else {
      fixed(k.bits, 8);
    }
  }
  void function(const Function& fn) {
    text(fn.name);
    varint(fn.params);
    varint(fn.result.index);
    varint(fn.registers.size());
    for (TypeId t : fn.registers) varint(t.index);
    varint(fn.loops);
    varint(fn.handlers.size());
    for (const Handler& h : fn.handlers) {
      for (uint32_t value : {h.start, h.end, h.target, uint32_t{h.error_register}}) varint(value);
    }
    varint(fn.code.size());
    for (const Insn& i : fn.code) {
      for (uint16_t value : {i.op, i.a, i.b, i.c}) fixed(value, 2);
    }
    Position last;
    for (size_t pc = 0; pc < fn.code.size(); ++pc) {
      Position p = pc < fn.positions.size() ? fn.positions[pc] : Position{};
      varint(zigzag(p.line - last.line));
      varint(zigzag(p.column - last.column));
      last = p;
    }
  }

  std::vector<uint8_t> bytes_;
};

/// Reads in order; after the first problem everything reads as zero and the counts as none.
class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  Result<Module> module() {
    Module m;
    header();
    text(&m.file);
    uint64_t main = varint(uint64_t{UINT32_MAX});
    if (main > 0) m.main = FunctionId(main - 1);
    for (uint64_t n = count(); n > 0 && ok(); --n) m.types.push_back(type());
    for (uint64_t n = count(); n > 0 && ok(); --n) {
      Global g;
      text(&g.name);
      g.type = type_id();
      m.globals.push_back(std::move(g));
    }
    for (uint64_t n = count(); n > 0 && ok(); --n) m.constants.push_back(constant());
    for (uint64_t n = count(); n > 0 && ok(); --n) m.functions.push_back(function());
    if (ok() && at_ != bytes_.size()) fail("bytes after the end of the module");
    if (!ok()) return Error{ErrorCode::kBadBytecode, std::string(problem_), fmt::format("offset {}", problem_at_)};
    return m;
  }

 private:
  bool ok() const { return problem_.empty(); }
  void fail(std::string_view problem) { fail_at(problem, at_); }
  void fail_at(std::string_view problem, size_t at) {
    if (!ok()) return;
    problem_ = problem;
    problem_at_ = at;
    at_ = bytes_.size();
  }
  size_t left() const { return bytes_.size() - at_; }

  uint64_t fixed(size_t bytes) {
    if (left() < bytes) {
      fail("unexpected end");
      return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; ++i) value |= uint64_t{bytes_[at_ + i]} << (8 * i);
    at_ += bytes;
    return value;
  }

  uint64_t varint(uint64_t max) {
    size_t start = at_;
    uint64_t value = 0;
    for (uint32_t shift = 0; shift < 35; shift += 7) {
      uint64_t byte = fixed(1);
      if (!ok()) return 0;
      value |= (byte & 0x7F) << shift;
      if (byte & 0x80) continue;
      if (byte == 0 && shift > 0) break;
      if (value <= max) return value;
      break;
    }
    fail_at("number too large or not in its shortest form", start);
    return 0;
  }
  uint32_t varint32() { return static_cast<uint32_t>(varint(UINT32_MAX)); }

  /// Number of elements that follow, each at least one byte long.
  uint64_t count() {
    size_t start = at_;
    uint64_t n = varint(UINT32_MAX);
    if (n <= left()) return n;
    fail_at("count larger than the rest of the file", start);
    return 0;
  }

  void text(std::string* out) {
    uint64_t length = count();
    auto from = bytes_.begin() + static_cast<std::ptrdiff_t>(at_);
    out->assign(from, from + static_cast<std::ptrdiff_t>(length));
    at_ += length;
  }

  TypeId type_id() { return TypeId(varint32()); }

  void header() {
    for (uint8_t expected : kMagic) {
      size_t start = at_;
      if (fixed(1) != expected) fail_at("not an .obc file", start);
    }
    size_t start = at_;
    if (fixed(4) != kObcVersion) fail_at("unknown version", start);
  }

  Type type() {
    Type t;
    size_t start = at_;
    uint64_t kind = fixed(1);
    if (kind > static_cast<uint64_t>(TypeKind::kStruct)) {
      fail_at("unknown kind of type", start);
      return t;
    }
    t.kind = static_cast<TypeKind>(kind);
    if (t.kind == TypeKind::kArray) t.element = type_id();
    if (t.kind != TypeKind::kStruct) return t;
    text(&t.name);
    for (uint64_t n = count(); n > 0 && ok(); --n) {
      Field f;
      text(&f.name);
      f.type = type_id();
      t.fields.push_back(std::move(f));
    }
    return t;
  }

  Constant constant() {
    Constant k;
    k.type = type_id();
    if (k.type == kTypeString) {
      text(&k.text);
    } else {
      k.bits = fixed(8);
    }
    return k;
  }

  Function function() {
    Function fn;
    text(&fn.name);
    fn.params = varint32();
    fn.result = type_id();
    size_t start = at_;
    uint64_t registers = count();
    if (registers > kMaxRegisters) fail_at("too many registers", start);
    for (; registers > 0 && ok(); --registers) fn.registers.push_back(type_id());
    fn.loops = varint32();
    for (uint64_t n = count(); n > 0 && ok(); --n) {
      Handler h;
      h.start = varint32();
      h.end = varint32();
      h.target = varint32();
      h.error_register = static_cast<uint16_t>(varint(UINT16_MAX));
      fn.handlers.push_back(h);
    }
    code(&fn);
    return fn;
  }

  void code(Function* fn) {
    size_t start = at_;
    uint64_t words = count();
    if (words > kMaxCode || words * sizeof(Insn) > left()) fail_at("more code than the rest of the file", start);
    if (!ok()) return;
    fn->code.reserve(words);
    for (uint64_t i = 0; i < words; ++i) {
      Insn insn;
      for (uint16_t* field : {&insn.op, &insn.a, &insn.b, &insn.c}) *field = static_cast<uint16_t>(fixed(2));
      fn->code.push_back(insn);
    }
    Position p;
    for (uint64_t i = 0; i < words && ok(); ++i) {
      p.line += unzigzag(varint32());
      p.column += unzigzag(varint32());
      fn->positions.push_back(p);
    }
  }

  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
  std::string_view problem_;
  size_t problem_at_ = 0;
};

}  // namespace

std::vector<uint8_t> write_obc(const Module& module) {
  Writer writer;
  writer.module(module);
  return writer.take();
}

Result<Module> read_obc(std::span<const uint8_t> bytes) { return Reader(bytes).module(); }

}  // namespace orus
