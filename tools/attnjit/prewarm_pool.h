// Many kernels built by several worker processes: a compiler that crashes or grows takes one kernel
// with it, and nothing of this process.
#ifndef ATTNJIT_TOOLS_ATTNJIT_PREWARM_POOL_H_
#define ATTNJIT_TOOLS_ATTNJIT_PREWARM_POOL_H_

#include <functional>
#include <string>
#include <vector>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "tools/attnjit/manifest.h"
#include "tools/attnjit/prewarm_worker.h"

namespace attnjit {

struct PoolOptions {
  int workers = 1;
  /// A worker that has come to hold more than this is replaced before its next kernel.
  int64_t max_rss_kib = 150 << 10;
  /// The arguments of this program that make it a worker.
  std::vector<std::string> worker_args;
};

/// Called for each kernel as it is done, in that order. `index` is the kernel's.
using OnPrewarmed = std::function<void(size_t index, const PrewarmResult& result)>;

/// Builds every kernel once. A worker that ends while it builds makes that kernel kFailed and is
/// replaced. Errors: workers cannot be started at all.
llvm::Error RunPool(llvm::ArrayRef<ManifestKernel> kernels, const PoolOptions& options,
                    const OnPrewarmed& on_prewarmed);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_PREWARM_POOL_H_
