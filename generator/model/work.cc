#include "generator/model/work.h"

#include <iterator>

namespace attnjit {
namespace {

struct ResourceText {
  const char* name;
  const char* unit;
};
constexpr ResourceText kTexts[] = {
    {"matrix", "FLOP"},     {"exponential", "results"}, {"fp32", "results"},
    {"integer", "results"}, {"convert", "results"},     {"issue", "instructions"},
    {"shared", "bytes"},    {"tensor-memory", "bytes"}, {"l2", "bytes"},
    {"memory", "bytes"},
};
static_assert(std::size(kTexts) == kResources);

}  // namespace

const char* ResourceName(Resource resource) { return kTexts[static_cast<size_t>(resource)].name; }
const char* ResourceUnit(Resource resource) { return kTexts[static_cast<size_t>(resource)].unit; }

Amounts& Amounts::operator+=(const Amounts& other) {
  for (size_t i = 0; i < kResources; ++i) amounts[i] += other.amounts[i];
  return *this;
}

Amounts Amounts::operator*(double factor) const {
  Amounts product = *this;
  for (double& amount : product.amounts) amount *= factor;
  return product;
}

TileWork TileWorkOf(const KernelPlan& plan) {
  return std::visit([](const auto& p) { return TileWorkOf(p); }, plan.plan);
}

}  // namespace attnjit
