// What a built kernel says about itself, as JSON.
#ifndef ATTNJIT_RUNTIME_KERNEL_INFO_H_
#define ATTNJIT_RUNTIME_KERNEL_INFO_H_

#include <string>

#include "runtime/engine.h"

namespace attnjit {

const char* OriginName(Origin origin);  ///< "compiled", "memory", "disk".

/// One line: name, key, arch, family, origin, path, warning, the canonical spec and the plan as
/// objects, and what the compiler reported. Bytes that are not UTF-8 are replaced.
std::string KernelInfoJson(const BuildResult& build);

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_KERNEL_INFO_H_
