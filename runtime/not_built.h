// A kernel that nobody may compile here and that no cache has.
#ifndef ATTNJIT_RUNTIME_NOT_BUILT_H_
#define ATTNJIT_RUNTIME_NOT_BUILT_H_

#include <string>
#include <system_error>

#include "llvm/Support/Error.h"

namespace attnjit {

class NotBuiltError : public llvm::ErrorInfo<NotBuiltError> {
 public:
  static char ID;
  /// `spec` is the kernel's canonical spec, `arch` its GPU.
  NotBuiltError(std::string spec, std::string arch);
  const std::string& spec() const { return spec_; }
  const std::string& arch() const { return arch_; }
  /// A shell command that builds it into the cache, on a machine with NVRTC.
  const std::string& command() const { return command_; }
  void log(llvm::raw_ostream& os) const override;
  std::error_code convertToErrorCode() const override;

 private:
  std::string spec_, arch_, command_;
};

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_NOT_BUILT_H_
