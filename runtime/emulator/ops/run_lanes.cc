#include "runtime/emulator/ops/run_lanes.h"

#include <cfenv>

#include "runtime/emulator/machine/warp.h"

namespace attnjit::emulator {
namespace {

struct Detail {
  LaneKernel kernel;
  int host_rounding = -1;
};

const void* ReadSource(Warp& warp, const Value& value, int bytes, uint32_t lanes) {
  if (bytes == 8) return warp.Read64(value, lanes);
  return warp.Read32(value, lanes);
}

void ReadSources(const LaneKernel& kernel, Warp& warp, const Inst& inst, uint32_t lanes,
                 const void** sources) {
  const Value* const values[] = {&inst.a, &inst.b, &inst.c, &inst.d};
  for (int i = 0; i < kernel.sources; ++i) {
    sources[i] = ReadSource(warp, *values[i], kernel.source_bytes[i], lanes);
  }
}

template <class Word>
void Blend(Word* target, const Word* source, uint32_t lanes) {
  for (int l = 0; l < 32; ++l) target[l] = (lanes >> l & 1) != 0 ? source[l] : target[l];
}

/// Into the destination where all lanes are active, else by way of a copy.
template <class Word>
void RunInto(LaneFunction function, const void* const* sources, Word* target, uint32_t lanes) {
  if (lanes == kAllLanes) {
    function(target, sources);
    return;
  }
  alignas(64) Word result[32];
  function(result, sources);
  Blend(target, result, lanes);
}

/// Words of all ones or zeros to a mask.
uint32_t PackMask(const uint32_t* words) {
  uint32_t mask = 0;
  for (int l = 0; l < 32; ++l) mask |= (words[l] & 1) << l;
  return mask;
}

Step RunAny(Warp& warp, const Inst& inst, uint32_t lanes) {
  const auto& detail = *static_cast<const Detail*>(inst.detail);
  const LaneKernel& kernel = detail.kernel;
  const void* sources[4];
  ReadSources(kernel, warp, inst, lanes, sources);
  if (detail.host_rounding >= 0) std::fesetround(detail.host_rounding);
  if (kernel.result_bytes == 8) {
    RunInto(kernel.function, sources, warp.Write64(inst.dst, lanes), lanes);
  } else {
    RunInto(kernel.function, sources, warp.Write32(inst.dst, lanes), lanes);
  }
  if (detail.host_rounding >= 0) std::fesetround(FE_TONEAREST);
  return Step::kNext;
}

/// The common case: 32-bit operands, rounding to nearest.
template <int kSources>
Step RunWords(Warp& warp, const Inst& inst, uint32_t lanes) {
  const auto& detail = *static_cast<const Detail*>(inst.detail);
  const void* sources[kSources];
  sources[0] = warp.Read32(inst.a, lanes);
  if constexpr (kSources > 1) sources[1] = warp.Read32(inst.b, lanes);
  if constexpr (kSources > 2) sources[2] = warp.Read32(inst.c, lanes);
  RunInto(detail.kernel.function, sources, warp.Write32(inst.dst, lanes), lanes);
  return Step::kNext;
}

Step RunPredicate(Warp& warp, const Inst& inst, uint32_t lanes) {
  const auto& detail = *static_cast<const Detail*>(inst.detail);
  warp.WritePredicate(inst.dst, lanes, TestLanes(detail.kernel, warp, inst, lanes));
  return Step::kNext;
}

Execute ChooseRun(const LaneKernel& kernel, int host_rounding) {
  if (kernel.result_bytes == 0) return &RunPredicate;
  bool words = kernel.result_bytes == 4 && host_rounding < 0;
  for (int i = 0; i < kernel.sources; ++i) words = words && kernel.source_bytes[i] == 4;
  if (words && kernel.sources == 1) return &RunWords<1>;
  if (words && kernel.sources == 2) return &RunWords<2>;
  if (words && kernel.sources == 3) return &RunWords<3>;
  return &RunAny;
}

}  // namespace

void SetLaneKernel(const LaneKernel& kernel, int host_rounding, DecodeContext& context,
                   Inst& inst) {
  auto* detail = context.New<Detail>();
  *detail = {kernel, host_rounding};
  inst.detail = detail;
  inst.execute = ChooseRun(kernel, host_rounding);
}

uint32_t TestLanes(const LaneKernel& kernel, Warp& warp, const Inst& inst, uint32_t lanes) {
  const void* sources[4];
  ReadSources(kernel, warp, inst, lanes, sources);
  alignas(64) uint32_t words[32];
  kernel.function(words, sources);
  return PackMask(words) & lanes;
}

}  // namespace attnjit::emulator
