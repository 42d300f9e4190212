// The sanitizer's rules: one name for each kind of finding.
#ifndef ATTNJIT_RUNTIME_EMULATOR_SANITIZER_RULE_H_
#define ATTNJIT_RUNTIME_EMULATOR_SANITIZER_RULE_H_

#include <cstdint>
#include <optional>

#include "llvm/ADT/StringRef.h"

namespace attnjit::emulator {

// X(enumerator, stable name, what it means in one line). docs/emulator-sanitizer.md has an example
// of each; names are stable because silences and CI logs refer to them.
#define ATTNJIT_SANITIZER_RULES(X)                                                                \
  X(kRace, "race", "two threads access the same bytes, one writes, and nothing orders them")      \
  X(kRaceCrossProxy, "race-cross-proxy",                                                          \
    "an asynchronous operation conflicts with another access and nothing orders them")            \
  X(kMissingProxyFence, "missing-proxy-fence",                                                    \
    "an asynchronous operation uses bytes whose writer executed no fence.proxy.async")            \
  X(kPoisonRead, "poison-read", "bytes are read that an operation in flight will write")          \
  X(kUninitRegister, "uninit-register", "a register is read before it was written")               \
  X(kUninitShared, "uninit-shared", "shared memory is read before it was written")                \
  X(kUninitLocal, "uninit-local", "local memory is read before it was written")                   \
  X(kUninitTensor, "uninit-tensor", "tensor memory is read before it was written")                \
  X(kOutOfBounds, "out-of-bounds", "an access outside of every allocation")                       \
  X(kMisaligned, "misaligned", "an address that the instruction's alignment forbids")             \
  X(kIllegalInstruction, "illegal-instruction", "operands that the hardware refuses to execute")  \
  X(kMbarrierUninit, "mbarrier-uninit", "an mbarrier is used before its initialisation is known") \
  X(kMbarrierReinit, "mbarrier-reinit", "mbarrier.init on an mbarrier that is alive")             \
  X(kMbarrierCount, "mbarrier-count", "an mbarrier count outside of 1 .. 2^20 - 1")               \
  X(kMbarrierPhase, "mbarrier-phase", "a waiter missed a phase: two completed while it waited")   \
  X(kMbarrierTxOverflow, "mbarrier-tx-overflow", "a transaction count outside of +-(2^20 - 1)")   \
  X(kMbarrierOverarrive, "mbarrier-overarrive", "more arrivals in a phase than it expects")       \
  X(kMbarrierRawAccess, "mbarrier-raw-access", "an ordinary access to a live mbarrier")           \
  X(kMbarrierPending, "mbarrier-pending",                                                         \
    "an mbarrier ends while operations in flight have yet to complete on it")                     \
  X(kWgmmaMissingFence, "wgmma-missing-fence",                                                    \
    "wgmma uses registers written since the last wgmma.fence")                                    \
  X(kWgmmaRegisterInFlight, "wgmma-register-in-flight",                                           \
    "a register that a wgmma in flight reads or writes is touched")                               \
  X(kWgmmaDivergentOperands, "wgmma-divergent-operands",                                          \
    "operands that must agree across the warpgroup differ")                                       \
  X(kTcgen05Order, "tcgen05-order", "tcgen05 operations whose order nothing guarantees")          \
  X(kTmemLeak, "tmem-leak", "a CTA exits with tensor memory allocated")                           \
  X(kTmemMisuse, "tmem-misuse", "tensor memory allocated, freed or addressed against the rules")  \
  X(kSetmaxnreg, "setmaxnreg", "setmaxnreg with a value or at a place that the ISA forbids")      \
  X(kBarrierCount, "barrier-count", "a named barrier with a wrong or inconsistent thread count")  \
  X(kDsmemExited, "dsmem-exited", "shared memory of a CTA that has exited, or may have, is used") \
  X(kDivergentSync, "divergent-sync", "an aligned instruction that not all lanes reach together") \
  X(kUnwaitedAsync, "unwaited-async",                                                             \
    "a CTA exits while an operation still uses its shared memory")                                \
  X(kDeadlock, "deadlock", "no warp can run and no operation is pending")

enum class Rule : uint8_t {
#define ATTNJIT_SANITIZER_RULE(id, name, text) id,
  ATTNJIT_SANITIZER_RULES(ATTNJIT_SANITIZER_RULE)
#undef ATTNJIT_SANITIZER_RULE
};

/// The rule's stable kebab-case name.
llvm::StringRef RuleName(Rule rule);

/// What the rule means, in one line.
llvm::StringRef RuleSummary(Rule rule);

/// The rule of a stable name; nothing if no rule has it.
std::optional<Rule> FindRule(llvm::StringRef name);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_SANITIZER_RULE_H_
