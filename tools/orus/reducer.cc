#include "tools/orus/reducer.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <string_view>

namespace orus::tool {
namespace {

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> out;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string join_lines(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

/// `list` without the elements from `begin` up to `end`.
std::vector<std::string> without(std::vector<std::string> list, size_t begin, size_t end) {
  list.erase(list.begin() + static_cast<std::ptrdiff_t>(begin), list.begin() + static_cast<std::ptrdiff_t>(end));
  return list;
}

std::string join(const std::vector<std::string>& tokens) {
  std::string out;
  for (const std::string& token : tokens) out += token;
  return out;
}

bool is_blank(const std::string& line) { return line.find_first_not_of(" \t\r") == std::string::npos; }
size_t indentation(const std::string& line) { return std::min(line.find_first_not_of(" \t"), line.size()); }
bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0; }

/// Length of the token at the start of `rest`: a word or number, a string, blanks, or one character.
size_t token_length(std::string_view rest) {
  char first = rest[0];
  size_t at = 1;
  if (is_word(first)) {
    bool number = std::isdigit(static_cast<unsigned char>(first)) != 0;
    auto fraction = [&] {
      return number && rest[at] == '.' && at + 1 < rest.size() && std::isdigit(static_cast<unsigned char>(rest[at + 1]));
    };
    while (at < rest.size() && (is_word(rest[at]) || fraction())) ++at;
  } else if (first == '"') {
    while (at < rest.size() && rest[at] != '"') at += rest[at] == '\\' ? 2 : 1;
    at = std::min(at + 1, rest.size());
  } else if (first == ' ' || first == '\t') {
    at = std::min(rest.find_first_not_of(" \t"), rest.size());
  }
  return at;
}

std::vector<std::string> split_tokens(std::string_view line) {
  std::vector<std::string> out;
  while (!line.empty()) {
    size_t length = token_length(line);
    out.emplace_back(line.substr(0, length));
    line.remove_prefix(length);
  }
  return out;
}

/// Position of the bracket that closes the one at `open`, or the number of tokens.
size_t closing_bracket(const std::vector<std::string>& tokens, size_t open) {
  size_t depth = 0;
  for (size_t i = open; i < tokens.size(); ++i) {
    const std::string& token = tokens[i];
    if (token == "(" || token == "[" || token == "{") ++depth;
    if (token == ")" || token == "]" || token == "}") --depth;
    if (depth == 0) return i;
  }
  return tokens.size();
}

/// Simpler spellings of a literal, simplest first.
std::vector<std::string> simpler(const std::string& token) {
  if (token.size() > 2 && token[0] == '"') return {"\"\"", "\"" + token.substr(1, (token.size() - 2) / 2) + "\""};
  if (token.empty() || std::isdigit(static_cast<unsigned char>(token[0])) == 0) return {};
  std::vector<std::string> out;
  if (token != "0") out.push_back("0");
  if (token != "0" && token != "1") out.push_back("1");
  uint64_t value = 0;
  auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (error == std::errc() && end == token.data() + token.size() && value > 3) {
    out.push_back(std::to_string(value / 2));
    out.push_back(std::to_string(value - 1));
  }
  return out;
}

}  // namespace

std::string Reducer::reduce(const std::string& text) {
  lines_ = split_lines(text);
  bool changed = true;
  while (changed && tries_left_ > 0) {
    changed = remove_blocks();
    changed = remove_chunks() || changed;
    changed = unwrap_blocks() || changed;
    changed = simplify_lines() || changed;
  }
  return join_lines(lines_);
}

/// Keeps the candidate if it is still interesting.
bool Reducer::accepts(const Lines& candidate) {
  if (tries_left_ <= 0) return false;
  std::string text = join_lines(candidate);
  if (!tried_.insert(text).second) return false;
  --tries_left_;
  if (!interesting_(text)) return false;
  lines_ = candidate;
  return true;
}

/// Runs of lines, long ones first.
bool Reducer::remove_chunks() {
  bool changed = false;
  for (size_t size = std::max<size_t>(lines_.size() / 2, 1); size > 0; size /= 2) {
    for (size_t at = 0; at < lines_.size();) {
      if (accepts(without(lines_, at, std::min(at + size, lines_.size())))) {
        changed = true;
      } else {
        at += size;
      }
    }
  }
  return changed;
}

/// One past the lines that are indented deeper than `header`, and past the closing brace that assembly has there.
size_t Reducer::block_end(size_t header) const {
  size_t depth = indentation(lines_[header]);
  size_t end = header + 1;
  for (size_t i = header + 1; i < lines_.size(); ++i) {
    if (is_blank(lines_[i])) continue;
    if (indentation(lines_[i]) <= depth) break;
    end = i + 1;
  }
  if (end > header + 1 && end < lines_.size() && lines_[end].substr(depth).starts_with("}")) ++end;
  return end;
}

/// Headers together with their blocks, the last first: uses go before definitions.
bool Reducer::remove_blocks() {
  bool changed = false;
  for (size_t header = lines_.size(); header-- > 0;) {
    if (header >= lines_.size()) continue;
    size_t end = block_end(header);
    if (end == header + 1) continue;
    changed = accepts(without(lines_, header, end)) || changed;
  }
  return changed;
}

/// The block instead of the header with its block.
bool Reducer::unwrap_blocks() {
  bool changed = false;
  for (size_t header = 0; header < lines_.size(); ++header) {
    size_t end = block_end(header);
    if (end == header + 1) continue;
    size_t outer = indentation(lines_[header]), inner = indentation(lines_[header + 1]);
    if (inner <= outer) continue;
    Lines candidate = lines_;
    for (size_t i = header + 1; i < end; ++i) candidate[i].erase(outer, std::min(inner - outer, indentation(candidate[i])));
    changed = accepts(without(std::move(candidate), header, header + 1)) || changed;
  }
  return changed;
}

bool Reducer::simplify_lines() {
  bool changed = false;
  for (size_t line = 0; line < lines_.size() && tries_left_ > 0; ++line) changed = simplify_line(line) || changed;
  return changed;
}

bool Reducer::simplify_line(size_t line) {
  std::vector<std::string> tokens = split_tokens(lines_[line]);
  bool changed = unwrap_brackets(line, tokens);
  changed = remove_tokens(line, tokens) || changed;
  return shrink_literals(line, tokens) || changed;
}

bool Reducer::try_line(size_t line, const std::vector<std::string>& tokens) {
  Lines candidate = lines_;
  candidate[line] = join(tokens);
  return accepts(candidate);
}

/// Bracketed groups: emptied, or replaced by what is in them.
bool Reducer::unwrap_brackets(size_t line, std::vector<std::string>& tokens) {
  bool changed = false;
  for (size_t open = 0; open < tokens.size(); ++open) {
    if (tokens[open] != "(" && tokens[open] != "[") continue;
    size_t close = closing_bracket(tokens, open);
    if (close >= tokens.size() || close == open + 1) continue;
    std::vector<std::string> empty = without(tokens, open + 1, close);
    std::vector<std::string> content = without(without(tokens, close, close + 1), open, open + 1);
    for (const auto& candidate : {empty, content}) {
      if (!try_line(line, candidate)) continue;
      tokens = candidate;
      changed = true;
      break;
    }
  }
  return changed;
}

/// Runs of tokens after the indentation, long ones first.
bool Reducer::remove_tokens(size_t line, std::vector<std::string>& tokens) {
  bool changed = false;
  for (size_t size = std::max<size_t>(tokens.size() / 2, 1); size > 0; size /= 2) {
    for (size_t at = 0; at < tokens.size();) {
      std::vector<std::string> candidate = without(tokens, at, std::min(at + size, tokens.size()));
      bool indentation_only = at == 0 && size == 1 && is_blank(tokens[0]);
      if (!indentation_only && try_line(line, candidate)) {
        tokens = std::move(candidate);
        changed = true;
      } else {
        ++at;
      }
    }
  }
  return changed;
}

bool Reducer::shrink_literals(size_t line, std::vector<std::string>& tokens) {
  bool changed = false;
  for (size_t i = 0; i < tokens.size(); ++i) {
    for (bool again = true; again;) {
      again = false;
      for (const std::string& text : simpler(tokens[i])) {
        std::vector<std::string> candidate = tokens;
        candidate[i] = text;
        if (!try_line(line, candidate)) continue;
        tokens = std::move(candidate);
        changed = again = true;
        break;
      }
    }
  }
  return changed;
}

}  // namespace orus::tool
