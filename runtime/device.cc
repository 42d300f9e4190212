#include "runtime/device.h"

namespace attnjit {
namespace {

llvm::Error ReadAttribute(const DriverTable& driver, cu::DeviceAttribute attribute,
                          cu::Device device, int& value) {
  return CheckDriver(driver, "cuDeviceGetAttribute",
                     driver.device_get_attribute(&value, attribute, device));
}

}  // namespace

llvm::Expected<std::shared_ptr<const Device>> Device::Open(
    std::shared_ptr<const DriverTable> driver, int ordinal) {
  std::shared_ptr<Device> device(new Device(std::move(driver)));
  if (llvm::Error error = device->Init(ordinal)) return error;
  return device;
}

llvm::Error Device::Init(int ordinal) {
  ordinal_ = ordinal;
  int count = 0;
  if (llvm::Error error =
          CheckDriver(*driver_, "cuDeviceGetCount", driver_->device_get_count(&count))) {
    return error;
  }
  if (ordinal < 0 || ordinal >= count) {
    return MakeDriverError(*driver_,
                           "cuDeviceGet(" + std::to_string(ordinal) + ") of " +
                               std::to_string(count) + (count == 1 ? " device" : " devices"),
                           count == 0 ? cu::kErrorNoDevice : cu::kErrorInvalidDevice);
  }
  if (llvm::Error error =
          CheckDriver(*driver_, "cuDeviceGet", driver_->device_get(&handle_, ordinal))) {
    return error;
  }
  char name[256] = {};
  if (llvm::Error error = CheckDriver(*driver_, "cuDeviceGetName",
                                      driver_->device_get_name(name, sizeof(name) - 1, handle_))) {
    return error;
  }
  name_ = name;
  int pageable = 0;
  const std::pair<cu::DeviceAttribute, int*> attributes[] = {
      {cu::kComputeCapabilityMajor, &major_}, {cu::kComputeCapabilityMinor, &minor_},
      {cu::kMultiprocessorCount, &sm_count_}, {cu::kL2CacheBytes, &l2_bytes_},
      {cu::kPageableMemoryAccess, &pageable},
  };
  for (const auto& [attribute, value] : attributes) {
    if (llvm::Error error = ReadAttribute(*driver_, attribute, handle_, *value)) return error;
  }
  reads_pageable_memory_ = pageable != 0;
  return CheckDriver(*driver_, "cuDevicePrimaryCtxRetain",
                     driver_->device_primary_ctx_retain(&context_, handle_));
}

Device::~Device() {
  // At process exit the driver may be gone already: it then answers with an error, which is fine.
  if (context_ != nullptr) driver_->device_primary_ctx_release(handle_);
}

bool RunsOn(Arch arch, int major, int minor) {
  const ArchInfo& info = GetArchInfo(arch);
  if (info.major != major) return false;
  return info.arch_specific ? info.minor == minor : info.minor <= minor;
}

ScopedContext::ScopedContext(const DriverTable& driver, cu::Context context) : driver_(driver) {
  cu::Context current = nullptr;
  result_ = driver_.ctx_get_current(&current);
  if (result_ != cu::kSuccess || current == context) return;
  result_ = driver_.ctx_push_current(context);
  pushed_ = result_ == cu::kSuccess;
}

ScopedContext::~ScopedContext() {
  cu::Context popped = nullptr;
  if (pushed_) driver_.ctx_pop_current(&popped);
}

llvm::Error ScopedContext::TakeError() { return CheckDriver(driver_, "cuCtxPushCurrent", result_); }

}  // namespace attnjit
