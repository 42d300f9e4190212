// Constants of a program, replicated for 32 lanes as registers are.
#ifndef ATTNJIT_RUNTIME_EMULATOR_PROGRAM_CONSTANT_POOL_H_
#define ATTNJIT_RUNTIME_EMULATOR_PROGRAM_CONSTANT_POOL_H_

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

class ConstantPool {
 public:
  /// `bytes` 4, 8 or 16 (zero-extended beyond 64 bits). Equal constants share a place.
  Value Get(uint64_t bits, uint8_t bytes);
  std::vector<uint32_t> TakeWords() { return std::move(words_); }

 private:
  std::vector<uint32_t> words_;
  std::map<std::pair<uint64_t, uint8_t>, uint32_t> slots_;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_PROGRAM_CONSTANT_POOL_H_
