#include "runtime/module.h"

namespace attnjit {
namespace {

bool HasLibraries(const DriverTable& driver) {
  return driver.library_load_data != nullptr && driver.library_unload != nullptr &&
         driver.library_get_kernel != nullptr && driver.kernel_get_function != nullptr &&
         driver.kernel_set_attribute != nullptr;
}

/// Enough for the first errors of a PTX text.
constexpr size_t kErrorLogBytes = 4096;

}  // namespace

llvm::Error Module::Check(const char* call, cu::Result result, llvm::StringRef log) const {
  if (result == cu::kSuccess) return llvm::Error::success();
  std::string what = std::string(call) + "(" + name_ + ")";
  if (!log.empty()) what += " [" + log.rtrim().str() + "]";
  return MakeDriverError(*driver_, what, result);
}

llvm::Expected<std::shared_ptr<Module>> Module::Load(std::shared_ptr<const DriverTable> driver,
                                                     llvm::StringRef image, std::string name) {
  std::shared_ptr<Module> module(new Module(std::move(driver), std::move(name)));
  const DriverTable& table = *module->driver_;
  if (!HasLibraries(table)) {
    module->image_ = image.str();
    return module;
  }
  if (llvm::Error error = module->LoadLibrary(image)) return error;
  if (llvm::Error error = module->Check(
          "cuLibraryGetKernel",
          table.library_get_kernel(&module->kernel_, module->library_, module->name_.c_str()))) {
    return error;
  }
  return module;
}

/// PTX comes with a log of what is wrong with it; the options are the compiler's, so a cubin has
/// none.
llvm::Error Module::LoadLibrary(llvm::StringRef image) {
  char log[kErrorLogBytes] = {};
  cu::JitOption options[] = {cu::kJitErrorLogBuffer, cu::kJitErrorLogBufferSizeBytes};
  void* values[] = {log, reinterpret_cast<void*>(uintptr_t{sizeof(log)})};
  const bool ptx = driver_->image_format == ImageFormat::kPtx;
  const cu::Result result =
      driver_->library_load_data(&library_, image.data(), ptx ? options : nullptr,
                                 ptx ? values : nullptr, ptx ? 2 : 0, nullptr, nullptr, 0);
  return Check("cuLibraryLoadData", result, log);
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
            Check("cuModuleLoadData", driver_->module_load_data(&loaded, image_.c_str()))) {
      return error;
    }
    modules_.emplace_back(device, loaded);
  }
  return Check("cuModuleGetFunction",
               driver_->module_get_function(&found.function, loaded, name_.c_str()));
}

}  // namespace attnjit
