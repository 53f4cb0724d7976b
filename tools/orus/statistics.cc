#include "tools/orus/statistics.h"

#include <algorithm>
#include <cmath>

#include "base/rng.h"

namespace orus::tool {
namespace {

constexpr int kDraws = 2000;
constexpr uint64_t kSeed = 20240601;
constexpr size_t kFewestRounds = 3;

double ratio(double over, double under) { return under > 0 ? over / under : 0; }

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Interval ratio_interval(const std::vector<double>& over, const std::vector<double>& under) {
  if (over.empty()) return {};
  if (over.size() < kFewestRounds) {
    auto [over_min, over_max] = std::minmax_element(over.begin(), over.end());
    auto [under_min, under_max] = std::minmax_element(under.begin(), under.end());
    return {ratio(*over_min, *under_max), ratio(*over_max, *under_min)};
  }
  Rng rng(kSeed);
  std::vector<double> ratios;
  for (int draw = 0; draw < kDraws; ++draw) {
    std::vector<double> a, b;
    for (size_t i = 0; i < over.size(); ++i) {
      size_t round = rng.below(over.size());
      a.push_back(over[round]);
      b.push_back(under[round]);
    }
    ratios.push_back(ratio(median(a), median(b)));
  }
  std::sort(ratios.begin(), ratios.end());
  auto quantile = [&](double q) { return ratios[static_cast<size_t>(std::lround(q * (kDraws - 1)))]; };
  return {quantile(0.025), quantile(0.975)};
}

}  // namespace orus::tool
