// What the environment says about an engine, where its options say nothing.
//
//   ATTNJIT_CACHE_DIR      the cache's directory
//   ATTNJIT_CACHE_LAYERS   directories that are only read, in order, separated by ":"
//   ATTNJIT_CACHE_SHARED   1: the group of this user shares the directory
//   ATTNJIT_CACHE_TRUST    1: whoever owns the directories, and may write to them, is trusted
//   ATTNJIT_CACHE_MAX_BYTES  a cap, such as 500M or 2G
//   ATTNJIT_CACHE_WAIT_MS  for how long to wait for another process that builds the same kernel
//   ATTNJIT_CACHE_REMOTE   a URL; with ATTNJIT_CACHE_REMOTE_TOKEN (bearer), _USER (user:password),
//                          _CA, _CERT, _KEY (PEM files), _WRITE (1: put, too), _TIMEOUT_MS
//   ATTNJIT_JIT            never: kernels come out of the cache or not at all
//   ATTNJIT_RECORD         a file to which every request's kernel is added
#ifndef ATTNJIT_RUNTIME_ENGINE_SETTINGS_H_
#define ATTNJIT_RUNTIME_ENGINE_SETTINGS_H_

#include <functional>
#include <string>
#include <system_error>

#include "cache/layers.h"
#include "llvm/Support/Error.h"
#include "runtime/engine.h"

namespace attnjit {

/// A value that the environment or an option cannot have. Command line exit code 2.
class SettingError : public llvm::ErrorInfo<SettingError> {
 public:
  static char ID;
  SettingError(std::string name, std::string value, std::string allowed)
      : name_(std::move(name)), value_(std::move(value)), allowed_(std::move(allowed)) {}
  void log(llvm::raw_ostream& os) const override;
  std::error_code convertToErrorCode() const override;

 private:
  std::string name_, value_, allowed_;
};

/// A variable's value, or null.
using GetVariable = std::function<const char*(const char* name)>;

/// `options` with every field that is not set taken from the environment, `cache_dir` included ("":
/// there is no place for one). Errors: SettingError.
llvm::Expected<EngineOptions> WithEnvironment(EngineOptions options, const GetVariable& variable);

/// "1048576", "500M", "2G" (units of 1024); nullopt: none of these.
std::optional<uint64_t> ParseByteCount(llvm::StringRef text);

/// The cache's part of complete options (WithEnvironment).
LayersOptions CacheLayers(const EngineOptions& options);

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_ENGINE_SETTINGS_H_
