// A device of one driver table: its properties and its primary context.
#ifndef ATTNJIT_RUNTIME_DEVICE_H_
#define ATTNJIT_RUNTIME_DEVICE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "generator/arch.h"
#include "llvm/Support/Error.h"
#include "runtime/driver.h"

namespace attnjit {

/// Holds the primary context for as long as it lives. Immutable: share it freely between threads.
class Device {
 public:
  /// Errors: DriverError (no such device, no context to be had).
  static llvm::Expected<std::shared_ptr<const Device>> Open(
      std::shared_ptr<const DriverTable> driver, int ordinal);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const DriverTable& driver() const { return *driver_; }
  int ordinal() const { return ordinal_; }
  cu::Device handle() const { return handle_; }
  cu::Context context() const { return context_; }
  const std::string& name() const { return name_; }
  int major() const { return major_; }  ///< Compute capability.
  int minor() const { return minor_; }
  int sm_count() const { return sm_count_; }
  int64_t l2_bytes() const { return l2_bytes_; }
  /// The arch that kernels are generated for here; nullopt: attnjit has none for this GPU.
  std::optional<Arch> arch() const { return ArchForComputeCapability(major_, minor_); }
  /// Kernels here may read memory that CUDA did not allocate.
  bool reads_pageable_memory() const { return reads_pageable_memory_; }

 private:
  explicit Device(std::shared_ptr<const DriverTable> driver) : driver_(std::move(driver)) {}
  llvm::Error Init(int ordinal);

  std::shared_ptr<const DriverTable> driver_;
  int ordinal_ = 0;
  cu::Device handle_ = 0;
  cu::Context context_ = nullptr;
  std::string name_;
  int major_ = 0;
  int minor_ = 0;
  int sm_count_ = 0;
  int l2_bytes_ = 0;
  bool reads_pageable_memory_ = false;
};

/// Whether a cubin for `arch` runs on a GPU of this compute capability: an "a" target on exactly
/// its own, a plain one also on later minors of its major (CUDA Programming Guide 13.0, "Binary
/// Compatibility").
bool RunsOn(Arch arch, int major, int minor);

/// Makes a context current for the calling thread and puts the former one back when it ends. Costs
/// one query where the context is current already.
class ScopedContext {
 public:
  ScopedContext(const DriverTable& driver, cu::Context context);
  ~ScopedContext();
  ScopedContext(const ScopedContext&) = delete;
  ScopedContext& operator=(const ScopedContext&) = delete;

  llvm::Error TakeError();  ///< Why it could not be made current; success if it is.

 private:
  const DriverTable& driver_;
  cu::Result result_ = cu::kSuccess;
  bool pushed_ = false;
};

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_DEVICE_H_
