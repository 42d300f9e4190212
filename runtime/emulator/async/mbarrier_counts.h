// The arithmetic of one mbarrier (PTX ISA 9.1, 9.7.13.15): counts, phases, faults. No memory.
#ifndef ATTNJIT_RUNTIME_EMULATOR_ASYNC_MBARRIER_COUNTS_H_
#define ATTNJIT_RUNTIME_EMULATOR_ASYNC_MBARRIER_COUNTS_H_

#include <cstdint>

namespace attnjit::emulator {

/// Largest expected and pending count, and largest absolute transaction count.
inline constexpr uint32_t kMbarrierCountLimit = (1u << 20) - 1;

enum class MbarrierFault : uint8_t {
  kNone,
  kCount,       ///< A count outside of 1 .. kMbarrierCountLimit.
  kOverarrive,  ///< More arrivals than are pending.
  kTxOverflow,  ///< A transaction count outside of +-kMbarrierCountLimit.
  kCompleted,   ///< arrive.noComplete would have completed the phase.
};

/// A faulty operation changes nothing. Every operation but ExpectTx may complete the phase: `phase`
/// goes up by one and the arrivals start over.
class MbarrierCounts {
 public:
  /// `count` must be in 1 .. kMbarrierCountLimit.
  explicit MbarrierCounts(uint32_t count) : expected_(count), pending_(count) {}

  uint64_t phase() const { return phase_; }  ///< Completed phases.
  uint32_t expected() const { return expected_; }
  uint32_t pending() const { return pending_; }
  int32_t tx() const { return tx_; }

  MbarrierFault Arrive(uint32_t count);
  /// Lowers the count of the next phases too.
  MbarrierFault ArriveDrop(uint32_t count);
  /// Whether Arrive(count) completes the phase.
  bool WouldComplete(uint32_t count) const { return pending_ == count && tx_ == 0; }
  MbarrierFault ExpectTx(uint32_t bytes);
  MbarrierFault CompleteTx(uint32_t bytes);
  /// cp.async.mbarrier.arrive without .noinc: one more arrival in this phase.
  MbarrierFault AddPending();

  /// What an mbarrier at `address` holds in this state: looks like nothing a program would write.
  uint64_t Word(uint32_t address) const;
  /// What mbarrier.arrive returns of a state: phase and pending count before the arrival.
  uint64_t Token() const;

 private:
  void CompleteIfDone();

  uint64_t phase_ = 0;
  uint32_t expected_;
  uint32_t pending_;
  int32_t tx_ = 0;
};

/// Fields of a token. The phase is modulo 2^32.
uint32_t TokenPhase(uint64_t token);
uint32_t TokenPending(uint64_t token);
/// Whether mbarrier.arrive may have made it.
bool IsToken(uint64_t token);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_ASYNC_MBARRIER_COUNTS_H_
