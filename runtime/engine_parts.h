// What an engine is put together from: the driver and the compiler, each opened when first needed.
//
// The seam where another driver table (an emulator's, a test's) takes the driver's place.
#ifndef ATTNJIT_RUNTIME_ENGINE_PARTS_H_
#define ATTNJIT_RUNTIME_ENGINE_PARTS_H_

#include <functional>
#include <memory>
#include <string>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "runtime/compiler.h"
#include "runtime/driver.h"
#include "runtime/engine.h"

namespace attnjit {

/// Each may be called by any thread at any time.
struct EngineParts {
  /// Called until it succeeds once.
  std::function<llvm::Expected<std::shared_ptr<const DriverTable>>()> open_driver;
  /// As Compiler's functions of these names.
  std::function<llvm::Expected<std::string>()> toolchain_digest;
  std::function<llvm::Expected<CompileOutput>(llvm::StringRef source, llvm::StringRef entry,
                                              llvm::ArrayRef<std::string> options)>
      compile;
};

/// libcuda and NVRTC, as the options name them.
EngineParts DefaultParts(const EngineOptions& options);

/// Engine::Create with the given parts.
llvm::Expected<std::unique_ptr<Engine>> CreateEngine(const EngineOptions& options,
                                                     EngineParts parts);

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_ENGINE_PARTS_H_
