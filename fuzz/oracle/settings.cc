#include <fmt/format.h>

#include <charconv>

#include "fuzz/oracle/runner.h"

namespace orus::fuzz {
namespace {

template <class T>
void read(std::string_view text, T* out) {
  std::from_chars(text.data(), text.data() + text.size(), *out);
}

void read_names(std::string_view text, std::vector<std::string>* out) {
  while (!text.empty()) {
    size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) out->emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
}

}  // namespace

std::string print_settings(const RunSettings& s) {
  std::string off;
  for (const std::string& pass : s.disabled_passes) off += (off.empty() ? "" : ",") + pass;
  return fmt::format("seed={} hot={} depth={} fuel={} heap={} fail={} nursery={} code={} pass_fuel={} off={}", s.seed, s.hot, s.max_depth,
                     s.fuel, s.heap_bytes, s.fail_allocation, s.nursery_bytes, s.code_bytes, s.pass_fuel, off);
}

RunSettings parse_settings(std::string_view text) {
  RunSettings s;
  while (!text.empty()) {
    size_t space = std::min(text.find(' '), text.size());
    std::string_view word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    size_t equals = word.find('=');
    if (equals == std::string_view::npos) continue;
    std::string_view name = word.substr(0, equals), value = word.substr(equals + 1);
    if (name == "seed") read(value, &s.seed);
    if (name == "hot") read(value, &s.hot);
    if (name == "depth") read(value, &s.max_depth);
    if (name == "fuel") read(value, &s.fuel);
    if (name == "heap") read(value, &s.heap_bytes);
    if (name == "fail") read(value, &s.fail_allocation);
    if (name == "nursery") read(value, &s.nursery_bytes);
    if (name == "code") read(value, &s.code_bytes);
    if (name == "pass_fuel") read(value, &s.pass_fuel);
    if (name == "off") read_names(value, &s.disabled_passes);
  }
  return s;
}

}  // namespace orus::fuzz
