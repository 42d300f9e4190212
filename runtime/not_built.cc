#include "runtime/not_built.h"

#include "llvm/Support/raw_ostream.h"

namespace attnjit {

char NotBuiltError::ID = 0;

// Canonical JSON holds no single quote: names and numbers only.
NotBuiltError::NotBuiltError(std::string spec, std::string arch)
    : spec_(std::move(spec)),
      arch_(std::move(arch)),
      command_("attnjit build '" + spec_ + "' --arch " + arch_) {}

void NotBuiltError::log(llvm::raw_ostream& os) const {
  os << "no cache has the kernel of " << spec_ << " for " << arch_
     << ", and compiling is not allowed here\nto build it: " << command_;
}

std::error_code NotBuiltError::convertToErrorCode() const {
  return std::make_error_code(std::errc::no_such_file_or_directory);
}

}  // namespace attnjit
