// Reducer: shrinks a program text while a predicate holds. Knows lines, indented blocks and tokens, nothing of what
// they mean, so it serves source and assembly alike.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

namespace orus::tool {

class Reducer {
 public:
  /// `interesting` decides whether a text still shows what is looked for; it is asked at most `tries` times, never
  /// twice about the same text, and must hold for the text that reduce() gets.
  Reducer(std::function<bool(const std::string&)> interesting, int64_t tries) : interesting_(std::move(interesting)), tries_left_(tries) {}

  /// A smaller text for which the predicate holds; removing any single line, block or token from it loses that (unless
  /// the tries ran out).
  std::string reduce(const std::string& text);
  int64_t tries_left() const { return tries_left_; }

 private:
  using Lines = std::vector<std::string>;

  bool accepts(const Lines& candidate);
  bool remove_chunks();
  bool remove_blocks();
  bool unwrap_blocks();
  bool simplify_lines();
  bool simplify_line(size_t line);
  bool try_line(size_t line, const std::vector<std::string>& tokens);
  bool remove_tokens(size_t line, std::vector<std::string>& tokens);
  bool unwrap_brackets(size_t line, std::vector<std::string>& tokens);
  bool shrink_literals(size_t line, std::vector<std::string>& tokens);
  size_t block_end(size_t header) const;

  std::function<bool(const std::string&)> interesting_;
  int64_t tries_left_;
  Lines lines_;
  std::unordered_set<std::string> tried_;
};

}  // namespace orus::tool
