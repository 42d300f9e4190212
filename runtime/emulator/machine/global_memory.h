// The memory of one emulated device: allocations in one reserved range of addresses.
#ifndef ATTNJIT_RUNTIME_EMULATOR_MACHINE_GLOBAL_MEMORY_H_
#define ATTNJIT_RUNTIME_EMULATOR_MACHINE_GLOBAL_MEMORY_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "llvm/Support/Error.h"

namespace attnjit::emulator {

/// Thread safe. Allocating while a grid runs is allowed; freeing what it uses is the caller's
/// error.
class GlobalMemory {
 public:
  struct Block {
    uint64_t address = 0;
    uint64_t bytes = 0;
  };

  /// Memory that is elsewhere: the variables of one module, which stand at the same addresses for
  /// every module (program.h, kModuleBase).
  struct Window {
    uint64_t address = 0;
    uint8_t* host = nullptr;
    std::vector<Block> variables;  ///< Inside of it, ascending.
  };

  /// Reserves address space, no memory. `capacity`: what allocations may come to in all.
  static llvm::Expected<std::unique_ptr<GlobalMemory>> Create(uint64_t capacity);
  /// `device`'s memory as the kernels of one module see it. Borrows both; allocates nothing.
  static std::unique_ptr<GlobalMemory> View(const GlobalMemory& device, Window window);
  ~GlobalMemory();
  GlobalMemory(const GlobalMemory&) = delete;
  GlobalMemory& operator=(const GlobalMemory&) = delete;

  /// Addresses are multiples of 512 with at least 512 unusable bytes between allocations, and the
  /// same for the same calls in the same order. nullopt: out of memory. Fresh memory holds a
  /// pattern that is a NaN in fp32, fp16 and bf16.
  std::optional<uint64_t> Allocate(uint64_t bytes);
  /// False: not the start of an allocation.
  bool Free(uint64_t address);

  /// The bytes in host memory; null where any of [address, address + bytes) is not allocated. Takes
  /// no lock.
  uint8_t* Host(uint64_t address, uint64_t bytes) const;
  /// The allocation that holds `address`, or the nearest one below it.
  std::optional<Block> BlockNear(uint64_t address) const;
  uint64_t used() const;
  uint64_t capacity() const { return capacity_; }

 private:
  GlobalMemory() = default;
  uint64_t FindGap(uint64_t span) const;
  void SetValid(uint64_t offset, uint64_t bytes, bool allocated);
  uint8_t* HostInWindow(uint64_t address, uint64_t bytes) const;

  uint8_t* base_ = nullptr;
  /// For each granule, how many of its bytes are allocated, from its start.
  std::atomic<uint16_t>* valid_ = nullptr;
  uint64_t capacity_ = 0;
  uint64_t reserved_ = 0;
  uint64_t used_ = 0;
  const GlobalMemory* device_ = nullptr;  ///< Of a view.
  Window window_;
  mutable std::mutex mutex_;
  std::map<uint64_t, uint64_t> blocks_;  ///< Offset to bytes.
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_MACHINE_GLOBAL_MEMORY_H_
