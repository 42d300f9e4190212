// The options of commands that build or look at cached kernels.
#ifndef ATTNJIT_TOOLS_ATTNJIT_ENGINE_OPTIONS_H_
#define ATTNJIT_TOOLS_ATTNJIT_ENGINE_OPTIONS_H_

#include <string>

#include "cache/disk.h"
#include "runtime/engine.h"
#include "tools/attnjit/cli.h"

namespace attnjit {

/// Adds --cache-dir and --nvrtc, bound to `options`, which must live as long as `app`.
void AddEngineOptions(CLI::App& app, EngineOptions& options);

/// Adds --cache-dir alone.
void AddCacheDirOption(CLI::App& app, std::string& cache_dir);

/// The directory that an Engine would use for this option. Errors: UsageError where the environment
/// names none.
llvm::Expected<std::string> ResolveCacheDir(const std::string& cache_dir);

/// Whose directory it may be, as an Engine would take it from the environment. Errors: SettingError.
llvm::Expected<DiskOptions> ResolveDiskOptions();

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_ENGINE_OPTIONS_H_
