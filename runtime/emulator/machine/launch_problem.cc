// What a device refuses to launch.
#include <cstdint>
#include <string>

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "runtime/emulator/machine/grid.h"

namespace attnjit::emulator {
namespace {

/// CUDA Programming Guide 13.0, technical specifications: the same on all devices.
constexpr Dim3 kMaxBlock = {1024, 1024, 64};
constexpr Dim3 kMaxGrid = {0x7fffffff, 65535, 65535};
/// Registers are given to warps in units of 256.
constexpr uint64_t kRegisterUnit = 256;

uint64_t Product(const Dim3& size) { return uint64_t{size[0]} * size[1] * size[2]; }

std::string Text(const Dim3& size) {
  return llvm::formatv("{0} x {1} x {2}", size[0], size[1], size[2]);
}

std::string SizeProblem(const char* what, const Dim3& size, const Dim3& most) {
  for (int i = 0; i < 3; ++i) {
    if (size[i] == 0 || size[i] > most[i]) {
      return llvm::formatv("a {0} of {1}: each dimension is at least 1 and at most {2}", what,
                           Text(size), Text(most));
    }
  }
  return "";
}

std::string TargetProblem(const Launch& launch) {
  const TargetInfo& target = launch.program->target;
  const DeviceModel& device = *launch.device;
  const int sm = device.major * 10 + device.minor;
  bool runs = target.sm <= sm;
  if (target.arch_specific) runs = target.sm == sm;
  if (target.family_specific) runs = target.sm / 10 == device.major && target.sm <= sm;
  if (runs) return "";
  return llvm::formatv("code for sm_{0}{1} does not run on {2}", target.sm,
                       target.arch_specific     ? "a"
                       : target.family_specific ? "f"
                                                : "",
                       device.name);
}

std::string BlockProblem(const Launch& launch) {
  const Program& program = *launch.program;
  const DeviceModel& device = *launch.device;
  std::string problem = SizeProblem("block", launch.block, kMaxBlock);
  if (!problem.empty()) return problem;
  const uint64_t threads = Product(launch.block);
  if (threads > static_cast<uint64_t>(device.max_threads_per_block)) {
    return llvm::formatv("{0} threads in a block; {1} has at most {2}", threads, device.name,
                         device.max_threads_per_block);
  }
  const uint64_t most = Product(program.max_threads);
  if (most != 0 && threads > most) {
    return llvm::formatv("{0} threads in a block; {1} was compiled for at most {2}", threads,
                         program.name, most);
  }
  if (Product(program.required_threads) != 0 && launch.block != program.required_threads) {
    return llvm::formatv("a block of {0}; {1} requires {2}", Text(launch.block), program.name,
                         Text(program.required_threads));
  }
  const uint64_t warps = (threads + 31) / 32;
  const uint64_t registers =
      warps * llvm::alignTo(uint64_t{program.registers_per_thread} * 32, kRegisterUnit);
  if (registers > static_cast<uint64_t>(device.registers_per_sm)) {
    return llvm::formatv("{0} threads of {1} registers; {2} has {3} registers for a block", threads,
                         program.registers_per_thread, device.name, device.registers_per_sm);
  }
  return "";
}

std::string ClusterProblem(const Launch& launch) {
  const Program& program = *launch.program;
  const DeviceModel& device = *launch.device;
  const uint64_t size = Product(launch.cluster);
  if (size == 0 || size > static_cast<uint64_t>(device.max_cluster)) {
    return llvm::formatv("a cluster of {0}; {1} has clusters of 1 to {2}", Text(launch.cluster),
                         device.name, device.max_cluster);
  }
  for (int i = 0; i < 3; ++i) {
    if (launch.grid[i] % launch.cluster[i] != 0) {
      return llvm::formatv("a grid of {0} is not made of whole clusters of {1}", Text(launch.grid),
                           Text(launch.cluster));
    }
  }
  if (Product(program.required_cluster) != 0 && launch.cluster != program.required_cluster) {
    return llvm::formatv("a cluster of {0}; {1} requires {2}", Text(launch.cluster), program.name,
                         Text(program.required_cluster));
  }
  if (program.max_cluster_rank != 0 && size > program.max_cluster_rank) {
    return llvm::formatv("a cluster of {0}; {1} was compiled for at most {2} CTAs",
                         Text(launch.cluster), program.name, program.max_cluster_rank);
  }
  return "";
}

std::string MemoryProblem(const Launch& launch) {
  const Program& program = *launch.program;
  const DeviceModel& device = *launch.device;
  const uint64_t shared = uint64_t{program.static_shared_bytes} + launch.dynamic_shared_bytes;
  if (shared > static_cast<uint64_t>(device.shared_bytes_per_block_optin)) {
    return llvm::formatv("{0} bytes of shared memory ({1} static); {2} has at most {3} for a block",
                         shared, program.static_shared_bytes, device.name,
                         device.shared_bytes_per_block_optin);
  }
  if (launch.params.size() != program.param_bytes) {
    return llvm::formatv("{0} bytes of parameters; {1} takes {2}", launch.params.size(),
                         program.name, program.param_bytes);
  }
  return "";
}

}  // namespace

std::string LaunchProblem(const Launch& launch) {
  std::string problem = TargetProblem(launch);
  if (problem.empty()) problem = SizeProblem("grid", launch.grid, kMaxGrid);
  if (problem.empty()) problem = BlockProblem(launch);
  if (problem.empty()) problem = ClusterProblem(launch);
  if (problem.empty()) problem = MemoryProblem(launch);
  return problem;
}

}  // namespace attnjit::emulator
