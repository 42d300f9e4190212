#include "tests/emulator/micro/executor.h"

#include <algorithm>
#include <cstring>

#include "llvm/Support/FormatVariadic.h"

namespace attnjit::micro {
namespace {

/// Device memory, freed with its owner.
class DeviceBuffer {
 public:
  explicit DeviceBuffer(const DriverTable& driver) : driver_(driver) {}
  DeviceBuffer(const DeviceBuffer&) = delete;
  ~DeviceBuffer() {
    if (pointer_) driver_.mem_free(pointer_);
  }
  llvm::Error Fill(const Bytes& bytes) {
    // An empty buffer has an address, too.
    size_t size = std::max<size_t>(bytes.size(), 16);
    if (llvm::Error e = CheckDriver(driver_, "cuMemAlloc", driver_.mem_alloc(&pointer_, size))) {
      return e;
    }
    if (bytes.empty()) return llvm::Error::success();
    return CheckDriver(driver_, "cuMemcpyHtoDAsync",
                       driver_.memcpy_htod_async(pointer_, bytes.data(), bytes.size(), nullptr));
  }
  cu::DevicePtr get() const { return pointer_; }

 private:
  const DriverTable& driver_;
  cu::DevicePtr pointer_ = 0;
};

cu::Result EncodeMap(const DriverTable& driver, const MapSpec& spec, cu::DevicePtr base,
                     cu::TensorMap* map) {
  const uint64_t none = 0;  // The driver refuses a null pointer even where it reads nothing.
  return driver.tensor_map_encode_tiled(
      map, spec.type, static_cast<uint32_t>(spec.dims.size()),
      reinterpret_cast<void*>(base + spec.offset), spec.dims.data(),
      spec.strides.empty() ? &none : spec.strides.data(), spec.box.data(),
      spec.element_strides.data(), spec.interleave, spec.swizzle, spec.promotion, spec.fill);
}

}  // namespace

llvm::Expected<std::unique_ptr<Executor>> Executor::Create(Device device) {
  std::unique_ptr<Executor> executor(new Executor(std::move(device)));
  if (llvm::Error error = executor->Open()) return error;
  return executor;
}

llvm::Error Executor::Open() {
  const DriverTable& d = *driver_;
  if (llvm::Error e = Check("cuDeviceGet", d.device_get(&device_, 0))) return e;
  char name[256] = {};
  if (llvm::Error e = Check("cuDeviceGetName", d.device_get_name(name, 255, device_))) return e;
  int major = 0, minor = 0, version = 0;
  d.device_get_attribute(&major, cu::kComputeCapabilityMajor, device_);
  d.device_get_attribute(&minor, cu::kComputeCapabilityMinor, device_);
  d.driver_get_version(&version);
  capability_ = major * 10 + minor;
  description_ = llvm::formatv("{0}, sm_{1}, driver {2}", name, capability_, version).str();
  cu::Context context = nullptr;
  if (llvm::Error e =
          Check("cuDevicePrimaryCtxRetain", d.device_primary_ctx_retain(&context, device_))) {
    return e;
  }
  context_ = context;
  return Check("cuCtxPushCurrent", d.ctx_push_current(context_));
}

Executor::~Executor() {
  if (!context_) return;
  cu::Context popped = nullptr;
  driver_->ctx_pop_current(&popped);
  driver_->device_primary_ctx_release(device_);
}

llvm::Expected<cu::Module> Executor::Load(const std::vector<const Case*>& cases) {
  std::vector<const Case*> kernels;
  for (const Case* c : cases) {
    if (c->encodes.empty()) kernels.push_back(c);
  }
  cu::Module module = nullptr;
  if (kernels.empty()) return module;
  std::string text = ModuleText(kernels);
  llvm::Error loaded = Check("cuModuleLoadData", driver_->module_load_data(&module, text.c_str()));
  if (loaded) return WithRemarks(std::move(loaded));
  return module;
}

void Executor::Unload(cu::Module module) {
  if (module) driver_->module_unload(module);
}

llvm::Expected<Bytes> Executor::Encode(const Case& c) {
  Bytes results;
  // The checks look at the address and never follow it.
  constexpr cu::DevicePtr kAligned = 0x7f0000100000;
  for (const MapSpec& spec : c.encodes) {
    cu::TensorMap map;
    auto result = static_cast<uint32_t>(EncodeMap(*driver_, spec, kAligned, &map));
    results.resize(results.size() + sizeof(result));
    std::memcpy(results.data() + results.size() - sizeof(result), &result, sizeof(result));
  }
  return results;
}

llvm::Expected<Bytes> Executor::Run(cu::Module module, const Case& c) {
  llvm::Expected<Bytes> output = c.encodes.empty() ? RunKernel(module, c) : Encode(c);
  // A refused encoding is what such a case is about: the emulator's word on it is no failure.
  if (!c.encodes.empty()) {
    remarks_();
    return output;
  }
  if (llvm::Error e = WithRemarks(output ? llvm::Error::success() : output.takeError())) return e;
  return output;
}

llvm::Error Executor::WithRemarks(llvm::Error error) {
  std::string remarks = remarks_();
  if (remarks.empty()) return error;
  std::string text = error ? llvm::toString(std::move(error)) + ": " : "";
  return llvm::createStringError(llvm::inconvertibleErrorCode(), "%s%s", text.c_str(),
                                 remarks.c_str());
}

llvm::Expected<Bytes> Executor::RunKernel(cu::Module module, const Case& c) {
  DeviceBuffer output(*driver_), input(*driver_);
  if (llvm::Error e = output.Fill(c.output)) return e;
  if (llvm::Error e = input.Fill(c.input)) return e;
  if (llvm::Error e = Launch(module, c, output.get(), input.get())) return e;
  Bytes result(c.output.size());
  if (llvm::Error e = Check("cuCtxSynchronize", driver_->ctx_synchronize())) return e;
  if (llvm::Error e =
          Check("cuMemcpyDtoHAsync",
                driver_->memcpy_dtoh_async(result.data(), output.get(), result.size(), nullptr))) {
    return e;
  }
  if (llvm::Error e = Check("cuStreamSynchronize", driver_->stream_synchronize(nullptr))) {
    return e;
  }
  return result;
}

llvm::Error Executor::Launch(cu::Module module, const Case& c, cu::DevicePtr output,
                             cu::DevicePtr input) {
  cu::Function function = nullptr;
  if (llvm::Error e = Check("cuModuleGetFunction",
                            driver_->module_get_function(&function, module, c.entry.c_str()))) {
    return e;
  }
  if (c.dynamic_shared) {
    if (llvm::Error e =
            Check("cuFuncSetAttribute",
                  driver_->func_set_attribute(function, cu::kFunctionMaxDynamicSharedBytes,
                                              static_cast<int>(c.dynamic_shared)))) {
      return e;
    }
  }
  std::vector<cu::TensorMap> maps(c.maps.size());
  std::vector<void*> parameters = {&output, &input};
  for (size_t i = 0; i < maps.size(); ++i) {
    cu::DevicePtr base = c.maps[i].over_output ? output : input;
    if (llvm::Error e =
            Check("cuTensorMapEncodeTiled", EncodeMap(*driver_, c.maps[i], base, &maps[i]))) {
      return e;
    }
    parameters.push_back(&maps[i]);
  }
  cu::LaunchConfig config;
  config.grid_x = c.grid;
  config.block_x = c.block;
  config.shared_bytes = c.dynamic_shared;
  return Check("cuLaunchKernelEx",
               driver_->launch_kernel(&config, function, parameters.data(), nullptr));
}

}  // namespace attnjit::micro
