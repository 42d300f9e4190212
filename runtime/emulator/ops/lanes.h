// Loops over lanes that cannot be vectorised. Arithmetic uses lane_kernel.h.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_LANES_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_LANES_H_

#include <bit>
#include <cstdint>

namespace attnjit::emulator {

/// Calls f(lane) for each lane of a mask, lowest first.
template <class F>
inline void ForEachLane(uint32_t lanes, F&& f) {
  for (; lanes != 0; lanes &= lanes - 1) f(std::countr_zero(lanes));
}

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_LANES_H_
