// The GPUs of this machine, without making a context on any.
#ifndef ATTNJIT_TOOLS_ATTNJIT_GPUS_H_
#define ATTNJIT_TOOLS_ATTNJIT_GPUS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "llvm/Support/Error.h"
#include "runtime/driver.h"

namespace attnjit {

struct Gpu {
  std::string name;
  int major = 0;  ///< Compute capability.
  int minor = 0;
  int sm_count = 0;
  size_t memory_bytes = 0;
};

/// Every device of the driver, in its order. Errors: DriverError.
llvm::Expected<std::vector<Gpu>> ListGpus(const DriverTable& driver);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_GPUS_H_
