#include "runtime/emulator/async/mbarrier.h"

#include <cstring>

#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/FormatVariadic.h"

namespace attnjit::emulator {
namespace {

constexpr uint32_t kMbarrierBytes = 8;

/// The live mbarriers of one CTA by their offset.
struct MbarrierTable {
  llvm::DenseMap<uint32_t, MbarrierCounts> live;
};

uint32_t RankOf(uint32_t address) { return address >> kSharedRankShift; }
uint32_t OffsetOf(uint32_t address) { return address & kSharedOffsetMask; }

MbarrierTable& TableOf(const Origin& origin, uint32_t address) {
  return origin.cluster().cta(RankOf(address)).State<MbarrierTable>(StateSlot::kBarriers);
}

bool BarrierFault(const Origin& origin, Rule rule, uint32_t address, const std::string& what) {
  return Fault(origin, rule, llvm::formatv("mbarrier {0:x}: {1}", address, what),
               MemorySpace::kShared, address, kMbarrierBytes);
}

/// The mbarrier's 8 bytes, null after a fault.
uint8_t* Place(const Origin& origin, uint32_t address) {
  if (address % kMbarrierBytes != 0) {
    BarrierFault(origin, Rule::kMisaligned, address, "not a multiple of 8");
    return nullptr;
  }
  uint8_t* place =
      origin.cluster().SharedRange(address, kMbarrierBytes, origin.warp, origin.inst, origin.lane);
  if (place == nullptr) origin.cluster().SetTrapped();
  return place;
}

void StoreWord(const Origin& origin, uint32_t address, const MbarrierCounts& state) {
  const uint64_t word = state.Word(address);
  std::memcpy(origin.cluster().cta(RankOf(address)).shared(OffsetOf(address)), &word, sizeof(word));
}

/// Writes the new state back; wakes who waits for a phase that has ended.
void Update(const Origin& origin, uint32_t address, const MbarrierCounts& state, uint64_t phase) {
  StoreWord(origin, address, state);
  if (state.phase() != phase) {
    origin.cluster().Wake();
  } else {
    origin.cluster().NoteEffect();
  }
}

bool Check(const Origin& origin, uint32_t address, const MbarrierCounts& state,
           MbarrierFault fault) {
  if (fault == MbarrierFault::kNone) return true;
  const std::string counts = llvm::formatv("{0} of {1} arrivals pending, transaction count {2}",
                                           state.pending(), state.expected(), state.tx());
  switch (fault) {
    case MbarrierFault::kNone:
      return true;
    case MbarrierFault::kCount:
      return BarrierFault(origin, Rule::kMbarrierCount, address,
                          "count outside of 1 .. 2^20 - 1; " + counts);
    case MbarrierFault::kOverarrive:
      return BarrierFault(origin, Rule::kMbarrierOverarrive, address,
                          "more arrivals than this phase expects; " + counts);
    case MbarrierFault::kTxOverflow:
      return BarrierFault(origin, Rule::kMbarrierTxOverflow, address,
                          "transaction count outside of +-(2^20 - 1); " + counts);
    case MbarrierFault::kCompleted:
      return BarrierFault(origin, Rule::kMbarrierOverarrive, address,
                          ".noComplete would complete the phase; " + counts);
  }
  return false;
}

}  // namespace

bool Fault(const Origin& origin, Rule rule, std::string message, MemorySpace space,
           uint64_t address, uint32_t size) {
  origin.warp->Trap(rule, *origin.inst, origin.lane, std::move(message), space, address, size);
  origin.cluster().SetTrapped();
  return false;
}

MbarrierCounts* FindMbarrier(const Origin& origin, uint32_t address) {
  const uint8_t* place = Place(origin, address);
  if (place == nullptr) return nullptr;
  auto& live = TableOf(origin, address).live;
  const auto found = live.find(OffsetOf(address));
  if (found == live.end()) {
    BarrierFault(origin, Rule::kMbarrierUninit, address, "not initialised");
    return nullptr;
  }
  uint64_t word;
  std::memcpy(&word, place, sizeof(word));
  if (word != found->second.Word(address)) {
    BarrierFault(origin, Rule::kMbarrierRawAccess, address, "overwritten since its last use");
    return nullptr;
  }
  return &found->second;
}

bool InitMbarrier(const Origin& origin, uint32_t address, uint32_t count) {
  if (Place(origin, address) == nullptr) return false;
  if (Monitor* monitor = origin.warp->monitor(); monitor != nullptr) {
    monitor->MbarrierInit(origin.warp->id(), origin.lane, address, count, origin.inst->pc);
  }
  if (count == 0 || count > kMbarrierCountLimit) {
    return BarrierFault(origin, Rule::kMbarrierCount, address,
                        llvm::formatv("init with count {0}, not in 1 .. 2^20 - 1", count));
  }
  const auto [place, fresh] =
      TableOf(origin, address).live.try_emplace(OffsetOf(address), MbarrierCounts(count));
  if (!fresh) {
    return BarrierFault(origin, Rule::kMbarrierReinit, address, "init while it is alive");
  }
  StoreWord(origin, address, place->second);
  return true;
}

bool InvalMbarrier(const Origin& origin, uint32_t address) {
  if (FindMbarrier(origin, address) == nullptr) return false;
  if (Monitor* monitor = origin.warp->monitor(); monitor != nullptr) {
    monitor->MbarrierInval(origin.warp->id(), origin.lane, address, origin.inst->pc);
  }
  TableOf(origin, address).live.erase(OffsetOf(address));
  return true;
}

bool ArriveMbarrier(const Origin& origin, uint32_t lanes, uint32_t address, ArriveKind kind,
                    uint32_t count, bool no_complete, bool relaxed, uint64_t* tokens) {
  MbarrierCounts* state = FindMbarrier(origin, address);
  if (state == nullptr) return false;
  if (Monitor* monitor = origin.warp->monitor(); monitor != nullptr) {
    monitor->MbarrierArrive(origin.warp->id(), lanes, address, count, origin.inst->pc,
                            kind == ArriveKind::kDrop, relaxed);
  }
  const uint64_t phase = state->phase();
  for (uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
    if (tokens != nullptr) tokens[__builtin_ctz(rest)] = state->Token();
    MbarrierFault fault = MbarrierFault::kNone;
    if (no_complete && state->WouldComplete(count)) {
      fault = MbarrierFault::kCompleted;
    } else {
      fault = kind == ArriveKind::kDrop ? state->ArriveDrop(count) : state->Arrive(count);
    }
    if (!Check(origin, address, *state, fault)) return false;
  }
  Update(origin, address, *state, phase);
  return true;
}

bool ExpectMbarrierTx(const Origin& origin, uint32_t lanes, uint32_t address, uint32_t bytes) {
  MbarrierCounts* state = FindMbarrier(origin, address);
  if (state == nullptr) return false;
  if (Monitor* monitor = origin.warp->monitor(); monitor != nullptr) {
    monitor->MbarrierExpectTx(origin.warp->id(), lanes, address, bytes, origin.inst->pc);
  }
  for (uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
    if (!Check(origin, address, *state, state->ExpectTx(bytes))) return false;
  }
  StoreWord(origin, address, *state);
  return true;
}

bool AddMbarrierPending(const Origin& origin, uint32_t lanes, uint32_t address) {
  MbarrierCounts* state = FindMbarrier(origin, address);
  if (state == nullptr) return false;
  if (Monitor* monitor = origin.warp->monitor(); monitor != nullptr) {
    monitor->MbarrierAddPending(origin.warp->id(), lanes, address, origin.inst->pc);
  }
  for (uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
    if (!Check(origin, address, *state, state->AddPending())) return false;
  }
  StoreWord(origin, address, *state);
  return true;
}

bool CompleteMbarrierTx(const Origin& origin, OpId op, uint32_t address, uint32_t bytes) {
  MbarrierCounts* state = FindMbarrier(origin, address);
  if (state == nullptr) return false;
  if (Monitor* monitor = origin.warp->monitor(); monitor != nullptr) {
    monitor->MbarrierCompleteTx(op, address, bytes);
  }
  const uint64_t phase = state->phase();
  if (!Check(origin, address, *state, state->CompleteTx(bytes))) return false;
  Update(origin, address, *state, phase);
  return true;
}

bool ArriveMbarrierAsync(const Origin& origin, OpId op, uint32_t address, uint32_t count) {
  MbarrierCounts* state = FindMbarrier(origin, address);
  if (state == nullptr) return false;
  if (Monitor* monitor = origin.warp->monitor(); monitor != nullptr) {
    monitor->MbarrierArriveAsync(op, address, count);
  }
  const uint64_t phase = state->phase();
  if (!Check(origin, address, *state, state->Arrive(count))) return false;
  Update(origin, address, *state, phase);
  return true;
}

}  // namespace attnjit::emulator
