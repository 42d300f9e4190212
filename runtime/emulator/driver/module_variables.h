// Memory of a module's .global and .const variables on one device.
#ifndef ATTNJIT_RUNTIME_EMULATOR_DRIVER_MODULE_VARIABLES_H_
#define ATTNJIT_RUNTIME_EMULATOR_DRIVER_MODULE_VARIABLES_H_

#include <cstdint>
#include <memory>

#include "runtime/emulator/driver/image.h"
#include "runtime/emulator/machine/global_memory.h"

namespace attnjit::emulator {

/// Holds the initial values when it is made; kernels change them from then on.
class ModuleVariables {
 public:
  /// Null: the host has no memory for them.
  static std::shared_ptr<ModuleVariables> Make(const Image& image);
  ~ModuleVariables();
  ModuleVariables(const ModuleVariables&) = delete;
  ModuleVariables& operator=(const ModuleVariables&) = delete;

  /// Where kernels find them; empty for a module without variables.
  const GlobalMemory::Window& window() const { return window_; }

 private:
  ModuleVariables() = default;
  GlobalMemory::Window window_;
  uint64_t bytes_ = 0;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_DRIVER_MODULE_VARIABLES_H_
