#include "fake_driver.h"

#include <algorithm>
#include <cstring>

namespace attnjit {
namespace {

FakeDriver* fake = nullptr;
thread_local std::vector<cu::Context> context_stack;

template <typename Handle>
Handle MakeHandle(uintptr_t value) {
  return reinterpret_cast<Handle>(value);
}

constexpr uintptr_t kPrimary = 0x1000;
constexpr uintptr_t kOther = 0x2000;

cu::Device DeviceOf(cu::Context context) {
  return static_cast<cu::Device>(reinterpret_cast<uintptr_t>(context) & 0xff);
}

}  // namespace

/// The functions of the table.
struct FakeCalls {
#define ATTNJIT_RECORD(symbol) \
  if (const cu::Result failure = fake->Record(#symbol); failure != cu::kSuccess) return failure

  static cu::Result GetErrorName(cu::Result error, const char** text) {
    *text = error == cu::kErrorInvalidValue ? "CUDA_ERROR_INVALID_VALUE" : nullptr;
    return *text != nullptr ? cu::kSuccess : cu::kErrorInvalidValue;
  }
  static cu::Result GetErrorString(cu::Result error, const char** text) {
    *text = error == cu::kErrorInvalidValue ? "invalid argument" : nullptr;
    return *text != nullptr ? cu::kSuccess : cu::kErrorInvalidValue;
  }
  static cu::Result DeviceGetCount(int* count) {
    ATTNJIT_RECORD(cuDeviceGetCount);
    *count = static_cast<int>(fake->devices.size());
    return cu::kSuccess;
  }
  static cu::Result DeviceGet(cu::Device* device, int ordinal) {
    ATTNJIT_RECORD(cuDeviceGet);
    *device = ordinal;
    return cu::kSuccess;
  }
  static cu::Result DeviceGetName(char* name, int size, cu::Device) {
    ATTNJIT_RECORD(cuDeviceGetName);
    std::strncpy(name, "Fake GPU", static_cast<size_t>(size));
    return cu::kSuccess;
  }
  static cu::Result DeviceGetAttribute(int* value, cu::DeviceAttribute attribute,
                                       cu::Device device) {
    ATTNJIT_RECORD(cuDeviceGetAttribute);
    const FakeDriver::DeviceInfo& info = fake->devices[static_cast<size_t>(device)];
    switch (attribute) {
      case cu::kComputeCapabilityMajor:
        *value = info.major;
        break;
      case cu::kComputeCapabilityMinor:
        *value = info.minor;
        break;
      case cu::kMultiprocessorCount:
        *value = info.sm_count;
        break;
      case cu::kL2CacheBytes:
        *value = info.l2_bytes;
        break;
      case cu::kPageableMemoryAccess:
        *value = info.pageable ? 1 : 0;
        break;
      default:
        return cu::kErrorInvalidValue;
    }
    return cu::kSuccess;
  }
  static cu::Result PrimaryCtxRetain(cu::Context* context, cu::Device device) {
    ATTNJIT_RECORD(cuDevicePrimaryCtxRetain);
    *context = FakeDriver::PrimaryContext(device);
    return cu::kSuccess;
  }
  static cu::Result PrimaryCtxRelease(cu::Device) {
    ATTNJIT_RECORD(cuDevicePrimaryCtxRelease_v2);
    return cu::kSuccess;
  }
  static cu::Result CtxPush(cu::Context context) {
    ATTNJIT_RECORD(cuCtxPushCurrent_v2);
    context_stack.push_back(context);
    return cu::kSuccess;
  }
  static cu::Result CtxPop(cu::Context* context) {
    ATTNJIT_RECORD(cuCtxPopCurrent_v2);
    if (context_stack.empty()) return cu::kErrorInvalidContext;
    *context = context_stack.back();
    context_stack.pop_back();
    return cu::kSuccess;
  }
  static cu::Result CtxGetCurrent(cu::Context* context) {
    ATTNJIT_RECORD(cuCtxGetCurrent);
    *context = FakeDriver::CurrentContext();
    return cu::kSuccess;
  }
  static cu::Result CtxGetDevice(cu::Device* device) {
    ATTNJIT_RECORD(cuCtxGetDevice);
    if (context_stack.empty()) return cu::kErrorInvalidContext;
    *device = DeviceOf(context_stack.back());
    return cu::kSuccess;
  }
  static cu::Result PointerGetAttributes(unsigned count, cu::PointerAttribute* attributes,
                                         void** values, cu::DevicePtr pointer) {
    ATTNJIT_RECORD(cuPointerGetAttributes);
    FakeDriver::Pointer info = {cu::kMemoryTypeDevice, 0, false};
    const auto found = fake->pointers.find(reinterpret_cast<const void*>(pointer));
    if (found != fake->pointers.end()) info = found->second;
    for (unsigned i = 0; i < count; ++i) {
      switch (attributes[i]) {
        case cu::kPointerMemoryType:
          *static_cast<unsigned*>(values[i]) = info.memory_type;
          break;
        case cu::kPointerIsManaged:
          *static_cast<unsigned char*>(values[i]) = info.managed ? 1 : 0;
          break;
        case cu::kPointerDeviceOrdinal:
          *static_cast<int*>(values[i]) = info.ordinal;
          break;
      }
    }
    return cu::kSuccess;
  }
  static cu::Result LibraryLoadData(cu::Library* library, const void* image, void*, void**,
                                    unsigned, void*, void**, unsigned) {
    ATTNJIT_RECORD(cuLibraryLoadData);
    if (fake->refused_image == static_cast<const char*>(image)) return cu::kErrorNoBinaryForGpu;
    std::lock_guard<std::mutex> lock(fake->mutex_);
    fake->images_.push_back(static_cast<const char*>(image));
    *library = MakeHandle<cu::Library>(0x100 + fake->images_.size());
    return cu::kSuccess;
  }
  static cu::Result LibraryUnload(cu::Library) {
    ATTNJIT_RECORD(cuLibraryUnload);
    return cu::kSuccess;
  }
  static cu::Result LibraryGetKernel(cu::Kernel* kernel, cu::Library library, const char*) {
    ATTNJIT_RECORD(cuLibraryGetKernel);
    *kernel = MakeHandle<cu::Kernel>(0x10000 + reinterpret_cast<uintptr_t>(library));
    return cu::kSuccess;
  }
  static cu::Result KernelGetFunction(cu::Function* function, cu::Kernel kernel) {
    ATTNJIT_RECORD(cuKernelGetFunction);
    if (context_stack.empty()) return cu::kErrorInvalidContext;
    *function =
        MakeHandle<cu::Function>(0x20000 + reinterpret_cast<uintptr_t>(kernel) +
                                 (static_cast<uintptr_t>(DeviceOf(context_stack.back())) << 24));
    return cu::kSuccess;
  }
  static cu::Result KernelSetAttribute(cu::FunctionAttribute, int, cu::Kernel, cu::Device) {
    ATTNJIT_RECORD(cuKernelSetAttribute);
    return cu::kSuccess;
  }
  static cu::Result ModuleLoadData(cu::Module* module, const void* image) {
    ATTNJIT_RECORD(cuModuleLoadData);
    if (context_stack.empty()) return cu::kErrorInvalidContext;
    std::lock_guard<std::mutex> lock(fake->mutex_);
    fake->images_.push_back(static_cast<const char*>(image));
    *module = MakeHandle<cu::Module>(0x100 + fake->images_.size());
    return cu::kSuccess;
  }
  static cu::Result ModuleUnload(cu::Module) {
    ATTNJIT_RECORD(cuModuleUnload);
    return cu::kSuccess;
  }
  static cu::Result ModuleGetFunction(cu::Function* function, cu::Module module, const char*) {
    ATTNJIT_RECORD(cuModuleGetFunction);
    *function = MakeHandle<cu::Function>(0x30000 + reinterpret_cast<uintptr_t>(module));
    return cu::kSuccess;
  }
  static cu::Result FuncSetAttribute(cu::Function, cu::FunctionAttribute, int) {
    ATTNJIT_RECORD(cuFuncSetAttribute);
    return cu::kSuccess;
  }
  static cu::Result FuncGetAttribute(int* value, cu::FunctionAttribute attribute, cu::Function) {
    ATTNJIT_RECORD(cuFuncGetAttribute);
    *value = attribute == cu::kFunctionRegisters ? 168 : 0;
    return cu::kSuccess;
  }
  static cu::Result Occupancy(int* blocks, cu::Function, int, size_t) {
    ATTNJIT_RECORD(cuOccupancyMaxActiveBlocksPerMultiprocessor);
    *blocks = 1;
    return cu::kSuccess;
  }
  static cu::Result LaunchKernel(const cu::LaunchConfig* config, cu::Function function,
                                 void** parameters, void**) {
    ATTNJIT_RECORD(cuLaunchKernelEx);
    FakeDriver::Launch launch = {};
    launch.config = *config;
    launch.function = function;
    launch.context = FakeDriver::CurrentContext();
    std::memcpy(&launch.params, parameters[0], sizeof(ForwardParams));
    for (int i = 1; i <= fake->maps_per_launch; ++i) {
      launch.maps.push_back(static_cast<const cu::TensorMap*>(parameters[i])->opaque[0]);
    }
    std::lock_guard<std::mutex> lock(fake->mutex_);
    fake->launches_.push_back(std::move(launch));
    return cu::kSuccess;
  }
  static cu::Result TensorMapEncodeTiled(cu::TensorMap* map, cu::TensorMapDataType type,
                                         uint32_t rank, void* address, const uint64_t* dims,
                                         const uint64_t* strides, const uint32_t* box,
                                         const uint32_t*, cu::TensorMapInterleave,
                                         cu::TensorMapSwizzle swizzle, cu::TensorMapL2Promotion,
                                         cu::TensorMapOobFill) {
    ATTNJIT_RECORD(cuTensorMapEncodeTiled);
    std::lock_guard<std::mutex> lock(fake->mutex_);
    map->opaque[0] = fake->maps_.size();
    fake->maps_.push_back({type,
                           rank,
                           address,
                           {dims, dims + rank},
                           {strides, strides + rank - 1},
                           {box, box + rank},
                           swizzle});
    return cu::kSuccess;
  }
#undef ATTNJIT_RECORD

  // Functions of the table that nothing under test may call: they record, and fail.
  template <typename... Arguments>
  struct Unexpected {
    template <size_t kField>
    static cu::Result Call(Arguments...) {
      static constexpr const char* kNames[] = {
#define ATTNJIT_NAME(need, field, symbol, parameters) #symbol,
          ATTNJIT_DRIVER_FUNCTIONS(ATTNJIT_NAME)
#undef ATTNJIT_NAME
      };
      fake->Record(kNames[kField]);
      return cu::kErrorNotSupported;
    }
  };
  template <size_t kField, typename... Arguments>
  static void SetUnexpected(cu::Result (*&function)(Arguments...)) {
    function = &Unexpected<Arguments...>::template Call<kField>;
  }
};

FakeDriver::FakeDriver() { fake = this; }
FakeDriver::~FakeDriver() { fake = nullptr; }

cu::Result FakeDriver::Record(const char* symbol) {
  std::lock_guard<std::mutex> lock(mutex_);
  calls_.push_back(symbol);
  const auto failure = failures.find(symbol);
  return failure == failures.end() ? cu::kSuccess : failure->second;
}

DriverTable FakeDriver::Table() {
  DriverTable table;
  enum Field : size_t {
#define ATTNJIT_INDEX(need, field, symbol, parameters) k_##field,
    ATTNJIT_DRIVER_FUNCTIONS(ATTNJIT_INDEX)
#undef ATTNJIT_INDEX
  };
#define ATTNJIT_SET(need, field, symbol, parameters) \
  FakeCalls::SetUnexpected<k_##field>(table.field);
  ATTNJIT_DRIVER_FUNCTIONS(ATTNJIT_SET)
#undef ATTNJIT_SET
  table.get_error_name = FakeCalls::GetErrorName;
  table.get_error_string = FakeCalls::GetErrorString;
  table.device_get_count = FakeCalls::DeviceGetCount;
  table.device_get = FakeCalls::DeviceGet;
  table.device_get_name = FakeCalls::DeviceGetName;
  table.device_get_attribute = FakeCalls::DeviceGetAttribute;
  table.device_primary_ctx_retain = FakeCalls::PrimaryCtxRetain;
  table.device_primary_ctx_release = FakeCalls::PrimaryCtxRelease;
  table.ctx_push_current = FakeCalls::CtxPush;
  table.ctx_pop_current = FakeCalls::CtxPop;
  table.ctx_get_current = FakeCalls::CtxGetCurrent;
  table.ctx_get_device = FakeCalls::CtxGetDevice;
  table.pointer_get_attributes = FakeCalls::PointerGetAttributes;
  table.library_load_data = FakeCalls::LibraryLoadData;
  table.library_unload = FakeCalls::LibraryUnload;
  table.library_get_kernel = FakeCalls::LibraryGetKernel;
  table.kernel_get_function = FakeCalls::KernelGetFunction;
  table.kernel_set_attribute = FakeCalls::KernelSetAttribute;
  table.module_load_data = FakeCalls::ModuleLoadData;
  table.module_unload = FakeCalls::ModuleUnload;
  table.module_get_function = FakeCalls::ModuleGetFunction;
  table.func_set_attribute = FakeCalls::FuncSetAttribute;
  table.func_get_attribute = FakeCalls::FuncGetAttribute;
  table.occupancy = FakeCalls::Occupancy;
  table.launch_kernel = FakeCalls::LaunchKernel;
  table.tensor_map_encode_tiled = FakeCalls::TensorMapEncodeTiled;
  return table;
}

std::shared_ptr<const DriverTable> FakeDriver::SharedTable() {
  return std::make_shared<DriverTable>(Table());
}

std::vector<std::string> FakeDriver::calls() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return calls_;
}

int FakeDriver::CountOf(const std::string& symbol) const {
  const std::vector<std::string> all = calls();
  return static_cast<int>(std::count(all.begin(), all.end(), symbol));
}

void FakeDriver::ForgetCalls() {
  std::lock_guard<std::mutex> lock(mutex_);
  calls_.clear();
}

std::vector<FakeDriver::Launch> FakeDriver::launches() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return launches_;
}

std::vector<FakeDriver::EncodedMap> FakeDriver::encoded_maps() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return maps_;
}

std::vector<std::string> FakeDriver::loaded_images() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return images_;
}

cu::Context FakeDriver::PrimaryContext(cu::Device device) {
  return MakeHandle<cu::Context>(kPrimary + static_cast<uintptr_t>(device));
}

cu::Context FakeDriver::OtherContext(cu::Device device) {
  return MakeHandle<cu::Context>(kOther + static_cast<uintptr_t>(device));
}

cu::Context FakeDriver::CurrentContext() {
  return context_stack.empty() ? nullptr : context_stack.back();
}

}  // namespace attnjit
