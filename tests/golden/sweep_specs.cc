#include "tests/golden/sweep_specs.h"

#include <random>
#include <set>

namespace attnjit {
namespace {

constexpr int kHeadDims = 32;  // 8, 16, .. 256.

class Drawer {
 public:
  int Below(int n) { return static_cast<int>(engine_() % static_cast<unsigned>(n)); }
  bool Coin() { return Below(2) == 1; }

 private:
  std::mt19937 engine_{20261122};
};

KernelSpec Draw(Drawer& drawer, int index) {
  KernelSpec spec;
  Problem& p = spec.problem;
  p.head_dim_qk = 8 * (index % kHeadDims + 1);
  p.head_dim_v = index < 2 * kHeadDims ? p.head_dim_qk : 8 * (drawer.Below(kHeadDims) + 1);
  p.element = drawer.Coin() ? Element::kBf16 : Element::kFp16;
  p.element_o = drawer.Below(4) == 0 ? Element::kFp16 : p.element;
  spec.element_kv = p.element;
  constexpr int kGroups[] = {1, 2, 4, 5, 8, 16};
  p.group = kGroups[drawer.Below(6)];
  constexpr Bound kRight[] = {Bound::kNone, Bound::kZero, Bound::kRuntime};
  p.right = kRight[index / kHeadDims % 3];
  p.left = drawer.Below(3) == 0 ? Bound::kRuntime : Bound::kNone;
  p.diagonal = p.masked() && drawer.Coin() ? Diagonal::kBottomRight : Diagonal::kTopLeft;
  p.packed = drawer.Below(3) == 0;
  p.lse = drawer.Coin();
  if (drawer.Below(4) == 0) spec.seqlen_q_multiple_of = 128;
  if (drawer.Below(4) == 0) spec.seqlen_kv_multiple_of = 128;
  constexpr int kAtMost[] = {1, 4, 64};
  if (drawer.Below(3) == 0) spec.seqlen_q_at_most = kAtMost[drawer.Below(3)];
  return spec;
}

}  // namespace

std::vector<KernelSpec> SweepSpecs(int count) {
  Drawer drawer;
  std::set<std::string> seen;
  std::vector<KernelSpec> specs;
  for (int index = 0; static_cast<int>(specs.size()) < count; ++index) {
    const KernelSpec spec = Draw(drawer, index);
    if (seen.insert(KernelName(spec, Arch::kSm90a)).second) specs.push_back(spec);
  }
  return specs;
}

}  // namespace attnjit
