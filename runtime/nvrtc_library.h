// Finds NVRTC, says which bytes it is, and opens it. Searched in this order, libnvrtc.so.13 in all
// places before libnvrtc.so.12:
//
//   1. the path that the caller gives: a library, or a directory as below. Nothing else is tried.
//   2. $ATTNJIT_NVRTC: the same, and nothing else is tried.
//   3. $CUDA_HOME/lib64
//   4. /usr/local/cuda/lib64
//   5. the dynamic loader's search (LD_LIBRARY_PATH, ld.so.cache)
//   6. the directory that the build was given (ATTNJIT_NVRTC_DEFAULT_DIR)
//
// In a directory, it itself, nvidia/cu13/lib and nvidia/cuda_nvrtc/lib are looked at: the layouts
// of NVIDIA's Python wheels for CUDA 13 and 12. NVRTC needs libnvrtc-builtins of its own version
// beside it; a library without it is passed over.
#ifndef ATTNJIT_RUNTIME_NVRTC_LIBRARY_H_
#define ATTNJIT_RUNTIME_NVRTC_LIBRARY_H_

#include <string>
#include <system_error>
#include <vector>

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "runtime/nvrtc_api.h"

namespace attnjit {

/// No usable NVRTC: every place tried and why it was not used, and what to do.
class ToolchainError : public llvm::ErrorInfo<ToolchainError> {
 public:
  static char ID;
  explicit ToolchainError(std::vector<std::string> tried) : tried_(std::move(tried)) {}
  const std::vector<std::string>& tried() const { return tried_; }
  void log(llvm::raw_ostream& os) const override;
  std::error_code convertToErrorCode() const override;

 private:
  std::vector<std::string> tried_;
};

struct NvrtcFiles {
  std::string library;                ///< libnvrtc.so.*, links resolved.
  std::vector<std::string> builtins;  ///< libnvrtc-builtins.so.* of its major version beside it.
};

/// An opened NVRTC. It stays open as long as the process: its threads may outlive any owner.
struct NvrtcLibrary {
  NvrtcTable table;
  int major = 0;
  int minor = 0;
};

/// The search above; opens nothing but in place 5. Reads the environment. Errors: ToolchainError.
llvm::Expected<NvrtcFiles> FindNvrtc(llvm::StringRef given_path);

/// A digest of the files' bytes (cache/library_digest.h), 64 hex digits, independent of where they
/// are; below 1 ms. Errors: ToolchainError.
llvm::Expected<std::string> DigestNvrtc(const NvrtcFiles& files);

/// Opens it, and its builtins by their path, so that no other ones are found. Errors:
/// ToolchainError, naming missing functions.
llvm::Expected<NvrtcLibrary> OpenNvrtc(const NvrtcFiles& files);

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_NVRTC_LIBRARY_H_
