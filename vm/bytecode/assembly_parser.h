// The parts of parse_assembly: a cursor over tokens that remembers the first error, and the module under construction
// with the names that its text may use. Every parsing function returns false once there is an error.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "vm/bytecode/assembly_lexer.h"
#include "vm/bytecode/module.h"

namespace orus {

class AssemblyCursor {
 public:
  AssemblyCursor(const std::vector<Token>& tokens, std::string_view file_name) : tokens_(tokens), file_(file_name) {}

  const Token& peek(size_t ahead = 0) const;  // the last token repeats for ever
  size_t at() const { return at_; }
  void seek(size_t at) { at_ = at; }
  void advance() { ++at_; }
  bool at_end() const { return peek().kind == TokenKind::kEndOfText; }
  bool is(std::string_view text) const;  // an identifier or symbol with this text
  bool accept(std::string_view text);
  bool expect(std::string_view text);
  bool end_line();
  void skip_line();

  bool identifier(std::string_view* out);
  bool string(std::string* out);
  bool name(std::string* out);  // an identifier or a string
  bool number(uint64_t max, uint64_t* out);
  bool signed_number(int64_t min, int64_t max, int64_t* out);
  /// `prefix` directly followed by a decimal number, as in r12.
  bool indexed(char prefix, uint64_t max, uint32_t* out);
  bool is_indexed(char prefix) const;

  bool fail(const Token& at, std::string detail);
  bool fail(std::string detail) { return fail(peek(), std::move(detail)); }
  const std::optional<Error>& error() const { return error_; }

 private:
  const std::vector<Token>& tokens_;
  std::string_view file_;
  size_t at_ = 0;
  std::optional<Error> error_;
};

class AssemblyModule {
 public:
  explicit AssemblyModule(AssemblyCursor& cursor) : cursor_(cursor) {}
  /// The whole text, in three passes: names, array types, everything else.
  bool parse();
  Module take() { return std::move(module_); }

  bool type_reference(TypeId* out);
  /// k12, or `type literal`, which is added to the constants if it is new.
  bool constant_reference(uint32_t max, uint32_t* out);
  bool global_reference(uint32_t* out);
  bool function_reference(uint32_t* out);

 private:
  bool scan_names();
  bool scan_name(uint32_t* counter, char prefix, std::map<std::string, uint32_t>& names);
  bool scan_type(bool is_struct);
  bool array_declaration(size_t at, uint32_t index);
  bool declaration();
  bool module_line();
  bool main_line();
  bool struct_line();
  bool global_line();
  bool constant_line();
  bool function_lines();
  bool literal(TypeId type, Constant* out);
  bool scalar_literal(TypeKind kind, uint64_t* bits);
  bool f64_literal(uint64_t* bits);
  bool named_reference(char prefix, uint32_t max, const std::map<std::string, uint32_t>& names, uint32_t* out);
  /// An optional number of its own in a declaration: it must be the next one.
  bool own_index(char prefix, size_t next);
  bool own_type_index(uint32_t next);
  TypeId array_of(TypeId element);
  uint32_t add_constant(Constant constant);

  AssemblyCursor& cursor_;
  Module module_;
  std::map<std::string, uint32_t> structs_, globals_, functions_;
  std::map<uint32_t, uint32_t> arrays_;  // by element
  std::map<std::tuple<uint32_t, uint64_t, std::string>, uint32_t> constants_;
  std::vector<size_t> array_lines_;  // by user type: token of its `type` line, or kNoLine
  uint32_t next_struct_ = 0;         // declarations of structs seen in the last pass
  std::vector<uint32_t> struct_indexes_;
};

/// The lines of a function after its header, up to and including `}`.
bool parse_function_body(AssemblyCursor& cursor, AssemblyModule& module, Function* fn);

}  // namespace orus
