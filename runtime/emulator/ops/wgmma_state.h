// The wgmma operations of warpgroups and of their warps: collected, in flight, waited for.
//
// A warpgroup's four warps execute an instruction one after the other; the operation is issued when
// the last has. The n-th mma_async of each warp is the warpgroup's n-th operation. Operations of a
// warpgroup run in order.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_WGMMA_STATE_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_WGMMA_STATE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "runtime/emulator/machine/warp.h"
#include "runtime/emulator/matrix/warp_product.h"

namespace attnjit::emulator {

/// The decoded instruction.
struct WgmmaDetail {
  WarpgroupProduct product;  ///< Without registers, descriptors and window.
  int k = 16;
  std::vector<Value> d;
  std::vector<Value> a;  ///< Four if A is in registers, else none.
  Value a_descriptor;
  Value b_descriptor;
  Value scale_d;       ///< A predicate.
  uint32_t shape = 0;  ///< Equal for equal shapes and types of D.
};

/// One operation: what the warps that have executed it brought.
struct WgmmaOperation {
  const Inst* inst = nullptr;
  int warps = 0;  ///< That have executed it.
  Warp* warp[4] = {};
  uint64_t a_descriptor = 0;
  uint64_t b_descriptor = 0;
  bool accumulate = true;
};

/// Of a warpgroup.
struct Warpgroup {
  std::deque<WgmmaOperation> collecting;  ///< Not issued yet; the first is number `issued`.
  uint64_t issued = 0;
  uint64_t completed = 0;
  std::vector<OpId> names;  ///< The monitor's, by number; empty without it.
};

/// Of all warpgroups of a CTA, by warp / 4.
struct CtaWarpgroups {
  std::map<int, Warpgroup> groups;
};

/// One warp's view.
struct WarpWgmma {
  uint64_t executed = 0;             ///< Its mma_async.
  std::vector<uint64_t> group_ends;  ///< For each committed group: `executed` then.
  uint64_t waited = 0;               ///< Operations known complete by wait_group.

  // The rules on registers; with the sanitizer only.
  struct Use {
    uint64_t operation = 0;  ///< Number + 1 of the last that uses the register.
    uint64_t fences = 0;     ///< Executed before it.
    uint32_t shape = 0;
    bool accumulator = false;
  };
  std::vector<Use> uses;                ///< By Value::reg.
  std::deque<const WgmmaDetail*> busy;  ///< Operations not waited for; the first is `waited`.
  uint64_t fences = 0;
  uint64_t fence_time = 0;
};

/// Fifo and signal of a warpgroup's operations.
uint64_t WgmmaKey(const Warp& warp);

/// Checks the ISA's rules on an operation's registers (9.7.15.7.1: fences, accesses in flight) and
/// marks them in flight until the wait. Nothing without the sanitizer.
void TakeWgmmaRegisters(Warp& warp, const Inst& inst, const WgmmaDetail& detail, bool accumulate);
/// The warp has waited for all operations below `end`.
void ReleaseWgmmaRegisters(Warp& warp, uint64_t end);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_WGMMA_STATE_H_
