#include "tools/attnjit/engine_options.h"

#include <cstdlib>

#include "runtime/engine_settings.h"

namespace attnjit {

void AddEngineOptions(CLI::App& app, EngineOptions& options) {
  AddCacheDirOption(app, options.cache_dir);
  app.add_option("--nvrtc", options.nvrtc_path,
                 "NVRTC's library or its directory; else $ATTNJIT_NVRTC, else it is searched for");
}

void AddCacheDirOption(CLI::App& app, std::string& cache_dir) {
  app.add_option("--cache-dir", cache_dir,
                 "The cache; else $ATTNJIT_CACHE_DIR, $XDG_CACHE_HOME/attnjit, ~/.cache/attnjit");
}

llvm::Expected<std::string> ResolveCacheDir(const std::string& cache_dir) {
  std::string dir = cache_dir.empty() ? DefaultCacheDir() : cache_dir;
  if (!dir.empty()) return dir;
  return llvm::make_error<UsageError>(
      "there is no place for a cache: give --cache-dir, or set ATTNJIT_CACHE_DIR or HOME");
}

llvm::Expected<DiskOptions> ResolveDiskOptions() {
  llvm::Expected<EngineOptions> options =
      WithEnvironment({}, [](const char* name) { return std::getenv(name); });
  if (!options) return options.takeError();
  return CacheLayers(*options).disk;
}

}  // namespace attnjit
