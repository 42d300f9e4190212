// Code and launches of the emulated driver.
#include <algorithm>
#include <cstring>
#include <limits>

#include "runtime/emulator/async/tensor_map.h"
#include "runtime/emulator/driver/driver.h"
#include "runtime/emulator/driver/occupancy.h"
#include "runtime/emulator/driver/pack_launch.h"
#include "runtime/emulator/machine/grid.h"

namespace attnjit::emulator {
namespace {

/// Copies what fits of `log` into the buffer that the caller's options name.
void WriteErrorLog(const std::string& log, const void* options, void* const* values,
                   unsigned count) {
  const auto* names = static_cast<const cu::JitOption*>(options);
  char* buffer = nullptr;
  size_t size = 0;
  for (unsigned i = 0; i < count && names != nullptr && values != nullptr; ++i) {
    if (names[i] == cu::kJitErrorLogBuffer) buffer = static_cast<char*>(values[i]);
    if (names[i] == cu::kJitErrorLogBufferSizeBytes) size = reinterpret_cast<uintptr_t>(values[i]);
  }
  if (buffer == nullptr || size == 0) return;
  const size_t length = std::min(size - 1, log.size());
  std::memcpy(buffer, log.data(), length);
  buffer[length] = '\0';
}

/// What a kernel that faulted leaves behind, by the first report that explains it.
cu::Result FailureOf(const std::vector<Report>& reports) {
  for (const Report& report : reports) {
    if (report.rule == Rule::kOutOfBounds) return cu::kErrorIllegalAddress;
    if (report.rule == Rule::kMisaligned) return cu::kErrorMisalignedAddress;
    if (report.rule == Rule::kIllegalInstruction) return cu::kErrorIllegalInstruction;
    if (report.rule == Rule::kDeadlock)
      return cu::kErrorLaunchTimeout;  // A GPU's watchdog says so.
  }
  return cu::kErrorLaunchFailed;
}

/// Dynamic shared memory that a function may have without asking for more.
int DefaultDynamicShared(const DeviceModel& device, const Program& program) {
  return std::max(0, device.shared_bytes_per_block - static_cast<int>(program.static_shared_bytes));
}

}  // namespace

cu::Result Driver::Load(const void* data, std::shared_ptr<const Image>& image, std::string& log) {
  {
    Lock lock(mutex_);
    if (cu::Result result = RefuseInCapture()) return result;
  }
  const cu::Result result = LoadImage(data, image, log);
  Log(log);
  return result;
}

cu::Function Driver::AddFunction(std::shared_ptr<const Program> program,
                                 std::shared_ptr<ModuleVariables> variables, int ordinal) {
  auto function = std::make_shared<Function>();
  function->max_dynamic_shared = DefaultDynamicShared(models_[ordinal], *program);
  function->program = std::move(program);
  function->variables = std::move(variables);
  function->ordinal = ordinal;
  const auto handle = numbers_.Next<cu::Function>();
  functions_.Add(handle, std::move(function));
  return handle;
}

cu::Result Driver::LibraryLoadData(cu::Library* library, const void* image, void* jit_options,
                                   void** jit_values, unsigned jit_count, void* options,
                                   void** values, unsigned count) {
  if (library == nullptr) return cu::kErrorInvalidValue;
  if (count != 0) return cu::kErrorNotSupported;
  auto made = std::make_shared<Library>();
  std::string log;
  cu::Result result = Load(image, made->image, log);
  const auto runs = [&](const DeviceModel& model) { return RunsOn(made->image->target, model); };
  if (result == cu::kSuccess && std::none_of(models_.begin(), models_.end(), runs)) {
    log = "PTX for " + made->image->target + " does not run on " + models_.front().name;
    Log(log);
    result = cu::kErrorNoBinaryForGpu;
  }
  WriteErrorLog(log, jit_options, jit_values, jit_count);
  if (result != cu::kSuccess) return result;
  for (size_t i = 0; i < models_.size(); ++i) {
    made->variables.push_back(ModuleVariables::Make(*made->image));
    if (made->variables.back() == nullptr) return cu::kErrorOutOfMemory;
  }
  Lock lock(mutex_);
  *library = numbers_.Next<cu::Library>();
  libraries_.Add(*library, std::move(made));
  return cu::kSuccess;
}

cu::Result Driver::LibraryUnload(cu::Library library) {
  Lock lock(mutex_);
  const std::shared_ptr<Library> found = libraries_.Remove(library);
  if (found == nullptr) return cu::kErrorInvalidHandle;
  for (const auto& [name, handle] : found->kernels) {
    const std::shared_ptr<Kernel> kernel = kernels_.Remove(handle);
    for (cu::Function function : kernel->functions) functions_.Remove(function);
  }
  return cu::kSuccess;
}

cu::Result Driver::LibraryGetKernel(cu::Kernel* kernel, cu::Library library, const char* name) {
  if (kernel == nullptr || name == nullptr) return cu::kErrorInvalidValue;
  Lock lock(mutex_);
  const std::shared_ptr<Library> found = libraries_.Find(library);
  if (found == nullptr) return cu::kErrorInvalidHandle;
  for (const auto& [known, handle] : found->kernels) {
    if (known != name) continue;
    *kernel = handle;
    return cu::kSuccess;
  }
  const auto entry = found->image->entries.find(name);
  if (entry == found->image->entries.end()) return cu::kErrorNotFound;
  auto made = std::make_shared<Kernel>();
  made->program = entry->second;
  made->functions.resize(models_.size());
  for (size_t i = 0; i < models_.size(); ++i) {
    if (!RunsOn(found->image->target, models_[i])) continue;
    made->functions[i] = AddFunction(made->program, found->variables[i], static_cast<int>(i));
  }
  *kernel = numbers_.Next<cu::Kernel>();
  found->kernels.emplace_back(name, *kernel);
  kernels_.Add(*kernel, std::move(made));
  return cu::kSuccess;
}

cu::Result Driver::KernelGetFunction(cu::Function* function, cu::Kernel kernel) {
  if (function == nullptr) return cu::kErrorInvalidValue;
  Lock lock(mutex_);
  ContextPtr context;
  if (cu::Result result = Current(context)) return result;
  const std::shared_ptr<Kernel> found = kernels_.Find(kernel);
  if (found == nullptr) return cu::kErrorInvalidHandle;
  *function = found->functions[context->ordinal];
  return *function != nullptr ? cu::kSuccess : cu::kErrorNoBinaryForGpu;
}

cu::Result Driver::KernelSetAttribute(cu::FunctionAttribute attribute, int value, cu::Kernel kernel,
                                      cu::Device device) {
  if (!IsDevice(device)) return cu::kErrorInvalidDevice;
  Lock lock(mutex_);
  const std::shared_ptr<Kernel> found = kernels_.Find(kernel);
  if (found == nullptr) return cu::kErrorInvalidHandle;
  const std::shared_ptr<Function> function = functions_.Find(found->functions[device]);
  if (function == nullptr) return cu::kErrorNoBinaryForGpu;
  return SetAttribute(*function, attribute, value);
}

cu::Result Driver::ModuleLoadData(cu::Module* module, const void* image) {
  if (module == nullptr) return cu::kErrorInvalidValue;
  auto made = std::make_shared<Module>();
  std::string log;
  if (cu::Result result = Load(image, made->image, log)) return result;
  std::unique_lock<std::mutex> lock(mutex_);
  ContextPtr context;
  if (cu::Result result = Current(context)) return result;
  if (!RunsOn(made->image->target, *context->model)) {
    lock.unlock();
    Log("PTX for " + made->image->target + " does not run on " + context->model->name);
    return cu::kErrorNoBinaryForGpu;
  }
  made->context = context;
  made->variables = ModuleVariables::Make(*made->image);
  if (made->variables == nullptr) return cu::kErrorOutOfMemory;
  *module = numbers_.Next<cu::Module>();
  modules_.Add(*module, std::move(made));
  return cu::kSuccess;
}

cu::Result Driver::ModuleUnload(cu::Module module) {
  Lock lock(mutex_);
  const std::shared_ptr<Module> found = modules_.Remove(module);
  if (found == nullptr) return cu::kErrorInvalidHandle;
  for (const auto& [name, function] : found->functions) functions_.Remove(function);
  return cu::kSuccess;
}

cu::Result Driver::ModuleGetFunction(cu::Function* function, cu::Module module, const char* name) {
  if (function == nullptr || name == nullptr) return cu::kErrorInvalidValue;
  Lock lock(mutex_);
  const std::shared_ptr<Module> found = modules_.Find(module);
  if (found == nullptr) return cu::kErrorInvalidHandle;
  for (const auto& [known, handle] : found->functions) {
    if (known != name) continue;
    *function = handle;
    return cu::kSuccess;
  }
  const auto entry = found->image->entries.find(name);
  if (entry == found->image->entries.end()) return cu::kErrorNotFound;
  *function = AddFunction(entry->second, found->variables, found->context.lock()->ordinal);
  found->functions.emplace_back(name, *function);
  return cu::kSuccess;
}

cu::Result Driver::FindFunction(cu::Function handle, std::shared_ptr<Function>& function) const {
  function = functions_.Find(handle);
  if (function != nullptr) return cu::kSuccess;
  // A library's kernel stands for its function in the current context.
  const std::shared_ptr<Kernel> kernel = kernels_.Find(reinterpret_cast<cu::Kernel>(handle));
  if (kernel == nullptr) return cu::kErrorInvalidHandle;
  ContextPtr context;
  if (cu::Result result = Current(context)) return result;
  function = functions_.Find(kernel->functions[context->ordinal]);
  return function != nullptr ? cu::kSuccess : cu::kErrorNoBinaryForGpu;
}

cu::Result Driver::FuncSetAttribute(cu::Function handle, cu::FunctionAttribute attribute,
                                    int value) {
  Lock lock(mutex_);
  std::shared_ptr<Function> function;
  if (cu::Result result = FindFunction(handle, function)) return result;
  return SetAttribute(*function, attribute, value);
}

cu::Result Driver::SetAttribute(Function& function, cu::FunctionAttribute attribute, int value) {
  const DeviceModel& device = models_[function.ordinal];
  switch (attribute) {
    case cu::kFunctionMaxDynamicSharedBytes: {
      const int limit = device.shared_bytes_per_block_optin -
                        static_cast<int>(function.program->static_shared_bytes);
      if (value < 0 || value > limit) return cu::kErrorInvalidValue;
      function.max_dynamic_shared = value;
      return cu::kSuccess;
    }
    case cu::kFunctionNonPortableCluster:
      function.non_portable_cluster = value != 0;
      return cu::kSuccess;
    default:
      return cu::kErrorInvalidValue;
  }
}

cu::Result Driver::FuncGetAttribute(int* value, cu::FunctionAttribute attribute,
                                    cu::Function handle) {
  if (value == nullptr) return cu::kErrorInvalidValue;
  Lock lock(mutex_);
  std::shared_ptr<Function> function;
  if (cu::Result result = FindFunction(handle, function)) return result;
  const Program& program = *function->program;
  switch (attribute) {
    case cu::kFunctionMaxThreadsPerBlock: {
      const auto& given = program.max_threads;
      *value = given[0] != 0 ? static_cast<int>(given[0] * given[1] * given[2])
                             : models_[function->ordinal].max_threads_per_block;
      return cu::kSuccess;
    }
    case cu::kFunctionSharedBytes:
      return *value = static_cast<int>(program.static_shared_bytes), cu::kSuccess;
    case cu::kFunctionLocalBytes:
      return *value = static_cast<int>(program.local_bytes), cu::kSuccess;
    case cu::kFunctionRegisters:
      return *value = static_cast<int>(program.registers_per_thread), cu::kSuccess;
    case cu::kFunctionMaxDynamicSharedBytes:
      return *value = function->max_dynamic_shared, cu::kSuccess;
    case cu::kFunctionNonPortableCluster:
      return *value = function->non_portable_cluster, cu::kSuccess;
  }
  return cu::kErrorInvalidValue;
}

cu::Result Driver::Occupancy(int* blocks, cu::Function handle, int block_size,
                             size_t dynamic_shared_bytes) {
  if (blocks == nullptr || block_size < 1) return cu::kErrorInvalidValue;
  Lock lock(mutex_);
  std::shared_ptr<Function> function;
  if (cu::Result result = FindFunction(handle, function)) return result;
  const Program& program = *function->program;
  const size_t largest = std::numeric_limits<int>::max();
  const int64_t shared = static_cast<int64_t>(std::min(dynamic_shared_bytes, largest));
  *blocks = BlocksPerSm(models_[function->ordinal],
                        {block_size, static_cast<int>(program.registers_per_thread),
                         shared + program.static_shared_bytes});
  return cu::kSuccess;
}

cu::Result Driver::LaunchKernel(const cu::LaunchConfig* config, cu::Function handle,
                                void** parameters, void** extra) {
  if (config == nullptr) return cu::kErrorInvalidValue;
  ContextPtr context;
  std::shared_ptr<Function> function;
  {
    Lock lock(mutex_);
    if (cu::Result result = Current(context)) return result;
    if (cu::Result result = FindFunction(handle, function)) return result;
  }
  if (function->ordinal != context->ordinal) return cu::kErrorInvalidHandle;
  Launch launch;
  std::string log;
  if (cu::Result result =
          PackLaunch(*config, *function, *context, parameters, extra, launch, log)) {
    Log(std::move(log));
    return result;
  }
  return Submit(config->stream, [this, launch = std::move(launch), program = function->program,
                                 variables = function->variables](Context& target) mutable {
    const std::unique_ptr<GlobalMemory> memory =
        GlobalMemory::View(*target.memory, variables->window());
    launch.memory = memory.get();
    return RunLaunch(target, launch);
  });
}

cu::Result Driver::RunLaunch(Context& context, const Launch& launch) {
  RunOptions options;
  options.sanitize = options_.sanitize;
  options.tcgen05_fences = options_.tcgen05_fences;
  options.tcgen05_waits = options_.tcgen05_waits;
  options.threads = options_.threads;
  options.max_instructions = options_.max_instructions;
  {
    Lock lock(mutex_);
    options.policy = policy_;
  }
  ReportSink sink;
  sink.AddSilences(options_.silences);
  const GridResult result = RunGrid(launch, options, sink);
  findings_.Add(sink, result.counters);
  if (!result.completed) context.failure = FailureOf(sink.reports());
  return cu::kSuccess;
}

cu::Result Driver::TensorMapEncodeTiled(
    cu::TensorMap* map, cu::TensorMapDataType type, uint32_t rank, void* address,
    const uint64_t* dims, const uint64_t* strides, const uint32_t* box,
    const uint32_t* element_strides, cu::TensorMapInterleave interleave,
    cu::TensorMapSwizzle swizzle, cu::TensorMapL2Promotion promotion, cu::TensorMapOobFill fill) {
  // Maps belong to no device: the driver answers for those it has (an H200's refuses these).
  const bool has_atoms = models_.front().major >= 10;
  if (!has_atoms && swizzle > cu::kTensorMapSwizzle128B) {
    Log("swizzle " + std::to_string(static_cast<int>(swizzle)) + ": " + models_.front().arch +
        " has none with atoms");
    return cu::kErrorInvalidValue;
  }
  Log(TensorMapProblem(map, type, rank, address, dims, strides, box, element_strides, interleave,
                       swizzle, promotion, fill));
  return EncodeTensorMap(map, type, rank, address, dims, strides, box, element_strides, interleave,
                         swizzle, promotion, fill);
}

}  // namespace attnjit::emulator
