// The cache's error: what could not be read, written or trusted, and what the caller can do.
#ifndef ATTNJIT_CACHE_ERROR_H_
#define ATTNJIT_CACHE_ERROR_H_

#include <string>
#include <system_error>

#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

namespace attnjit {

/// Never fatal: a caller that gets one compiles the kernel, or runs the one it has, and reports it.
class CacheError : public llvm::ErrorInfo<CacheError> {
 public:
  enum class Kind {
    kDamaged,      ///< The bytes are not a whole, unchanged entry of the expected key: rebuild it.
    kUnavailable,  ///< The system said no (full disk, read-only, no permission): go on without.
    kUnsafe,       ///< Others could have written here: the directory or file is not used.
  };

  static char ID;
  CacheError(Kind kind, std::string message, int system_error = 0)
      : kind_(kind), message_(std::move(message)), system_error_(system_error) {}
  Kind kind() const { return kind_; }
  int system_error() const { return system_error_; }  ///< errno of what the system refused, or 0.
  void log(llvm::raw_ostream& os) const override;
  std::error_code convertToErrorCode() const override;

 private:
  Kind kind_;
  std::string message_;
  int system_error_;
};

/// Bytes that cannot be trusted; `what` names the damaged part.
llvm::Error DamagedError(const llvm::Twine& what);

/// "cannot <what>: <strerror(error)>", with a hint where there is something to do.
llvm::Error UnavailableError(const llvm::Twine& what, int error);

/// A place that somebody else can write to.
llvm::Error UnsafeError(const llvm::Twine& what);

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_ERROR_H_
