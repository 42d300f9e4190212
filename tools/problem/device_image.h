// A launch's tensors on a device. Device memory only through the driver table.
#ifndef ATTNJIT_TOOLS_PROBLEM_DEVICE_IMAGE_H_
#define ATTNJIT_TOOLS_PROBLEM_DEVICE_IMAGE_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "llvm/Support/Error.h"
#include "runtime/device.h"
#include "runtime/engine.h"
#include "tools/problem/launch_image.h"

namespace attnjit {

/// Device memory, freed at the end. The device's context must be current when it is made and freed.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  /// Errors: DriverError.
  static llvm::Expected<DeviceBuffer> Allocate(const DriverTable& driver, int64_t bytes);
  DeviceBuffer(DeviceBuffer&& other) noexcept { *this = std::move(other); }
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept;
  ~DeviceBuffer();

  cu::DevicePtr pointer() const { return pointer_; }
  int64_t bytes() const { return bytes_; }

 private:
  const DriverTable* driver_ = nullptr;
  cu::DevicePtr pointer_ = 0;
  int64_t bytes_ = 0;
};

/// A stream of its own, destroyed at the end. The device's context must be current.
class DeviceStream {
 public:
  static llvm::Expected<DeviceStream> Create(const DriverTable& driver);
  DeviceStream(DeviceStream&& other) noexcept
      : driver_(other.driver_), stream_(std::exchange(other.stream_, nullptr)) {}
  DeviceStream& operator=(DeviceStream&&) = delete;
  ~DeviceStream();

  cu::Stream get() const { return stream_; }
  llvm::Error Synchronize() const;

 private:
  DeviceStream(const DriverTable& driver, cu::Stream stream) : driver_(&driver), stream_(stream) {}
  const DriverTable* driver_;
  cu::Stream stream_;
};

/// The device's copies of one LaunchImage. One thread at a time; the device's context must be
/// current in every call. Errors: DriverError.
class DeviceImage {
 public:
  /// Allocates and copies the inputs. `image` must keep its storage as it is.
  static llvm::Expected<DeviceImage> Create(const DriverTable& driver, const LaunchImage& image,
                                            cu::Stream stream);

  /// Gives a launch of `kernel` the workspace that it needs, with poison wherever it need not be
  /// zero. Before a capture begins.
  llvm::Error PrepareWorkspace(const Kernel& kernel, cu::Stream stream);
  /// Fills o and lse, guards included, with poison.
  llvm::Error PoisonOutputs(cu::Stream stream);
  /// The arguments of a launch on these tensors.
  const ForwardArgs& args() const { return args_; }
  /// Copies o and lse back, guards included, and waits for the stream.
  llvm::Error Download(LaunchImage& image, cu::Stream stream);

 private:
  explicit DeviceImage(const DriverTable& driver) : driver_(&driver) {}
  llvm::Error Upload(const HostTensor& tensor, bool copy, DeviceBuffer& buffer, TensorArg& arg,
                     cu::Stream stream);
  llvm::Error UploadLengths(const std::vector<int32_t>& lengths, DeviceBuffer& buffer,
                            const int32_t*& argument, cu::Stream stream);
  llvm::Error CopyBack(const DeviceBuffer& buffer, HostTensor& tensor, cu::Stream stream);

  const DriverTable* driver_;
  DeviceBuffer q_, k_, v_, o_, lse_, cu_seqlens_q_, cu_seqlens_kv_, workspace_;
  ForwardArgs args_;
};

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_PROBLEM_DEVICE_IMAGE_H_
