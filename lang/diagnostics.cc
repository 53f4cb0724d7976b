#include "lang/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>

namespace orus::lang {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr size_t kHeaderWidth = 80;
constexpr size_t kExcerptWidth = 120;  // characters of a source line that are shown
constexpr uint32_t kTabWidth = 4;

std::string_view severity_word(Severity severity) {
  switch (severity) {
    case Severity::kWarning: return "warning";
    case Severity::kNote: return "note";
    default: return "error";
  }
}

/// Bytes of the well-formed UTF-8 sequence at the start of `text`; 0 when malformed. `text` is not empty.
size_t utf8_length(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  auto tail = [&](size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!tail(1) || !tail(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
    if (lead == 0xED && byte(1) > 0x9F) return 0;  // surrogate
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (lead == 0xF0 && byte(1) < 0x90) return 0;
    if (lead == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

/// A source line as characters one column wide each, so that carets can be placed below them.
struct Excerpt {
  std::vector<std::string> cells;
  size_t caret_start = 0, caret_count = 1;
};

Excerpt make_excerpt(std::string_view line, uint32_t column, uint32_t length) {
  Excerpt out;
  size_t first = column == 0 ? 0 : column - 1;
  size_t last = std::min(line.size(), first + std::max<size_t>(length, 1));
  size_t start_cell = SIZE_MAX, end_cell = 0;
  for (size_t i = 0; i < line.size();) {
    if (i >= first && start_cell == SIZE_MAX) start_cell = out.cells.size();
    size_t bytes = utf8_length(line.substr(i));
    auto byte = static_cast<uint8_t>(line[i]);
    if (byte == '\t') {
      out.cells.insert(out.cells.end(), kTabWidth, " ");
    } else if (bytes == 0 || byte < 0x20 || byte == 0x7F) {
      out.cells.emplace_back(kReplacement);
    } else {
      out.cells.emplace_back(line.substr(i, bytes));
    }
    i += std::max<size_t>(bytes, 1);
    if (i <= last || (end_cell == 0 && i > first)) end_cell = out.cells.size();
  }
  if (start_cell == SIZE_MAX) start_cell = end_cell = out.cells.size();
  out.caret_start = start_cell;
  out.caret_count = end_cell > start_cell ? end_cell - start_cell : 1;
  return out;
}

/// Keeps kExcerptWidth characters around the caret of an over-long line.
void shorten(Excerpt& excerpt) {
  if (excerpt.cells.size() <= kExcerptWidth) return;
  size_t begin = excerpt.caret_start > kExcerptWidth / 2 ? excerpt.caret_start - kExcerptWidth / 2 : 0;
  size_t end = std::min(excerpt.cells.size(), begin + kExcerptWidth);
  bool cut_end = end < excerpt.cells.size();
  excerpt.cells =
      std::vector<std::string>(excerpt.cells.begin() + static_cast<ptrdiff_t>(begin), excerpt.cells.begin() + static_cast<ptrdiff_t>(end));
  excerpt.caret_start -= begin;
  excerpt.caret_count = std::min(excerpt.caret_count, kExcerptWidth - std::min(excerpt.caret_start, kExcerptWidth - 1));
  if (cut_end) excerpt.cells.emplace_back("...");
  if (begin > 0) {
    excerpt.cells.insert(excerpt.cells.begin(), "...");
    excerpt.caret_start += 3;
  }
}

std::string printable(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    size_t bytes = utf8_length(text.substr(i));
    auto byte = static_cast<uint8_t>(text[i]);
    bool bad = bytes == 0 || (byte < 0x20 && byte != '\n') || byte == 0x7F;
    out += bad ? kReplacement : text.substr(i, bytes);
    i += std::max<size_t>(bytes, 1);
  }
  return out;
}

struct Palette {
  std::string_view header, caret, gutter, help, reset;
};
constexpr Palette kPlainPalette{"", "", "", "", ""};
constexpr Palette kAnsiPalette{"\x1b[1;31m", "\x1b[31m", "\x1b[2m", "\x1b[36m", "\x1b[0m"};

std::string location(const Diagnostic& d) {
  if (d.line == 0) return d.file;
  return fmt::format("{}:{}:{}", d.file, d.line, d.column);
}

/// Lines after the first are indented so that they stand below the first.
void append_remark(std::string& out, const std::string& gutter, std::string_view lead, std::string_view text) {
  std::string clean = printable(text);
  out += gutter + "= ";
  out += lead;
  for (char c : clean) {
    out += c;
    if (c == '\n') out += gutter + "  ";
  }
  out += '\n';
}

void append_excerpt(std::string& out, const Diagnostic& d, std::string_view source, const Palette& palette) {
  Excerpt excerpt = make_excerpt(source_line(source, d.line), d.column, d.length);
  shorten(excerpt);
  out += fmt::format("{}{:>4} | {}", palette.gutter, d.line, palette.reset);
  for (const std::string& cell : excerpt.cells) out += cell;
  out += fmt::format("\n{}     | {}{}", palette.gutter, palette.reset, std::string(excerpt.caret_start, ' '));
  out += fmt::format("{}{}{}\n", palette.caret, std::string(excerpt.caret_count, '^'), palette.reset);
  out += fmt::format("{}     |{}\n", palette.gutter, palette.reset);
}

}  // namespace

std::string_view source_line(std::string_view source, uint32_t line) {
  if (line == 0) return {};
  size_t start = 0;
  for (uint32_t i = 1; i < line; ++i) {
    size_t end = source.find('\n', start);
    if (end == std::string_view::npos) return {};
    start = end + 1;
  }
  std::string_view rest = source.substr(start);
  rest = rest.substr(0, rest.find('\n'));
  if (!rest.empty() && rest.back() == '\r') rest.remove_suffix(1);
  if (line == 1 && rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  return rest;
}

std::string render_friendly(const Diagnostic& d, std::string_view source, ColorMode colors) {
  const Palette& palette = colors == ColorMode::kAnsi ? kAnsiPalette : kPlainPalette;
  std::string head = fmt::format("-- {}: {} ", d.category, d.title.empty() ? d.message : d.title);
  head = printable(head.substr(0, head.find('\n')));
  std::string where = location(d);
  size_t used = head.size() + 1 + where.size();
  size_t dashes = used + 3 < kHeaderWidth ? kHeaderWidth - used : 3;
  std::string out = fmt::format("{}{}{} {}{}\n\n", palette.header, head, std::string(dashes, '-'), where, palette.reset);
  if (d.line != 0 && !source.empty()) append_excerpt(out, d, source, palette);
  const std::string gutter = "     ";
  append_remark(out, gutter, "", d.message);
  if (!d.help.empty()) append_remark(out, gutter, fmt::format("{}help: {}", palette.help, palette.reset), d.help);
  for (const DiagnosticNote& note : d.notes) {
    std::string text = note.line == 0 ? note.message : fmt::format("{} (line {})", note.message, note.line);
    append_remark(out, gutter, "note: ", text);
  }
  return out;
}

namespace {

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (size_t i = 0; i < text.size();) {
    size_t bytes = utf8_length(text.substr(i));
    auto byte = static_cast<uint8_t>(text[i]);
    if (bytes == 0) {
      out += "\\ufffd";
    } else if (byte == '"' || byte == '\\') {
      out += '\\';
      out += static_cast<char>(byte);
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += text.substr(i, bytes);
    }
    i += std::max<size_t>(bytes, 1);
  }
  return out + "\"";
}

}  // namespace

std::string render_json(const Diagnostic& d) {
  std::string out =
      fmt::format(R"({{"severity":{},"category":{},"kind":{},"message":{},"help":{},"file":{},"line":{},"column":{},"length":{})",
                  json_string(severity_word(d.severity)), json_string(d.category), json_string(d.kind), json_string(d.message),
                  json_string(d.help), json_string(d.file), d.line, d.column, d.length);
  if (!d.notes.empty()) {
    out += ",\"notes\":[";
    for (size_t i = 0; i < d.notes.size(); ++i) {
      const DiagnosticNote& note = d.notes[i];
      out +=
          fmt::format(R"({}{{"message":{},"line":{},"column":{}}})", i == 0 ? "" : ",", json_string(note.message), note.line, note.column);
    }
    out += "]";
  }
  return out + "}\n";
}

std::string render_minimal(const Diagnostic& d) {
  std::string message = printable(d.message);
  std::replace(message.begin(), message.end(), '\n', ' ');
  return fmt::format("{}: {}: {}\n", printable(location(d)), severity_word(d.severity), message);
}

std::string render(const Diagnostic& d, std::string_view source, DiagnosticFormat format, ColorMode colors) {
  switch (format) {
    case DiagnosticFormat::kJson: return render_json(d);
    case DiagnosticFormat::kMinimal: return render_minimal(d);
    default: return render_friendly(d, source, colors);
  }
}

}  // namespace orus::lang
