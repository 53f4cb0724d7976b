// Diagnostics: what went wrong and where, and the three ways to write it down. Language-neutral; used for compile-time
// errors by the front ends and for uncaught run-time errors by the tool.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace orus::lang {

enum class Severity : uint8_t { kError, kWarning, kNote };

/// An additional remark; line 0 means that it has no position of its own.
struct DiagnosticNote {
  std::string message;
  uint32_t line = 0, column = 0;
  bool operator==(const DiagnosticNote&) const = default;
};

/// Lines and columns are 1-based, columns and `length` count bytes; line 0 means "no position".
struct Diagnostic {
  Severity severity = Severity::kError;
  std::string category = {};  // SYNTAX ERROR, TYPE MISMATCH, MODULE ERROR, RUNTIME PANIC, INTERNAL ERROR
  std::string title = {};     // short, for the header line
  std::string kind = {};      // "syntax", "name", "type", ...; at run time the word of the error kind and "error"
  std::string message = {};
  std::string help = {};  // may be empty
  std::string file = {};
  uint32_t line = 0, column = 0, length = 1;
  std::vector<DiagnosticNote> notes = {};
  bool operator==(const Diagnostic&) const = default;
};

enum class DiagnosticFormat : uint8_t { kFriendly, kJson, kMinimal };
enum class ColorMode : uint8_t { kPlain, kAnsi };

/// Header, source excerpt with a caret line, message, help, notes; ends with a newline. `source` is the text of
/// `diagnostic.file`, or empty when it is not at hand: then the excerpt is left out. Control bytes and malformed UTF-8
/// of the source are replaced, so the result is always printable UTF-8 (plus the colour codes).
std::string render_friendly(const Diagnostic& diagnostic, std::string_view source, ColorMode colors);
/// One JSON object on one line, newline included. Malformed UTF-8 becomes U+FFFD.
std::string render_json(const Diagnostic& diagnostic);
/// `file:line:column: error: message`, newline included.
std::string render_minimal(const Diagnostic& diagnostic);
std::string render(const Diagnostic& diagnostic, std::string_view source, DiagnosticFormat format, ColorMode colors);

/// Line number `line` (1-based) of `source` without its line end; empty when there is none.
std::string_view source_line(std::string_view source, uint32_t line);

}  // namespace orus::lang
