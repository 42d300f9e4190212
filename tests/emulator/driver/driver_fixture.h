// An emulated device with its context current, and small kernels to run on it.
#ifndef ATTNJIT_TESTS_EMULATOR_DRIVER_DRIVER_FIXTURE_H_
#define ATTNJIT_TESTS_EMULATOR_DRIVER_DRIVER_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "runtime/emulator/driver/emulator.h"

namespace attnjit::emulator {

/// One or more emulated devices; the context of device 0 is current.
class EmulatedDevices {
 public:
  explicit EmulatedDevices(std::vector<std::string> names = {"sm_90a"});
  explicit EmulatedDevices(const EmulatorOptions& options);
  ~EmulatedDevices();

  const DriverTable& table() const { return *table_; }
  const DriverTable* operator->() const { return table_.get(); }
  Emulator& emulator() { return *emulator_; }
  cu::Context context() const { return context_; }

  cu::DevicePtr Allocate(size_t bytes) const;
  void Upload(cu::DevicePtr target, const std::vector<uint32_t>& words) const;
  std::vector<uint32_t> Download(cu::DevicePtr source, size_t words) const;
  /// Entry `name` of a PTX text that must load.
  cu::Function Load(const std::string& ptx, const char* name) const;
  /// With one CTA of `threads`; parameters by pointer.
  cu::Result Launch(cu::Function function, unsigned threads, std::vector<void*> parameters,
                    cu::Stream stream = nullptr) const;

 private:
  std::shared_ptr<Emulator> emulator_;
  std::shared_ptr<const DriverTable> table_;
  cu::Context context_ = nullptr;
};

/// ".version 9.0 .target TARGET .address_size 64" and the text.
std::string Ptx(const std::string& target, const std::string& text);

/// Entry `scale(ptr data, u32 factor)`: data[tid] *= factor.
std::string ScalePtx(const std::string& target = "sm_80");
/// Entry `store(ptr to)`: *to = 1, whatever `to` is.
std::string StorePtx(const std::string& target = "sm_80");

}  // namespace attnjit::emulator

#endif  // ATTNJIT_TESTS_EMULATOR_DRIVER_DRIVER_FIXTURE_H_
