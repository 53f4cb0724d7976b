#include <fmt/format.h>

#include "api/program.h"
#include "fuzz/driver/campaign.h"

namespace orus::fuzz {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string finding_json(const Finding& f) {
  return fmt::format(
      "{{\"oracle\": {}, \"mode\": {}, \"what\": {}, \"pass\": {}, \"op\": {}, \"target\": {}, \"detail\": {}, \"executions\": {}, "
      "\"seconds\": {:.3f}, \"file\": {}}}",
      quoted(f.oracle), quoted(f.mode), quoted(f.what), quoted(f.pass), quoted(f.op), quoted(f.target), quoted(f.detail), f.executions,
      f.seconds, quoted(f.file));
}

std::string grid_json(const Shared& shared) {
  std::string out;
  for (size_t op = 0; op < kOpCount; ++op) {
    std::string row;
    for (size_t m = 0; m < modes().size(); ++m) {
      uint32_t count = shared.grid[op][m];
      if (count != 0) row += fmt::format("{}{}: {}", row.empty() ? "" : ", ", quoted(modes()[m].name), count);
    }
    out += fmt::format("{}\n    {}: {{{}}}", op == 0 ? "" : ",", quoted(kOps[op].name), row);
  }
  return out;
}

}  // namespace

bool write_json(const Options& options, const Shared& shared, const CampaignResult& result) {
  std::string findings;
  for (const Finding& f : result.findings) findings += (findings.empty() ? "\n    " : ",\n    ") + finding_json(f);
  std::string text = fmt::format(
      "{{\n  \"target\": {}, \"seed\": {}, \"executions\": {}, \"seconds\": {:.3f}, \"cpu_seconds\": {:.3f},\n"
      "  \"valid\": {}, \"native\": {}, \"out_of_fuel\": {}, \"early_traps\": {},\n"
      "  \"findings\": [{}],\n  \"grid\": {{{}\n  }}\n}}\n",
      quoted(options.target), options.seed, shared.executions.load(), result.seconds, static_cast<double>(shared.cpu_ns) / 1e9,
      shared.valid.load(), shared.native.load(), shared.out_of_fuel.load(), shared.early.load(), findings, grid_json(shared));
  return api::write_file(options.json, text).ok();
}

}  // namespace orus::fuzz
