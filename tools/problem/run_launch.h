// One launch of a kernel on a LaunchImage, from poisoned outputs to results in host memory.
#ifndef ATTNJIT_TOOLS_PROBLEM_RUN_LAUNCH_H_
#define ATTNJIT_TOOLS_PROBLEM_RUN_LAUNCH_H_

#include "llvm/Support/Error.h"
#include "runtime/engine.h"
#include "tools/problem/device_image.h"

namespace attnjit {

enum class LaunchMode {
  kStream,  ///< Launch on the stream.
  kGraph,   ///< Capture the launch into a CUDA graph, then run the graph.
};

/// Poisons o and lse, launches, waits and copies them into `image`. The device's context must be
/// current. Errors: LaunchError, DriverError.
llvm::Error RunLaunch(const DriverTable& driver, const Kernel& kernel, DeviceImage& device,
                      LaunchImage& image, cu::Stream stream, LaunchMode mode);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_PROBLEM_RUN_LAUNCH_H_
