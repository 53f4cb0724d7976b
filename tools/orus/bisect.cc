#include "tools/orus/bisect.h"

#include <fmt/format.h>

#include "jit/pipeline.h"

namespace orus::tool {
namespace {

class Bisection {
 public:
  Bisection(const Invocation& invocation, const Mode& mode, const std::string& file, const std::string& input, const Observation& reference)
      : invocation_(invocation), mode_(mode), file_(file), input_(input), reference_(reference) {}

  bool differs(const std::vector<std::string>& flags) const {
    // Endless loops are differences too, and there are many runs to make.
    double patience = 10 + 20 * reference_.seconds;
    auto run = observe(invocation_, mode_, file_, input_, {.flags = flags, .timeout_seconds = patience});
    return run.ok() && first_difference(reference_, *run).has_value();
  }

  /// Passes without which the difference is gone.
  std::vector<std::string> suspects() const {
    std::vector<std::string> out;
    for (const jit::Pass& pass : jit::pipeline()) {
      std::string name(pass.name);
      if (!differs({"--disable-pass=" + name})) out.push_back(name);
    }
    return out;
  }

  /// The fewest passes that must change something for the difference to show.
  size_t least_fuel() const {
    size_t low = 0, high = jit::pipeline().size() + 1;  // at `low` there is no difference
    while (high - low > 1) {
      size_t middle = (low + high) / 2;
      (differs({fmt::format("--pass-fuel={}", middle)}) ? high : low) = middle;
    }
    return high;
  }

 private:
  const Invocation& invocation_;
  const Mode& mode_;
  const std::string& file_;
  const std::string& input_;
  const Observation& reference_;
};

}  // namespace

std::string find_guilty_pass(const Invocation& invocation, const Mode& mode, const std::string& file, const std::string& input,
                             const Observation& reference) {
  if (mode.flags.find("--jit=off") != std::string_view::npos) return "no pass: the mode interprets";
  Bisection bisection(invocation, mode, file, input, reference);
  if (!bisection.differs({})) return "unknown: the difference did not show again";
  if (bisection.differs({"--pass-fuel=0"})) return "no pass: translation, lowering, register allocation or emission";
  std::vector<std::string> suspects = bisection.suspects();
  if (suspects.size() == 1) return suspects[0];
  std::string position = fmt::format("the pass that makes change number {} of a unit", bisection.least_fuel());
  if (suspects.empty()) return position + " (no single --disable-pass removes the difference)";
  std::string out = suspects[0];
  for (size_t i = 1; i < suspects.size(); ++i) out += " or " + suspects[i];
  return out + ", " + position;
}

}  // namespace orus::tool
