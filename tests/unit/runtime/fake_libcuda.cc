// A libcuda with one H100 that computes nothing: what the C interface's tests open as the driver.
#include <atomic>
#include <cstring>

#include "runtime/cuda_types.h"

namespace cu = attnjit::cu;

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT cu::Result cuDeviceGetCount(int* count) {
  *count = 1;
  return cu::kSuccess;
}

EXPORT cu::Result cuDeviceGetName(char* name, int size, cu::Device) {
  std::strncpy(name, "Fake H100", static_cast<size_t>(size));
  return cu::kSuccess;
}

EXPORT cu::Result cuDeviceGetAttribute(int* value, cu::DeviceAttribute attribute, cu::Device) {
  switch (attribute) {
    case cu::kComputeCapabilityMajor:
      *value = 9;
      break;
    case cu::kMultiprocessorCount:
      *value = 132;
      break;
    case cu::kL2CacheBytes:
      *value = 50 << 20;
      break;
    default:
      *value = 0;
  }
  return cu::kSuccess;
}

EXPORT cu::Result cuPointerGetAttributes(unsigned count, cu::PointerAttribute* attributes,
                                         void** values, cu::DevicePtr) {
  for (unsigned i = 0; i < count; ++i) {
    if (attributes[i] == cu::kPointerMemoryType) {
      *static_cast<unsigned*>(values[i]) = cu::kMemoryTypeDevice;
    }
  }
  return cu::kSuccess;
}

namespace {
std::atomic<int> capturing = 0;
}  // namespace

/// Every stream is being captured, or none.
EXPORT void FakeLibcudaSetCapturing(int value) { capturing = value; }

EXPORT cu::Result cuStreamIsCapturing(cu::Stream, cu::StreamCaptureStatus* status) {
  *status = capturing != 0 ? cu::kCaptureActive : cu::kCaptureNone;
  return cu::kSuccess;
}

EXPORT cu::Result cuGetErrorName(cu::Result, const char** text) {
  *text = "CUDA_ERROR_FAKE";
  return cu::kSuccess;
}

EXPORT cu::Result cuGetErrorString(cu::Result, const char** text) {
  *text = "fake";
  return cu::kSuccess;
}
