#include "runtime/module.h"

namespace attnjit {
namespace {

bool HasLibraries(const DriverTable& driver) {
  return driver.library_load_data != nullptr && driver.library_unload != nullptr &&
         driver.library_get_kernel != nullptr && driver.kernel_get_function != nullptr &&
         driver.kernel_set_attribute != nullptr;
}

}  // namespace

llvm::Error Module::Check(const char* call, cu::Result result) const {
  if (result == cu::kSuccess) return llvm::Error::success();
  return MakeDriverError(*driver_, std::string(call) + "(" + name_ + ")", result);
}

llvm::Expected<std::shared_ptr<Module>> Module::Load(std::shared_ptr<const DriverTable> driver,
                                                     llvm::StringRef cubin, std::string name) {
  std::shared_ptr<Module> module(new Module(std::move(driver), std::move(name)));
  const DriverTable& table = *module->driver_;
  if (!HasLibraries(table)) {
    module->cubin_ = cubin.str();
    return module;
  }
  if (llvm::Error error = module->Check(
          "cuLibraryLoadData", table.library_load_data(&module->library_, cubin.data(), nullptr,
                                                       nullptr, 0, nullptr, nullptr, 0))) {
    return error;
  }
  if (llvm::Error error = module->Check(
          "cuLibraryGetKernel",
          table.library_get_kernel(&module->kernel_, module->library_, module->name_.c_str()))) {
    return error;
  }
  return module;
}

Module::~Module() {
  if (library_ != nullptr) driver_->library_unload(library_);
  for (const auto& [device, module] : modules_) {
    ScopedContext context(*driver_, device->context());
    llvm::consumeError(context.TakeError());
    driver_->module_unload(module);
  }
}

llvm::Expected<DeviceFunction> Module::FunctionOn(const std::shared_ptr<const Device>& device,
                                                  int threads, int smem_bytes) {
  ScopedContext context(*driver_, device->context());
  if (llvm::Error error = context.TakeError()) return error;
  DeviceFunction found;
  if (llvm::Error error = Find(device, found)) return error;
  const auto limit = cu::kFunctionMaxDynamicSharedBytes;
  if (llvm::Error error = Check("cuFuncSetAttribute",
                                driver_->func_set_attribute(found.function, limit, smem_bytes))) {
    return error;
  }
  if (found.kernel != nullptr) {
    if (llvm::Error error = Check(
            "cuKernelSetAttribute",
            driver_->kernel_set_attribute(limit, smem_bytes, found.kernel, device->handle()))) {
      return error;
    }
  }
  const std::pair<cu::FunctionAttribute, int*> attributes[] = {
      {cu::kFunctionRegisters, &found.registers},
      {cu::kFunctionLocalBytes, &found.local_bytes},
  };
  for (const auto& [attribute, value] : attributes) {
    if (llvm::Error error = Check("cuFuncGetAttribute",
                                  driver_->func_get_attribute(value, attribute, found.function))) {
      return error;
    }
  }
  if (llvm::Error error = Check("cuOccupancyMaxActiveBlocksPerMultiprocessor",
                                driver_->occupancy(&found.blocks_per_sm, found.function, threads,
                                                   static_cast<size_t>(smem_bytes)))) {
    return error;
  }
  return found;
}

llvm::Error Module::Find(const std::shared_ptr<const Device>& device, DeviceFunction& found) {
  if (library_ == nullptr) return FindInModule(found, device);
  found.kernel = kernel_;
  return Check("cuKernelGetFunction", driver_->kernel_get_function(&found.function, kernel_));
}

llvm::Error Module::FindInModule(DeviceFunction& found,
                                 const std::shared_ptr<const Device>& device) {
  std::lock_guard<std::mutex> lock(mutex_);
  cu::Module loaded = nullptr;
  for (const auto& [other, module] : modules_) {
    if (other->context() == device->context()) loaded = module;
  }
  if (loaded == nullptr) {
    if (llvm::Error error =
            Check("cuModuleLoadData", driver_->module_load_data(&loaded, cubin_.c_str()))) {
      return error;
    }
    modules_.emplace_back(device, loaded);
  }
  return Check("cuModuleGetFunction",
               driver_->module_get_function(&found.function, loaded, name_.c_str()));
}

}  // namespace attnjit
