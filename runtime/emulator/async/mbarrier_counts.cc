#include "runtime/emulator/async/mbarrier_counts.h"

namespace attnjit::emulator {
namespace {

// A token: phase in bits 0-31, pending count in bits 32-51, kTokenTag in bits 52-63.
constexpr int kTokenPendingShift = 32;
constexpr int kTokenTagShift = 52;
constexpr uint64_t kTokenTag = 0xb5a;

uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
  z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
  return z ^ (z >> 31);
}

}  // namespace

MbarrierFault MbarrierCounts::Arrive(uint32_t count) {
  if (count == 0 || count > kMbarrierCountLimit) return MbarrierFault::kCount;
  if (count > pending_) return MbarrierFault::kOverarrive;
  pending_ -= count;
  CompleteIfDone();
  return MbarrierFault::kNone;
}

MbarrierFault MbarrierCounts::ArriveDrop(uint32_t count) {
  if (count == 0 || count > kMbarrierCountLimit) return MbarrierFault::kCount;
  if (count > pending_ || count > expected_) return MbarrierFault::kOverarrive;
  expected_ -= count;
  return Arrive(count);
}

MbarrierFault MbarrierCounts::ExpectTx(uint32_t bytes) {
  if (int64_t{tx_} + bytes > int64_t{kMbarrierCountLimit}) return MbarrierFault::kTxOverflow;
  tx_ += static_cast<int32_t>(bytes);
  return MbarrierFault::kNone;
}

MbarrierFault MbarrierCounts::CompleteTx(uint32_t bytes) {
  if (int64_t{tx_} - bytes < -int64_t{kMbarrierCountLimit}) return MbarrierFault::kTxOverflow;
  tx_ -= static_cast<int32_t>(bytes);
  CompleteIfDone();
  return MbarrierFault::kNone;
}

MbarrierFault MbarrierCounts::AddPending() {
  if (pending_ == kMbarrierCountLimit) return MbarrierFault::kCount;
  ++pending_;
  return MbarrierFault::kNone;
}

void MbarrierCounts::CompleteIfDone() {
  if (pending_ != 0 || tx_ != 0) return;
  ++phase_;
  pending_ = expected_;
}

uint64_t MbarrierCounts::Word(uint32_t address) const {
  const uint64_t counts =
      uint64_t{expected_} << 40 ^ uint64_t { pending_ } << 20 ^ static_cast<uint32_t>(tx_);
  return Mix(counts + Mix(phase_ + Mix(address)));
}

uint64_t MbarrierCounts::Token() const {
  return (phase_ & 0xffff'ffff) | uint64_t{pending_} << kTokenPendingShift |
         kTokenTag << kTokenTagShift;
}

uint32_t TokenPhase(uint64_t token) { return static_cast<uint32_t>(token); }

uint32_t TokenPending(uint64_t token) {
  return static_cast<uint32_t>(token >> kTokenPendingShift) & kMbarrierCountLimit;
}

bool IsToken(uint64_t token) { return token >> kTokenTagShift == kTokenTag; }

}  // namespace attnjit::emulator
