// Devices and contexts of the emulated driver.
#include <cstdio>

#include "runtime/emulator/driver/driver.h"
#include "runtime/emulator/driver/result_text.h"

namespace attnjit::emulator {
namespace {

constexpr int kCudaVersion = 13000;
bool AttributeOf(const DeviceModel& model, cu::DeviceAttribute attribute, int& value) {
  switch (attribute) {
    case cu::kMaxThreadsPerBlock:
      return value = model.max_threads_per_block, true;
    case cu::kMaxSharedMemoryPerBlock:
      return value = model.shared_bytes_per_block, true;
    case cu::kWarpSize:
      return value = 32, true;
    case cu::kMaxRegistersPerBlock:
    case cu::kMaxRegistersPerMultiprocessor:
      return value = model.registers_per_sm, true;
    case cu::kClockRateKhz:
      return value = model.clock_khz, true;
    case cu::kMultiprocessorCount:
      return value = model.sm_count, true;
    case cu::kMemoryClockRateKhz:
      return value = model.memory_clock_khz, true;
    case cu::kGlobalMemoryBusWidthBits:
      return value = model.bus_width_bits, true;
    case cu::kL2CacheBytes:
      return value = static_cast<int>(model.l2_bytes), true;
    case cu::kMaxThreadsPerMultiprocessor:
      return value = model.max_threads_per_sm, true;
    case cu::kComputeCapabilityMajor:
      return value = model.major, true;
    case cu::kComputeCapabilityMinor:
      return value = model.minor, true;
    case cu::kMaxSharedMemoryPerMultiprocessor:
      return value = model.shared_bytes_per_sm, true;
    case cu::kPageableMemoryAccess:
      return value = 0, true;
    case cu::kMaxSharedMemoryPerBlockOptin:
      return value = model.shared_bytes_per_block_optin, true;
    case cu::kMaxBlocksPerMultiprocessor:
      return value = model.max_blocks_per_sm, true;
    case cu::kReservedSharedMemoryPerBlock:
      return value = model.shared_reserved_bytes, true;
    case cu::kClusterLaunch:
      return value = model.max_cluster > 1, true;
  }
  return false;
}

}  // namespace

cu::Result Driver::Init(unsigned flags) {
  return flags == 0 ? cu::kSuccess : cu::kErrorInvalidValue;
}

cu::Result Driver::DriverGetVersion(int* version) {
  if (version == nullptr) return cu::kErrorInvalidValue;
  *version = kCudaVersion;
  return cu::kSuccess;
}

cu::Result Driver::GetErrorName(cu::Result error, const char** text) {
  if (text == nullptr) return cu::kErrorInvalidValue;
  *text = ResultName(error);
  return *text != nullptr ? cu::kSuccess : cu::kErrorInvalidValue;
}

cu::Result Driver::GetErrorString(cu::Result error, const char** text) {
  if (text == nullptr) return cu::kErrorInvalidValue;
  *text = ResultText(error);
  return *text != nullptr ? cu::kSuccess : cu::kErrorInvalidValue;
}

cu::Result Driver::DeviceGetCount(int* count) {
  if (count == nullptr) return cu::kErrorInvalidValue;
  *count = static_cast<int>(models_.size());
  return cu::kSuccess;
}

cu::Result Driver::DeviceGet(cu::Device* device, int ordinal) {
  if (device == nullptr) return cu::kErrorInvalidValue;
  if (!IsDevice(ordinal)) return cu::kErrorInvalidDevice;
  *device = ordinal;
  return cu::kSuccess;
}

cu::Result Driver::DeviceGetName(char* name, int size, cu::Device device) {
  if (name == nullptr || size <= 0) return cu::kErrorInvalidValue;
  if (!IsDevice(device)) return cu::kErrorInvalidDevice;
  std::snprintf(name, static_cast<size_t>(size), "%s", models_[device].name.c_str());
  return cu::kSuccess;
}

cu::Result Driver::DeviceTotalMem(size_t* bytes, cu::Device device) {
  if (bytes == nullptr) return cu::kErrorInvalidValue;
  if (!IsDevice(device)) return cu::kErrorInvalidDevice;
  *bytes = static_cast<size_t>(models_[device].memory_bytes);
  return cu::kSuccess;
}

cu::Result Driver::DeviceGetAttribute(int* value, cu::DeviceAttribute attribute,
                                      cu::Device device) {
  if (value == nullptr) return cu::kErrorInvalidValue;
  if (!IsDevice(device)) return cu::kErrorInvalidDevice;
  return AttributeOf(models_[device], attribute, *value) ? cu::kSuccess : cu::kErrorInvalidValue;
}

cu::Result Driver::DevicePrimaryCtxRetain(cu::Context* context, cu::Device device) {
  if (context == nullptr) return cu::kErrorInvalidValue;
  if (!IsDevice(device)) return cu::kErrorInvalidDevice;
  Lock lock(mutex_);
  ContextPtr& place = contexts_[device];
  if (place != nullptr) {
    ++place->retained;
    *context = place->handle;
    return cu::kSuccess;
  }
  llvm::Expected<std::unique_ptr<GlobalMemory>> memory =
      GlobalMemory::Create(static_cast<uint64_t>(models_[device].memory_bytes));
  if (!memory) {
    llvm::consumeError(memory.takeError());
    return cu::kErrorOutOfMemory;
  }
  auto made = std::make_shared<Context>();
  made->handle = numbers_.Next<cu::Context>();
  made->ordinal = device;
  made->model = &models_[device];
  made->memory = std::move(*memory);
  made->legacy = std::make_shared<Stream>();
  made->legacy->context = made;
  made->legacy->kind = Stream::Kind::kLegacy;
  *context = made->handle;
  place = std::move(made);
  return cu::kSuccess;
}

cu::Result Driver::DevicePrimaryCtxRelease(cu::Device device) {
  if (!IsDevice(device)) return cu::kErrorInvalidDevice;
  Lock lock(mutex_);
  ContextPtr& place = contexts_[device];
  if (place == nullptr) return cu::kErrorInvalidContext;
  if (--place->retained > 0) return cu::kSuccess;
  EndContext(place);
  place.reset();
  return cu::kSuccess;
}

/// What belongs to the context goes with it; its handles are invalid from now on.
void Driver::EndContext(const ContextPtr& context) {
  const auto belongs = [&](const auto& object) { return object.context.lock() == context; };
  streams_.RemoveIf(belongs);
  events_.RemoveIf(belongs);
  graphs_.RemoveIf(belongs);
  graph_execs_.RemoveIf(belongs);
  for (const auto& [handle, module] : modules_) {
    if (!belongs(*module)) continue;
    for (const auto& [name, function] : module->functions) functions_.Remove(function);
  }
  modules_.RemoveIf(belongs);
}

cu::Result Driver::CtxPushCurrent(cu::Context context) {
  Lock lock(mutex_);
  for (const ContextPtr& place : contexts_) {
    if (place == nullptr || place->handle != context) continue;
    Stack().push_back(context);
    return cu::kSuccess;
  }
  return cu::kErrorInvalidContext;
}

cu::Result Driver::CtxPopCurrent(cu::Context* context) {
  std::vector<cu::Context>& stack = Stack();
  if (stack.empty()) return cu::kErrorInvalidContext;
  if (context != nullptr) *context = stack.back();
  stack.pop_back();
  return cu::kSuccess;
}

cu::Result Driver::CtxGetCurrent(cu::Context* context) {
  if (context == nullptr) return cu::kErrorInvalidValue;
  *context = Stack().empty() ? nullptr : Stack().back();
  return cu::kSuccess;
}

cu::Result Driver::Current(ContextPtr& context) const {
  const std::vector<cu::Context>& stack = Stack();
  if (stack.empty()) return cu::kErrorInvalidContext;
  for (const ContextPtr& place : contexts_) {
    if (place == nullptr || place->handle != stack.back()) continue;
    context = place;
    return place->failure;
  }
  return cu::kErrorInvalidContext;
}

cu::Result Driver::CtxGetDevice(cu::Device* device) {
  if (device == nullptr) return cu::kErrorInvalidValue;
  Lock lock(mutex_);
  ContextPtr context;
  const cu::Result result = Current(context);
  if (context == nullptr) return result;
  *device = context->ordinal;
  return cu::kSuccess;
}

cu::Result Driver::CtxSynchronize() {
  ContextPtr context;
  std::vector<StreamPtr> streams;
  {
    Lock lock(mutex_);
    if (cu::Result result = Current(context)) return result;
    streams.push_back(context->legacy);
    bool capturing = false;
    for (const auto& [handle, stream] : streams_) {
      if (stream->context.lock() != context) continue;
      streams.push_back(stream);
      if (stream->capture != cu::kCaptureActive) continue;
      stream->capture = cu::kCaptureInvalidated;
      capturing = true;
    }
    if (capturing) return cu::kErrorStreamCaptureUnsupported;
  }
  for (const StreamPtr& stream : streams) Lock wait(stream->running);
  return context->failure;
}

}  // namespace attnjit::emulator
