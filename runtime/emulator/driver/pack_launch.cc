#include "runtime/emulator/driver/pack_launch.h"

#include <cstring>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/driver/occupancy.h"
#include "runtime/emulator/machine/grid.h"

namespace attnjit::emulator {
namespace {

/// Clusters that every GPU with clusters takes; larger ones must be allowed by an attribute (CUDA
/// C++ Programming Guide 13.0, "Thread Block Clusters").
constexpr uint64_t kPortableCluster = 8;

// CU_LAUNCH_PARAM_*: what `extra` is made of.
enum : uintptr_t { kExtraEnd = 0, kExtraPointer = 1, kExtraSize = 2 };

cu::Result ReadExtra(void** extra, const Program& program, std::vector<uint8_t>& params,
                     std::string& log) {
  const void* data = nullptr;
  size_t bytes = 0;
  for (size_t i = 0; reinterpret_cast<uintptr_t>(extra[i]) != kExtraEnd; i += 2) {
    switch (reinterpret_cast<uintptr_t>(extra[i])) {
      case kExtraPointer:
        data = extra[i + 1];
        break;
      case kExtraSize:
        bytes = *static_cast<const size_t*>(extra[i + 1]);
        break;
      default:
        return cu::kErrorInvalidValue;
    }
  }
  if (data == nullptr || bytes != program.param_bytes) {
    log = llvm::formatv("{0} takes {1} bytes of parameters, given {2}", program.name,
                        program.param_bytes, bytes);
    return cu::kErrorInvalidValue;
  }
  std::memcpy(params.data(), data, bytes);
  return cu::kSuccess;
}

cu::Result ReadParameters(void** parameters, void** extra, const Program& program,
                          std::vector<uint8_t>& params, std::string& log) {
  params.assign(program.param_bytes, 0);
  if (parameters != nullptr && extra != nullptr) return cu::kErrorInvalidValue;
  if (program.params.empty()) return cu::kSuccess;
  if (extra != nullptr) return ReadExtra(extra, program, params, log);
  if (parameters == nullptr) {
    log =
        llvm::formatv("{0} takes {1} parameters, given none", program.name, program.params.size());
    return cu::kErrorInvalidValue;
  }
  for (size_t i = 0; i < program.params.size(); ++i) {
    const ParamInfo& param = program.params[i];
    if (parameters[i] == nullptr) return cu::kErrorInvalidValue;
    std::memcpy(params.data() + param.offset, parameters[i], param.bytes);
  }
  return cu::kSuccess;
}

cu::Result ReadAttributes(const cu::LaunchConfig& config, Dim3& cluster, bool& given,
                          std::string& log) {
  if (config.attribute_count > 0 && config.attributes == nullptr) return cu::kErrorInvalidValue;
  for (const cu::LaunchAttribute& attribute :
       llvm::makeArrayRef(config.attributes, config.attribute_count)) {
    switch (attribute.id) {
      case cu::kLaunchClusterDimension:
        cluster = {attribute.cluster.x, attribute.cluster.y, attribute.cluster.z};
        given = true;
        break;
      case cu::kLaunchIgnore:
      case cu::kLaunchPriority:
      // Kernels of one stream run one after another, which this attribute allows.
      case cu::kLaunchProgrammaticStreamSerialization:
        break;
      default:
        log = llvm::formatv("launch attribute {0} is not emulated", static_cast<int>(attribute.id));
        return cu::kErrorNotSupported;
    }
  }
  return cu::kSuccess;
}

uint64_t Volume(const Dim3& size) { return uint64_t{size[0]} * size[1] * size[2]; }

cu::Result ChooseCluster(const cu::LaunchConfig& config, const Function& function, Launch& launch,
                         std::string& log) {
  Dim3& cluster = launch.cluster;
  bool given = false;
  if (cu::Result result = ReadAttributes(config, cluster, given, log)) return result;
  const Dim3& required = function.program->required_cluster;
  if (required[0] != 0) {
    if (given && cluster != required) {
      log = llvm::formatv("{0} requires clusters of {1} x {2} x {3}", function.program->name,
                          required[0], required[1], required[2]);
      return cu::kErrorInvalidValue;
    }
    cluster = required;
  }
  launch.explicit_cluster = given || required[0] != 0;
  if (Volume(cluster) > kPortableCluster && !function.non_portable_cluster) {
    log = llvm::formatv("clusters of {0} CTAs must be allowed by a function attribute",
                        Volume(cluster));
    return cu::kErrorInvalidValue;
  }
  return cu::kSuccess;
}

}  // namespace

cu::Result PackLaunch(const cu::LaunchConfig& config, const Function& function,
                      const Context& context, void** parameters, void** extra, Launch& launch,
                      std::string& log) {
  const Program& program = *function.program;
  launch.program = &program;
  launch.device = context.model;
  launch.memory = context.memory.get();
  launch.grid = {config.grid_x, config.grid_y, config.grid_z};
  launch.block = {config.block_x, config.block_y, config.block_z};
  launch.dynamic_shared_bytes = config.shared_bytes;
  if (cu::Result result = ChooseCluster(config, function, launch, log)) return result;
  if (config.shared_bytes > static_cast<unsigned>(function.max_dynamic_shared)) {
    log = llvm::formatv("{0} bytes of dynamic shared memory, {1} may have {2}", config.shared_bytes,
                        program.name, function.max_dynamic_shared.load());
    return cu::kErrorInvalidValue;
  }
  if (cu::Result result = ReadParameters(parameters, extra, program, launch.params, log)) {
    return result;
  }
  const uint64_t threads = Volume(launch.block);
  const CtaResources registers = {static_cast<int>(threads),
                                  static_cast<int>(program.registers_per_thread), 0};
  if (threads >= 1 && threads <= static_cast<uint64_t>(context.model->max_threads_per_block) &&
      BlocksPerSm(*context.model, registers) == 0) {
    log = llvm::formatv("{0} threads of {1} registers are more than {2} has", threads,
                        program.registers_per_thread, context.model->name);
    return cu::kErrorLaunchOutOfResources;
  }
  log = LaunchProblem(launch);
  return log.empty() ? cu::kSuccess : cu::kErrorInvalidValue;
}

}  // namespace attnjit::emulator
