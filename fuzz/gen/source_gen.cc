#include "fuzz/gen/source_gen.h"

#include <fmt/format.h>

#include <vector>

namespace orus::fuzz {
namespace {

enum class T : uint8_t { kI32, kI64, kU32, kU64, kF64, kBool, kString, kCount };
constexpr std::string_view kNames[] = {"i32", "i64", "u32", "u64", "f64", "bool", "string"};
constexpr size_t kTypes = static_cast<size_t>(T::kCount);

struct Variable {
  std::string name;
  T type;
  bool array = false, constant = false;
};
struct FunctionSignature {
  std::string name;
  std::vector<T> params;
  T result;
};

class SourceGen {
 public:
  explicit SourceGen(Choices& choices) : s_(choices.structure), v_(choices.values), c_(choices.config) {}

  SourceProgram run() {
    for (uint32_t n = s_.below(3); n > 0; --n) function();
    for (uint32_t n = 2 + s_.below(4); n > 0; --n) declaration();
    for (uint32_t n = 3 + s_.below(12); n > 0; --n) statement(0);
    for (const Variable& v : scope_) line("print(" + v.name + ")");
    SourceProgram out{std::move(text_), false};
    if (c_.chance(8)) damage(&out);
    return out;
  }

 private:
  T any_type() { return static_cast<T>(s_.below(kTypes)); }
  T number_type() { return static_cast<T>(s_.below(5)); }
  static bool is_integer(T t) { return t <= T::kU64; }
  static std::string_view name_of(T t) { return kNames[static_cast<size_t>(t)]; }

  void line(const std::string& text) { text_ += std::string(indent_ * 4, ' ') + text + "\n"; }
  std::string fresh() { return "v" + std::to_string(next_++); }

  std::string literal(T t) {
    static constexpr int64_t kSmall[] = {1, 0, 2, 3, 7, 10, 31, 63, 100, 255, 1000};
    int64_t small = v_.pick(kSmall);
    switch (t) {
      case T::kI32: return v_.chance(8) ? "2147483647" : std::to_string(small);
      case T::kI64: return v_.chance(8) ? "(9223372036854775807 as i64)" : fmt::format("({} as i64)", small);
      case T::kU32: return v_.chance(8) ? "4294967295u32" : fmt::format("{}u32", small);
      case T::kU64: return v_.chance(8) ? "18446744073709551615u64" : fmt::format("{}u64", small);
      case T::kF64: return fmt::format("{}.{}", small, v_.below(100));
      case T::kBool: return v_.flip() ? "true" : "false";
      default: return fmt::format("\"t{}\"", small);
    }
  }

  std::string variable(T t) {
    std::vector<const Variable*> found;
    for (const Variable& v : scope_) {
      if (v.type == t && !v.array) found.push_back(&v);
    }
    return found.empty() ? literal(t) : s_.pick(found)->name;
  }

  std::string expression(T t, uint32_t depth) {
    if (depth == 0 || s_.chance(4)) return s_.chance(3) ? literal(t) : variable(t);
    switch (t) {
      case T::kBool: return condition(depth);
      case T::kString:
        return s_.flip() ? fmt::format("({} + {})", expression(t, depth - 1), expression(t, depth - 1))
                         : fmt::format("({} as string)", expression(number_type(), depth - 1));
      default: break;
    }
    if (s_.chance(6)) return conversion(t, depth);
    if (s_.chance(6)) {
      if (std::string call = call_of(t, depth); !call.empty()) return call;
    }
    if (s_.chance(6)) {
      if (std::string item = element(t); !item.empty()) return item;
    }
    static constexpr const char* kReal[] = {"+", "-", "*", "/"};
    static constexpr const char* kInteger[] = {"+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"};
    if (t == T::kF64) return fmt::format("({} {} {})", expression(t, depth - 1), s_.pick(kReal), expression(t, depth - 1));
    std::string op = s_.pick(kInteger);
    if (op == "<<" || op == ">>") return fmt::format("({} {} {})", expression(t, depth - 1), op, v_.below(32));
    std::string right = (op == "/" || op == "%") && !s_.chance(6) ? literal(t) : expression(t, depth - 1);
    return fmt::format("({} {} {})", expression(t, depth - 1), op, right);
  }

  std::string condition(uint32_t depth) {
    if (s_.chance(3)) return fmt::format("({} {} {})", condition_or_value(depth), s_.flip() ? "and" : "or", condition_or_value(depth));
    if (s_.chance(6)) return fmt::format("(not {})", condition_or_value(depth));
    static constexpr const char* kCompare[] = {"<", "<=", ">", ">=", "==", "!="};
    T t = number_type();
    return fmt::format("({} {} {})", expression(t, depth - 1), s_.pick(kCompare), expression(t, depth - 1));
  }
  std::string condition_or_value(uint32_t depth) { return depth > 1 ? condition(depth - 1) : variable(T::kBool); }

  std::string conversion(T t, uint32_t depth) {
    T from = number_type();
    return fmt::format("({} as {})", expression(from, depth - 1), name_of(t));
  }

  std::string call_of(T t, uint32_t depth) {
    for (const FunctionSignature& f : functions_) {
      if (f.result != t) continue;
      std::string args;
      for (T p : f.params) args += (args.empty() ? "" : ", ") + expression(p, depth - 1);
      return f.name + "(" + args + ")";
    }
    return "";
  }

  std::string element(T t) {
    for (const Variable& v : scope_) {
      if (v.array && v.type == t)
        return s_.chance(8) ? fmt::format("{}[{}]", v.name, variable(T::kI32))
                            : fmt::format("{}[{} % len({})]", v.name, v_.below(40), v.name);
    }
    return "";
  }

  void declaration() {
    Variable v{fresh(), any_type()};
    v.array = s_.chance(4);
    if (v.array) {
      std::string items;
      for (uint32_t n = 1 + s_.below(6); n > 0; --n) items += (items.empty() ? "" : ", ") + expression(v.type, 1);
      line(fmt::format("mut {}: [{}] = [{}]", v.name, name_of(v.type), items));
    } else {
      line(fmt::format("mut {}: {} = {}", v.name, name_of(v.type), expression(v.type, 2)));
    }
    scope_.push_back(v);
  }

  void assignment() {
    if (scope_.empty()) return declaration();
    const Variable v = s_.pick(scope_);
    if (v.constant) return line(fmt::format("print({})", v.name));
    if (!v.array) return line(fmt::format("{} = {}", v.name, expression(v.type, 3)));
    if (s_.flip()) return line(fmt::format("push({}, {})", v.name, expression(v.type, 2)));
    line(fmt::format("{}[{} % len({})] = {}", v.name, v_.below(40), v.name, expression(v.type, 2)));
  }

  void block(uint32_t depth) {
    ++indent_;
    size_t visible = scope_.size();
    for (uint32_t n = 1 + s_.below(3); n > 0; --n) statement(depth + 1);
    scope_.resize(visible);
    --indent_;
  }

  void statement(uint32_t depth) {
    switch (depth >= 3 ? s_.below(3) : s_.below(10)) {
      case 0: return declaration();
      case 1: return line(fmt::format("print({})", expression(any_type(), 2)));
      case 6: {
        line(fmt::format("if {}:", condition(2)));
        block(depth);
        if (!s_.flip()) return;
        line("else:");
        return block(depth);
      }
      case 7: {
        std::string counter = fresh();
        line(fmt::format("for {} in 0..{}:", counter, v_.below(depth == 0 ? 60 : 8)));
        scope_.push_back({counter, T::kI32, false, true});
        block(depth);
        scope_.pop_back();
        return;
      }
      case 8: {
        std::string counter = fresh();
        line(fmt::format("mut {}: i32 = {}", counter, v_.below(depth == 0 ? 40 : 6)));
        line(fmt::format("while {} > 0:", counter));
        ++indent_;
        line(fmt::format("{} = {} - 1", counter, counter));
        --indent_;
        return block(depth);
      }
      case 9: {
        line("try:");
        block(depth);
        std::string error = fresh();
        line(fmt::format("catch {}:", error));
        ++indent_;
        line(fmt::format("print({})", error));
        --indent_;
        return;
      }
      default: return assignment();
    }
  }

  void function() {
    FunctionSignature f{"f" + std::to_string(functions_.size()), {}, number_type()};
    std::vector<Variable> outer;
    outer.swap(scope_);
    std::string params;
    for (uint32_t n = s_.below(4); n > 0; --n) {
      T t = number_type();
      f.params.push_back(t);
      scope_.push_back({fresh(), t, false, true});
      params += fmt::format("{}{}: {}", params.empty() ? "" : ", ", scope_.back().name, name_of(t));
    }
    line(fmt::format("fn {}({}) -> {}:", f.name, params, name_of(f.result)));
    ++indent_;
    for (uint32_t n = s_.below(4); n > 0; --n) statement(1);
    line("return " + expression(f.result, 2));
    --indent_;
    scope_.swap(outer);
    functions_.push_back(std::move(f));
  }

  /// Removes, doubles or changes a few characters.
  void damage(SourceProgram* out) {
    out->damaged = true;
    for (uint32_t n = 1 + c_.below(4); n > 0 && !out->text.empty(); --n) {
      size_t at = c_.below(static_cast<uint32_t>(out->text.size()));
      switch (c_.below(4)) {
        case 0: out->text.erase(at, 1 + c_.below(6)); break;
        case 1: out->text.insert(at, out->text.substr(at, 1 + c_.below(8))); break;
        case 2: out->text[at] = static_cast<char>(c_.byte()); break;
        default: out->text[at] = "()[]{}:,+-\"\\\n \t=<"[c_.below(17)]; break;
      }
    }
  }

  Stream &s_, &v_, &c_;
  std::string text_;
  uint32_t indent_ = 0, next_ = 0;
  std::vector<Variable> scope_;
  std::vector<FunctionSignature> functions_;
};

}  // namespace

SourceProgram generate_source(Choices& choices) { return SourceGen(choices).run(); }

}  // namespace orus::fuzz
