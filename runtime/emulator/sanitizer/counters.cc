#include "runtime/emulator/sanitizer/counters.h"

#include <algorithm>

#include "nlohmann/json.hpp"

namespace attnjit::emulator {
namespace {

constexpr llvm::StringRef kClassNames[] = {
#define ATTNJIT_INSTRUCTION_CLASS(id, name) name,
    ATTNJIT_INSTRUCTION_CLASSES(ATTNJIT_INSTRUCTION_CLASS)
#undef ATTNJIT_INSTRUCTION_CLASS
};

constexpr llvm::StringRef kTrafficNames[] = {
#define ATTNJIT_TRAFFIC_KIND(id, name) name,
    ATTNJIT_TRAFFIC_KINDS(ATTNJIT_TRAFFIC_KIND)
#undef ATTNJIT_TRAFFIC_KIND
};

constexpr llvm::StringRef kMatrixNames[kMatrixKinds] = {"f16", "tf32", "f8", "i8"};

constexpr uint32_t kBanks = 32;

/// The distinct words of one part of a warp, by bank: how many the fullest bank and all have.
class BankUse {
 public:
  void Add(uint64_t word) {
    for (uint32_t i = 0; i < count_; ++i) {
      if (words_[i] == word) return;
    }
    words_[count_++] = word;
    fullest_ = std::max(fullest_, ++banks_[word % kBanks]);
  }
  uint32_t fullest() const { return fullest_; }
  uint32_t evenly() const { return (count_ + kBanks - 1) / kBanks; }

 private:
  std::array<uint64_t, 64> words_{};  // 32 lanes, each with at most 2 words if unaligned.
  std::array<uint32_t, kBanks> banks_{};
  uint32_t count_ = 0;
  uint32_t fullest_ = 0;
};

template <class T, size_t N>
void Sum(std::array<T, N>& to, const std::array<T, N>& from) {
  for (size_t i = 0; i < N; ++i) to[i] += from[i];
}

template <size_t N, size_t M>
nlohmann::ordered_json ByName(const llvm::StringRef (&names)[N],
                              const std::array<uint64_t, M>& values) {
  static_assert(N == M);
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (size_t i = 0; i < N; ++i) json[names[i].str()] = values[i];
  return json;
}

}  // namespace

llvm::StringRef InstructionClassName(InstructionClass kind) {
  return kClassNames[static_cast<size_t>(kind)];
}

llvm::StringRef MatrixKindName(MatrixKind kind) { return kMatrixNames[static_cast<size_t>(kind)]; }

llvm::StringRef TrafficName(Traffic traffic) { return kTrafficNames[static_cast<size_t>(traffic)]; }

Wavefronts SharedWavefronts(const uint64_t* addresses, uint32_t lanes, uint32_t bytes) {
  const uint32_t words = std::max<uint32_t>(1, (bytes + 3) / 4);
  const uint32_t lanes_at_once = std::max<uint32_t>(1, 32 / words);
  Wavefronts result;
  for (uint32_t first = 0; first < 32; first += lanes_at_once) {
    BankUse use;
    for (uint32_t lane = first; lane < first + lanes_at_once; ++lane) {
      if (!(lanes >> lane & 1)) continue;
      const uint64_t last = (addresses[lane] + bytes - 1) / 4;
      for (uint64_t word = addresses[lane] / 4; word <= last; ++word) use.Add(word);
    }
    result.actual += use.fullest();
    result.minimum += use.evenly();
  }
  return result;
}

void Counters::AddSharedAccess(const uint64_t* addresses, uint32_t lanes, uint32_t bytes) {
  const Wavefronts wavefronts = SharedWavefronts(addresses, lanes, bytes);
  shared_wavefronts += wavefronts.actual;
  shared_min_wavefronts += wavefronts.minimum;
}

void Counters::Merge(const Counters& other) {
  Sum(warp_instructions, other.warp_instructions);
  Sum(thread_instructions, other.thread_instructions);
  Sum(matrix_flops, other.matrix_flops);
  Sum(bytes, other.bytes);
  shared_wavefronts += other.shared_wavefronts;
  shared_min_wavefronts += other.shared_min_wavefronts;
  barrier_waits += other.barrier_waits;
  mbarrier_waits += other.mbarrier_waits;
  ctas += other.ctas;
  clusters += other.clusters;
}

std::string Counters::ToJson() const {
  const nlohmann::ordered_json json = {
      {"warp_instructions", ByName(kClassNames, warp_instructions)},
      {"thread_instructions", ByName(kClassNames, thread_instructions)},
      {"matrix_flops", ByName(kMatrixNames, matrix_flops)},
      {"bytes", ByName(kTrafficNames, bytes)},
      {"shared_wavefronts", shared_wavefronts},
      {"bank_conflicts", bank_conflicts()},
      {"barrier_waits", barrier_waits},
      {"mbarrier_waits", mbarrier_waits},
      {"ctas", ctas},
      {"clusters", clusters}};
  return json.dump();
}

}  // namespace attnjit::emulator
