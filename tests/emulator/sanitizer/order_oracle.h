// Happens-before the long way: every thread and every operation has a full vector clock, and every
// access is kept. Written apart from the monitor, to compare with it.
#ifndef ATTNJIT_TESTS_EMULATOR_SANITIZER_ORDER_ORACLE_H_
#define ATTNJIT_TESTS_EMULATOR_SANITIZER_ORDER_ORACLE_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

namespace attnjit::emulator {

/// Threads are numbered warp * 32 + lane; operations follow them as they are issued.
class OrderOracle {
 public:
  struct Range {
    uint64_t address;
    uint64_t bytes;
  };
  enum class Verdict { kOrdered, kRace, kUnfenced };

  explicit OrderOracle(size_t threads) : threads_(threads), parties_(threads) {}

  /// What an access would be, by a thread or operation.
  Verdict Judge(size_t party, Range range, bool write) const {
    Verdict verdict = Verdict::kOrdered;
    for (const Access& earlier : accesses_) {
      const bool apart = range.address + range.bytes <= earlier.range.address ||
                         earlier.range.address + earlier.range.bytes <= range.address;
      if (apart || (!write && !earlier.write) || earlier.party == party) continue;
      if (At(parties_[party].known, earlier.party) < earlier.time) return Verdict::kRace;
      const bool crosses = IsOperation(party) && !IsOperation(earlier.party) && earlier.write;
      if (crosses && At(parties_[party].fenced, earlier.party) < earlier.time) {
        verdict = Verdict::kUnfenced;
      }
    }
    return verdict;
  }
  void Record(size_t party, Range range, bool write) {
    accesses_.push_back({party, ++parties_[party].time, range, write});
  }
  void Fence(size_t thread) {
    Party& party = parties_[thread];
    At(party.fenced, thread) = party.time;
  }
  /// All of them know what each of them knows and did.
  void Meet(const std::vector<size_t>& threads) {
    Party all;
    for (size_t thread : threads) Learn(all, Told(thread));
    for (size_t thread : threads) Learn(parties_[thread], all);
  }
  void Release(const std::vector<size_t>& threads, int object) {
    for (size_t thread : threads) Learn(objects_[object], Told(thread));
  }
  void Acquire(const std::vector<size_t>& threads, int object) {
    for (size_t thread : threads) Learn(parties_[thread], objects_[object]);
  }
  size_t Issue(size_t thread) {
    Party operation = Told(thread);
    operation.time = 0;
    parties_.push_back(operation);
    return parties_.size() - 1;
  }
  /// The thread knows what the operation did, but not what the operation's issuer knew.
  void Wait(size_t thread, size_t operation) {
    At(parties_[thread].known, operation) = parties_[operation].time;
  }
  void ReleaseOperation(size_t operation, int object) {
    At(objects_[object].known, operation) = parties_[operation].time;
  }

 private:
  using Times = std::vector<uint32_t>;
  struct Party {
    uint32_t time = 0;
    Times known;
    Times fenced;
  };
  struct Access {
    size_t party;
    uint32_t time;
    Range range;
    bool write;
  };

  static uint32_t& At(Times& times, size_t party) {
    if (party >= times.size()) times.resize(party + 1);
    return times[party];
  }
  static uint32_t At(const Times& times, size_t party) {
    return party < times.size() ? times[party] : 0;
  }
  static void Raise(Times& to, const Times& from) {
    for (size_t i = 0; i < from.size(); ++i) At(to, i) = std::max(At(to, i), from[i]);
  }
  static void Learn(Party& to, const Party& from) {
    Raise(to.known, from.known);
    Raise(to.fenced, from.fenced);
  }
  Party Told(size_t thread) const {
    Party told = parties_[thread];
    At(told.known, thread) = told.time;
    return told;
  }
  bool IsOperation(size_t party) const { return party >= threads_; }

  const size_t threads_;
  std::vector<Party> parties_;
  std::vector<Access> accesses_;
  std::map<int, Party> objects_;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_TESTS_EMULATOR_SANITIZER_ORDER_ORACLE_H_
