// Runs cases on a device through a driver table.
#ifndef ATTNJIT_TESTS_EMULATOR_MICRO_EXECUTOR_H_
#define ATTNJIT_TESTS_EMULATOR_MICRO_EXECUTOR_H_

#include <memory>
#include <string>
#include <vector>

#include "llvm/Support/Error.h"
#include "tests/emulator/micro/case.h"
#include "tests/emulator/micro/device.h"

namespace attnjit::micro {

/// One device's primary context, retained and current in the thread that made it. For one thread.
class Executor {
 public:
  static llvm::Expected<std::unique_ptr<Executor>> Create(Device device);
  ~Executor();

  /// "NVIDIA H200, sm_90, driver 13000".
  const std::string& description() const { return description_; }
  /// Compute capability, such as 90.
  int capability() const { return capability_; }

  /// Loads a module of these cases; those that launch nothing are left out. To be unloaded.
  llvm::Expected<cu::Module> Load(const std::vector<const Case*>& cases);
  void Unload(cu::Module module);

  /// Runs a case of `module` and returns its output. After an error the context may be lost.
  llvm::Expected<Bytes> Run(cu::Module module, const Case& c);

 private:
  explicit Executor(Device device)
      : driver_(std::move(device.driver)), remarks_(std::move(device.remarks)) {}
  llvm::Expected<Bytes> RunKernel(cu::Module module, const Case& c);
  /// The error, or an error of the device's remarks where there are any.
  llvm::Error WithRemarks(llvm::Error error);
  llvm::Error Open();
  llvm::Expected<Bytes> Encode(const Case& c);
  llvm::Error Launch(cu::Module module, const Case& c, cu::DevicePtr output, cu::DevicePtr input);
  llvm::Error Check(const char* call, cu::Result result) {
    return CheckDriver(*driver_, call, result);
  }

  std::shared_ptr<const DriverTable> driver_;
  std::function<std::string()> remarks_;
  cu::Device device_ = 0;
  cu::Context context_ = nullptr;
  int capability_ = 0;
  std::string description_;
};

}  // namespace attnjit::micro

#endif  // ATTNJIT_TESTS_EMULATOR_MICRO_EXECUTOR_H_
