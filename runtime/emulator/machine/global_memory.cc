#include "runtime/emulator/machine/global_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

#include "llvm/Support/MathExtras.h"
#include "runtime/emulator/machine/address.h"

namespace attnjit::emulator {
namespace {

/// Allocations start at multiples of it, and a whole one between two allocations stays unusable.
constexpr uint64_t kGranule = 512;
constexpr uint64_t kPage = 4096;
/// A NaN in fp16 and bf16, and two of them are one in fp32.
constexpr uint16_t kFreshBits = 0x7fff;

uint64_t SpanOf(uint64_t bytes) { return llvm::alignTo(bytes, kGranule) + kGranule; }

/// Address space without memory: pages come when they are written.
void* Reserve(uint64_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

llvm::Expected<std::unique_ptr<GlobalMemory>> GlobalMemory::Create(uint64_t capacity) {
  std::unique_ptr<GlobalMemory> memory(new GlobalMemory());
  memory->capacity_ = capacity;
  // Twice as much, so that gaps and fragments rarely make a device smaller than it says.
  memory->reserved_ = llvm::alignTo(2 * capacity + (uint64_t{1} << 20), kPage);
  memory->base_ = static_cast<uint8_t*>(Reserve(memory->reserved_));
  if (memory->base_ != nullptr) {
    memory->valid_ = static_cast<std::atomic<uint16_t>*>(
        Reserve(memory->reserved_ / kGranule * sizeof(std::atomic<uint16_t>)));
  }
  if (memory->valid_ == nullptr) {
    return llvm::createStringError(std::error_code(errno, std::generic_category()),
                                   "cannot reserve %llu bytes of address space for an emulated "
                                   "device's memory",
                                   static_cast<unsigned long long>(memory->reserved_));
  }
  return memory;
}

std::unique_ptr<GlobalMemory> GlobalMemory::View(const GlobalMemory& device, Window window) {
  std::unique_ptr<GlobalMemory> view(new GlobalMemory());
  view->device_ = &device;
  view->base_ = device.base_;
  view->valid_ = device.valid_;
  view->reserved_ = device.reserved_;
  view->capacity_ = device.capacity_;
  view->window_ = std::move(window);
  return view;
}

GlobalMemory::~GlobalMemory() {
  if (device_ != nullptr) return;
  if (base_ != nullptr) munmap(base_, reserved_);
  if (valid_ != nullptr) munmap(valid_, reserved_ / kGranule * sizeof(*valid_));
}

std::optional<uint64_t> GlobalMemory::Allocate(uint64_t bytes) {
  if (device_ != nullptr) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (bytes == 0 || bytes > capacity_ - used_) return std::nullopt;
  const uint64_t offset = FindGap(SpanOf(bytes));
  if (offset == reserved_) return std::nullopt;
  blocks_[offset] = bytes;
  used_ += bytes;
  std::fill_n(reinterpret_cast<uint16_t*>(base_ + offset), llvm::divideCeil(bytes, 2), kFreshBits);
  SetValid(offset, bytes, true);
  return kGlobalBase + offset;
}

/// The first place that is large enough; reserved_ if there is none.
uint64_t GlobalMemory::FindGap(uint64_t span) const {
  uint64_t offset = 0;
  for (const auto& [start, bytes] : blocks_) {
    if (start - offset >= span) return offset;
    offset = start + SpanOf(bytes);
  }
  return offset <= reserved_ && reserved_ - offset >= span ? offset : reserved_;
}

void GlobalMemory::SetValid(uint64_t offset, uint64_t bytes, bool allocated) {
  for (uint64_t done = 0; done < bytes; done += kGranule) {
    const uint64_t valid = allocated ? std::min(kGranule, bytes - done) : 0;
    valid_[(offset + done) / kGranule].store(static_cast<uint16_t>(valid),
                                             std::memory_order_release);
  }
}

bool GlobalMemory::Free(uint64_t address) {
  const std::lock_guard lock(mutex_);
  const auto found = blocks_.find(address - kGlobalBase);
  if (found == blocks_.end()) return false;
  const auto [offset, bytes] = *found;
  SetValid(offset, bytes, false);
  used_ -= bytes;
  blocks_.erase(found);
  // Whole pages, which no neighbour shares, go back to the host.
  const uint64_t begin = llvm::alignTo(offset, kPage);
  const uint64_t end = llvm::alignDown(offset + bytes, kPage);
  if (begin < end) madvise(base_ + begin, end - begin, MADV_DONTNEED);
  return true;
}

uint8_t* GlobalMemory::Host(uint64_t address, uint64_t bytes) const {
  const uint64_t offset = address - kGlobalBase;
  if (offset >= reserved_) return HostInWindow(address, bytes);
  if (bytes > reserved_ - offset) return nullptr;
  const uint64_t end = offset + std::max<uint64_t>(bytes, 1);
  const uint64_t last = (end - 1) / kGranule;
  for (uint64_t granule = offset / kGranule; granule <= last; ++granule) {
    const uint64_t needed = granule == last ? end - granule * kGranule : kGranule;
    if (valid_[granule].load(std::memory_order_acquire) < needed) return nullptr;
  }
  return base_ + offset;
}

uint8_t* GlobalMemory::HostInWindow(uint64_t address, uint64_t bytes) const {
  for (const Block& variable : window_.variables) {
    const uint64_t offset = address - variable.address;
    if (offset < variable.bytes && bytes <= variable.bytes - offset) {
      return window_.host + (address - window_.address);
    }
  }
  return nullptr;
}

std::optional<GlobalMemory::Block> GlobalMemory::BlockNear(uint64_t address) const {
  if (address < kGlobalBase) {
    std::optional<Block> nearest;
    for (const Block& variable : window_.variables) {
      if (variable.address <= address) nearest = variable;
    }
    return nearest;
  }
  if (device_ != nullptr) return device_->BlockNear(address);
  const std::lock_guard lock(mutex_);
  auto after = blocks_.upper_bound(address - kGlobalBase);
  if (after == blocks_.begin()) return std::nullopt;
  --after;
  return Block{kGlobalBase + after->first, after->second};
}

uint64_t GlobalMemory::used() const {
  if (device_ != nullptr) return device_->used();
  const std::lock_guard lock(mutex_);
  return used_;
}

}  // namespace attnjit::emulator
