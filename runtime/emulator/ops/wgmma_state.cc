#include "runtime/emulator/ops/wgmma_state.h"

#include <algorithm>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/machine/cluster.h"

namespace attnjit::emulator {
namespace {

const std::string& NameOf(const Warp& warp, const Value& value) {
  return warp.program().register_names[value.reg];
}

/// A copy says nothing of when the value was made: compilers put copies between the fence and the
/// instruction, and the hardware's registers are not the PTX's.
bool WrittenSinceFence(const Warp& warp, const WarpWgmma& state, const Value& value) {
  const Warp::LastWrite last = warp.last_write(value);
  if (last.pc == kNoPc || last.time < state.fence_time) return false;
  return warp.program().code[last.pc].inst_class != InstClass::kMove;
}

/// One register of an operation; false: reported, say no more of this operation.
bool CheckRegister(Warp& warp, const Inst& inst, const WarpWgmma& state, const WgmmaDetail& detail,
                   const Value& value, bool accumulator) {
  const WarpWgmma::Use& use = state.uses[value.reg];
  const bool in_flight = use.operation > state.waited;
  if (in_flight && (use.accumulator || accumulator) && use.accumulator != accumulator) {
    warp.Report(Rule::kWgmmaRegisterInFlight, inst, -1,
                llvm::formatv("{0} is {1} of a wgmma in flight", NameOf(warp, value),
                              use.accumulator ? "an accumulator" : "part of the operand A"));
    return false;
  }
  if (in_flight && accumulator && use.shape != detail.shape && use.fences == state.fences) {
    warp.Report(Rule::kWgmmaMissingFence, inst, -1,
                llvm::formatv("{0} is the accumulator of a wgmma of another shape in flight, and "
                              "no wgmma.fence stands between",
                              NameOf(warp, value)));
    return false;
  }
  if (!in_flight && WrittenSinceFence(warp, state, value)) {
    warp.Report(
        Rule::kWgmmaMissingFence, inst, -1,
        llvm::formatv("{0} was written after the last wgmma.fence (PTX line {1})",
                      NameOf(warp, value), warp.program().code[warp.last_write(value).pc].line));
    return false;
  }
  return true;
}

void CheckRules(Warp& warp, const Inst& inst, const WarpWgmma& state, const WgmmaDetail& detail) {
  if (state.fences == 0) {
    warp.Report(Rule::kWgmmaMissingFence, inst, -1,
                "the warp's first wgmma.mma_async without a wgmma.fence before it");
    return;
  }
  for (const Value& value : detail.d) {
    if (!CheckRegister(warp, inst, state, detail, value, true)) return;
  }
  for (const Value& value : detail.a) {
    if (!CheckRegister(warp, inst, state, detail, value, false)) return;
  }
}

}  // namespace

uint64_t WgmmaKey(const Warp& warp) {
  return uint64_t{5} << 32 | warp.cta().rank() << 8 | static_cast<uint32_t>(warp.index() / 4);
}

void TakeWgmmaRegisters(Warp& warp, const Inst& inst, const WgmmaDetail& detail, bool accumulate) {
  if (warp.monitor() == nullptr) return;
  auto& state = warp.State<WarpWgmma>(StateSlot::kWgmma);
  if (state.uses.empty()) state.uses.resize(warp.program().register_count);
  CheckRules(warp, inst, state, detail);
  const auto in_flight = [&](const Value& value) {
    return state.uses[value.reg].operation > state.waited;
  };
  for (const Value& value : detail.a) {
    if (!in_flight(value)) warp.Read32(value, kAllLanes);  // Reports what was not written.
  }
  for (const Value& value : detail.d) {
    if (accumulate && !in_flight(value)) warp.Read32(value, kAllLanes);
  }
  const uint64_t number = state.executed + 1;
  for (const Value& value : detail.a) {
    if (!in_flight(value)) warp.SetBusy(value, Warp::Busy::kRead);
    state.uses[value.reg] = {number, state.fences, detail.shape, false};
  }
  for (const Value& value : detail.d) {
    warp.SetBusy(value, Warp::Busy::kWrite);
    state.uses[value.reg] = {number, state.fences, detail.shape, true};
  }
  state.busy.push_back(&detail);
}

void ReleaseWgmmaRegisters(Warp& warp, uint64_t end) {
  auto& state = warp.State<WarpWgmma>(StateSlot::kWgmma);
  while (state.waited < end) {
    ++state.waited;
    if (state.busy.empty()) continue;
    const WgmmaDetail& detail = *state.busy.front();
    state.busy.pop_front();
    const auto release = [&](const Value& value) {
      if (state.uses[value.reg].operation <= state.waited) {
        warp.SetBusy(value, Warp::Busy::kNone);
      }
    };
    for (const Value& value : detail.a) release(value);
    for (const Value& value : detail.d) release(value);
  }
}

}  // namespace attnjit::emulator
