#include "runtime/emulator/ops/tcgen05_state.h"

#include <array>

#include "llvm/Support/FormatVariadic.h"

namespace attnjit::emulator {

CtaTensor& TensorOf(Cta& cta) { return cta.State<CtaTensor>(StateSlot::kTcgen05); }

llvm::SmallVector<Cta*, 2> GroupCtas(Warp& warp, const Inst& inst, int cta_group) {
  Cta& own = warp.cta();
  CtaTensor& tensor = TensorOf(own);
  if (tensor.cta_group != 0 && tensor.cta_group != cta_group) {
    warp.Trap(Rule::kTmemMisuse, inst, -1,
              llvm::formatv("cta_group::{0} in a kernel that uses cta_group::{1}", cta_group,
                            tensor.cta_group));
    return {};
  }
  tensor.cta_group = cta_group;
  if (cta_group == 1) return {&own};
  Cluster& cluster = warp.cluster();
  const uint32_t even = own.rank() & ~1u;
  if (even + 1 >= cluster.ctas().size()) {
    warp.Trap(Rule::kTmemMisuse, inst, -1, "cta_group::2 in a CTA without a peer");
    return {};
  }
  if (cluster.cta(own.rank() ^ 1).exited()) {
    warp.Trap(Rule::kDsmemExited, inst, -1, "the peer CTA has exited");
    return {};
  }
  return {&cluster.cta(even), &cluster.cta(even + 1)};
}

uint64_t TensorPipeKey(const Warp& warp, int cta_group) {
  const uint32_t rank = warp.cta().rank();
  return uint64_t{6} << 32 | (cta_group == 2 ? rank & ~1u : rank);
}

uint64_t TensorStoreKey(const Warp& warp) { return uint64_t{7} << 32 | warp.id(); }

SharedWindow SharedWindowOf(Cta& cta) {
  return {cta.shared(kSharedReserved), kSharedReserved, cta.shared_end()};
}

uint32_t UniformAddress(Warp& warp, const Inst& inst, const Address& address, uint32_t lanes) {
  std::array<uint64_t, 32> addresses;
  warp.Addresses(address, lanes, addresses.data());
  const auto first = static_cast<size_t>(__builtin_ctz(lanes));
  for (size_t lane = first; lane < 32; ++lane) {
    if ((lanes >> lane & 1) == 0 || addresses[lane] == addresses[first]) continue;
    warp.Report(Rule::kTmemMisuse, inst, static_cast<int>(lane),
                "the lanes of a warp have different tensor memory addresses");
    break;
  }
  return static_cast<uint32_t>(addresses[first]);
}

int TakeCtaGroup(ptx::ModifierReader& modifiers) {
  return modifiers.TakeOneOf({"cta_group::1", "cta_group::2"}) + 1;
}

}  // namespace attnjit::emulator
