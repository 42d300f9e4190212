#include "cache/error.h"

#include <cerrno>
#include <cstring>

#include "llvm/Support/raw_ostream.h"

namespace attnjit {

char CacheError::ID = 0;

void CacheError::log(llvm::raw_ostream& os) const { os << message_; }

std::error_code CacheError::convertToErrorCode() const {
  switch (kind_) {
    case Kind::kDamaged:
      return std::make_error_code(std::errc::illegal_byte_sequence);
    case Kind::kUnavailable:
      return std::make_error_code(std::errc::io_error);
    case Kind::kUnsafe:
      return std::make_error_code(std::errc::permission_denied);
  }
  return llvm::inconvertibleErrorCode();
}

llvm::Error DamagedError(const llvm::Twine& what) {
  return llvm::make_error<CacheError>(CacheError::Kind::kDamaged, what.str());
}

static const char* Hint(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "; free space, or name another directory with ATTNJIT_CACHE_DIR";
    case EROFS:
    case EACCES:
    case EPERM:
      return "; name a writable directory with ATTNJIT_CACHE_DIR";
    default:
      return "";
  }
}

llvm::Error UnavailableError(const llvm::Twine& what, int error) {
  // generic_category().message is thread safe where strerror need not be.
  std::string message = "cannot " + what.str() + ": " + std::generic_category().message(error);
  return llvm::make_error<CacheError>(CacheError::Kind::kUnavailable, message + Hint(error), error);
}

llvm::Error UnsafeError(const llvm::Twine& what) {
  return llvm::make_error<CacheError>(CacheError::Kind::kUnsafe, what.str());
}

}  // namespace attnjit
