// A driver table that does nothing, for timing what attnjit itself does on the host.
#ifndef ATTNJIT_TOOLS_BENCH_NULL_DRIVER_H_
#define ATTNJIT_TOOLS_BENCH_NULL_DRIVER_H_

#include <memory>

#include "runtime/driver.h"

namespace attnjit {

/// One device of compute capability 9.0 with 132 SMs, its primary context always current. Every
/// call succeeds at once.
std::shared_ptr<const DriverTable> NullDriver();

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_BENCH_NULL_DRIVER_H_
