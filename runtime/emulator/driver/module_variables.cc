#include "runtime/emulator/driver/module_variables.h"

#include <sys/mman.h>

#include <algorithm>

namespace attnjit::emulator {

std::shared_ptr<ModuleVariables> ModuleVariables::Make(const Image& image) {
  std::shared_ptr<ModuleVariables> made(new ModuleVariables());
  if (image.entries.empty()) return made;
  // All entries of a module have the same variables.
  const std::vector<VariableInfo>& variables = image.entries.begin()->second->variables;
  GlobalMemory::Window& window = made->window_;
  window.address = kModuleBase;
  for (const VariableInfo& variable : variables) {
    made->bytes_ = std::max(made->bytes_, variable.address + variable.bytes - kModuleBase);
    window.variables.push_back({variable.address, variable.bytes});
  }
  std::sort(window.variables.begin(), window.variables.end(),
            [](const auto& a, const auto& b) { return a.address < b.address; });
  if (made->bytes_ == 0) return made;
  void* memory =
      mmap(nullptr, made->bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  window.host = static_cast<uint8_t*>(memory);
  for (const VariableInfo& variable : variables) {
    std::copy(variable.init.begin(), variable.init.end(),
              window.host + (variable.address - kModuleBase));
  }
  return made;
}

ModuleVariables::~ModuleVariables() {
  if (window_.host != nullptr) munmap(window_.host, bytes_);
}

}  // namespace attnjit::emulator
