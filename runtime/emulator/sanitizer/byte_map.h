// One bit for each byte (or other unit) of a memory.
#ifndef ATTNJIT_RUNTIME_EMULATOR_SANITIZER_BYTE_MAP_H_
#define ATTNJIT_RUNTIME_EMULATOR_SANITIZER_BYTE_MAP_H_

#include <algorithm>
#include <cstdint>
#include <vector>

namespace attnjit::emulator {

/// Grows as bits are set; bits past its end are clear.
class ByteMap {
 public:
  void Set(uint64_t first, uint64_t count) {
    if (count == 0) return;
    if ((first + count + 63) / 64 > words_.size()) words_.resize((first + count + 63) / 64);
    ForWords(first, count, [this](uint64_t word, uint64_t mask) { words_[word] |= mask; });
  }
  void Clear(uint64_t first, uint64_t count) {
    const uint64_t size = words_.size() * 64;
    if (first >= size) return;
    ForWords(first, std::min(count, size - first),
             [this](uint64_t word, uint64_t mask) { words_[word] &= ~mask; });
  }
  /// The first clear bit of the range, or first + count.
  uint64_t FirstClear(uint64_t first, uint64_t count) const {
    const uint64_t end = first + count;
    while (first < end) {
      const uint64_t word = first / 64;
      if (word >= words_.size()) return first;
      const uint64_t clear = ~words_[word] >> (first % 64);
      if (clear != 0) return std::min<uint64_t>(end, first + __builtin_ctzll(clear));
      first = (word + 1) * 64;
    }
    return end;
  }
  bool AllSet(uint64_t first, uint64_t count) const {
    return FirstClear(first, count) == first + count;
  }
  bool AnySet(uint64_t first, uint64_t count) const {
    const uint64_t size = words_.size() * 64;
    if (first >= size) return false;
    bool any = false;
    ForWords(first, std::min(count, size - first),
             [&](uint64_t word, uint64_t mask) { any |= (words_[word] & mask) != 0; });
    return any;
  }

 private:
  template <class Visit>
  static void ForWords(uint64_t first, uint64_t count, Visit visit) {
    const uint64_t end = first + count;
    while (first < end) {
      const uint64_t bits = std::min<uint64_t>(64 - first % 64, end - first);
      visit(first / 64, (~uint64_t{0} >> (64 - bits)) << (first % 64));
      first += bits;
    }
  }

  std::vector<uint64_t> words_;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_SANITIZER_BYTE_MAP_H_
