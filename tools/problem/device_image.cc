#include "tools/problem/device_image.h"

#include <utility>

#include "runtime/workspace.h"

namespace attnjit {

llvm::Expected<DeviceBuffer> DeviceBuffer::Allocate(const DriverTable& driver, int64_t bytes) {
  DeviceBuffer buffer;
  if (llvm::Error error =
          CheckDriver(driver, "cuMemAlloc", driver.mem_alloc(&buffer.pointer_, bytes))) {
    return error;
  }
  buffer.driver_ = &driver;
  buffer.bytes_ = bytes;
  return buffer;
}

DeviceBuffer& DeviceBuffer::operator=(DeviceBuffer&& other) noexcept {
  std::swap(driver_, other.driver_);
  std::swap(pointer_, other.pointer_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

DeviceBuffer::~DeviceBuffer() {
  if (pointer_ != 0) driver_->mem_free(pointer_);
}

llvm::Expected<DeviceStream> DeviceStream::Create(const DriverTable& driver) {
  cu::Stream stream = nullptr;
  if (llvm::Error error = CheckDriver(driver, "cuStreamCreate",
                                      driver.stream_create(&stream, cu::kStreamNonBlocking))) {
    return error;
  }
  return DeviceStream(driver, stream);
}

DeviceStream::~DeviceStream() {
  if (stream_ != nullptr) driver_->stream_destroy(stream_);
}

llvm::Error DeviceStream::Synchronize() const {
  return CheckDriver(*driver_, "cuStreamSynchronize", driver_->stream_synchronize(stream_));
}

llvm::Expected<DeviceImage> DeviceImage::Create(const DriverTable& driver, const LaunchImage& image,
                                                cu::Stream stream) {
  DeviceImage device(driver);
  ForwardArgs& args = device.args_;
  const ForwardProblem& problem = image.problem;
  args.batch = problem.batch;
  args.heads_q = problem.heads_q;
  args.heads_kv = problem.heads_kv;
  args.seqlen_q = problem.seqlen_q;
  args.seqlen_kv = problem.seqlen_kv;
  args.total_q = image.total_q;
  args.total_kv = image.total_kv;
  llvm::Error error = device.Upload(image.q, true, device.q_, args.q, stream);
  if (!error) error = device.Upload(image.k, true, device.k_, args.k, stream);
  if (!error) error = device.Upload(image.v, true, device.v_, args.v, stream);
  if (!error) error = device.Upload(image.o, false, device.o_, args.o, stream);
  if (!error && !image.lse.empty()) {
    error = device.Upload(image.lse, false, device.lse_, args.lse, stream);
  }
  if (!error && problem.problem.packed) {
    error =
        device.UploadLengths(problem.cu_seqlens_q, device.cu_seqlens_q_, args.cu_seqlens_q, stream);
    if (!error) {
      error = device.UploadLengths(problem.cu_seqlens_kv, device.cu_seqlens_kv_, args.cu_seqlens_kv,
                                   stream);
    }
  }
  if (error) return error;
  return device;
}

llvm::Error DeviceImage::Upload(const HostTensor& tensor, bool copy, DeviceBuffer& buffer,
                                TensorArg& arg, cu::Stream stream) {
  llvm::Expected<DeviceBuffer> allocated = DeviceBuffer::Allocate(*driver_, tensor.device_bytes());
  if (!allocated) return allocated.takeError();
  buffer = std::move(*allocated);
  arg.data = reinterpret_cast<void*>(buffer.pointer() + HostTensor::device_origin());
  arg.stride = tensor.geometry().stride;
  if (!copy) return llvm::Error::success();
  for (const TensorSlab& slab : tensor.slabs()) {
    if (llvm::Error error =
            CheckDriver(*driver_, "cuMemcpyHtoDAsync",
                        driver_->memcpy_htod_async(buffer.pointer() + slab.device_offset,
                                                   tensor.units().data() + slab.offset,
                                                   slab.count * sizeof(uint16_t), stream))) {
      return error;
    }
  }
  return llvm::Error::success();
}

llvm::Error DeviceImage::UploadLengths(const std::vector<int32_t>& lengths, DeviceBuffer& buffer,
                                       const int32_t*& argument, cu::Stream stream) {
  int64_t bytes = static_cast<int64_t>(lengths.size() * sizeof(int32_t));
  llvm::Expected<DeviceBuffer> allocated = DeviceBuffer::Allocate(*driver_, bytes);
  if (!allocated) return allocated.takeError();
  buffer = std::move(*allocated);
  argument = reinterpret_cast<const int32_t*>(buffer.pointer());
  return CheckDriver(*driver_, "cuMemcpyHtoDAsync",
                     driver_->memcpy_htod_async(buffer.pointer(), lengths.data(), bytes, stream));
}

llvm::Error DeviceImage::PrepareWorkspace(const Kernel& kernel, cu::Stream stream) {
  llvm::Expected<int64_t> bytes = kernel.WorkspaceBytes(args_);
  if (!bytes) return bytes.takeError();
  if (*bytes <= workspace_.bytes()) return llvm::Error::success();
  llvm::Expected<DeviceBuffer> allocated = DeviceBuffer::Allocate(*driver_, *bytes);
  if (!allocated) return allocated.takeError();
  workspace_ = std::move(*allocated);
  args_.workspace = reinterpret_cast<void*>(workspace_.pointer());
  args_.workspace_bytes = *bytes;
  if (llvm::Error error = CheckDriver(
          *driver_, "cuMemsetD16Async",
          driver_->memset_d16_async(workspace_.pointer(), kPoison, *bytes / 2, stream))) {
    return error;
  }
  return CheckDriver(*driver_, "cuMemsetD8Async",
                     driver_->memset_d8_async(workspace_.pointer(), 0, kSplitCounterBytes, stream));
}

llvm::Error DeviceImage::PoisonOutputs(cu::Stream stream) {
  for (const DeviceBuffer* buffer : {&o_, &lse_}) {
    if (buffer->bytes() == 0) continue;
    if (llvm::Error error = CheckDriver(
            *driver_, "cuMemsetD16Async",
            driver_->memset_d16_async(buffer->pointer(), kPoison, buffer->bytes() / 2, stream))) {
      return error;
    }
  }
  return llvm::Error::success();
}

llvm::Error DeviceImage::Download(LaunchImage& image, cu::Stream stream) {
  if (llvm::Error error = CopyBack(o_, image.o, stream)) return error;
  if (!image.lse.empty()) {
    if (llvm::Error error = CopyBack(lse_, image.lse, stream)) return error;
  }
  return CheckDriver(*driver_, "cuStreamSynchronize", driver_->stream_synchronize(stream));
}

llvm::Error DeviceImage::CopyBack(const DeviceBuffer& buffer, HostTensor& tensor,
                                  cu::Stream stream) {
  for (const TensorSlab& slab : tensor.slabs()) {
    if (llvm::Error error =
            CheckDriver(*driver_, "cuMemcpyDtoHAsync",
                        driver_->memcpy_dtoh_async(tensor.units().data() + slab.offset,
                                                   buffer.pointer() + slab.device_offset,
                                                   slab.count * sizeof(uint16_t), stream))) {
      return error;
    }
  }
  return llvm::Error::success();
}

}  // namespace attnjit
