// A file whose last bytes are the SHA-256 of all before them, so that any change and any truncation
// shows before anything in it is looked at. The seal is a skippable frame of zstd (RFC
// 8878, 3.1.2), which programs that unpack the file pass over.
#ifndef ATTNJIT_CACHE_BUNDLE_SEALED_FILE_H_
#define ATTNJIT_CACHE_BUNDLE_SEALED_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "cache/file_io.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

/// Frame header (8 bytes), "attnjit1", SHA-256.
inline constexpr uint64_t kSealBytes = 8 + 8 + 32;

/// Writes a file beside `path`, and has it take that name when it is whole.
class SealedWriter {
 public:
  static llvm::Expected<std::unique_ptr<SealedWriter>> Create(const std::string& path);
  ~SealedWriter();  ///< Without Commit: removes what was written.
  SealedWriter(const SealedWriter&) = delete;
  SealedWriter& operator=(const SealedWriter&) = delete;

  llvm::Error Write(llvm::StringRef bytes);
  /// Seals, syncs and renames. The file's size.
  llvm::Expected<uint64_t> Commit();

 private:
  struct Hash;
  SealedWriter(UniqueFd file, std::string temporary, std::string path);
  UniqueFd file_;
  std::string temporary_, path_;
  std::unique_ptr<Hash> hash_;
  uint64_t written_ = 0;
};

/// An open file whose seal was right when it was opened, without its seal.
struct SealedFile {
  UniqueFd file;
  uint64_t bytes = 0;
};

/// Reads the whole file once. Errors: CacheError (kDamaged where the seal is not right).
llvm::Expected<SealedFile> OpenSealed(const std::string& path);

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_BUNDLE_SEALED_FILE_H_
