// Medians and intervals of measured times.
#pragma once

#include <vector>

namespace orus::tool {

/// 0 for no values.
double median(std::vector<double> values);

struct Interval {
  double low = 0, high = 0;
};

/// Bootstrap interval (95 %) of median(over) / median(under). Both lists hold the same rounds in the same order, and the
/// same rounds are drawn for both, because a round's disturbances hit both. Deterministic: the seed is fixed. With fewer
/// than 3 rounds the interval is the whole range of possible ratios.
Interval ratio_interval(const std::vector<double>& over, const std::vector<double>& under);

}  // namespace orus::tool
