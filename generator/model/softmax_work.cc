#include "generator/model/softmax_work.h"

namespace attnjit {
namespace {

// Of a row's state in a block: scale, max, two sums of partial results, shrink, add.
constexpr double kStateSteps = 4;
constexpr double kStateMaxima = 4;

}  // namespace

Amounts SoftmaxWork(const Fragment& f, bool rescales_o) {
  const double elements = f.rows * f.columns;
  Amounts work;
  work[Resource::kSpecial] = elements + f.row_states();
  work[Resource::kFp32] = 2 * elements + kStateSteps * f.row_states();
  if (rescales_o) work[Resource::kFp32] += f.rows * f.head_dim_v;
  work[Resource::kInteger] = elements + kStateMaxima * f.row_states();
  work[Resource::kConvert] = elements / 2;
  return work;
}

Amounts MaskWork(const Fragment& f, int bounds) {
  Amounts work;
  work[Resource::kInteger] = (1 + bounds) * f.rows * f.columns;
  return work;
}

Amounts FinishWork(const Fragment& f, bool lse) {
  Amounts work;
  work[Resource::kSpecial] = (lse ? 2 : 1) * f.row_states();
  work[Resource::kFp32] = f.rows * f.head_dim_v + 2 * f.row_states();
  work[Resource::kConvert] = f.rows * f.head_dim_v / 2;
  return work;
}

void AddGlobal(Amounts& work, double bytes) {
  work[Resource::kL2] += bytes;
  work[Resource::kMemory] += bytes;
}

void AddIssue(Amounts& work) {
  for (const Resource r :
       {Resource::kSpecial, Resource::kFp32, Resource::kInteger, Resource::kConvert}) {
    work[Resource::kIssue] += work[r] / 32;
  }
}

}  // namespace attnjit
