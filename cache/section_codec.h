// One section of an entry, packed as it stands in the file.
#ifndef ATTNJIT_CACHE_SECTION_CODEC_H_
#define ATTNJIT_CACHE_SECTION_CODEC_H_

#include <memory>
#include <string>

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

/// Packs with zstd, one frame that states its content's size. Errors: CacheError (kUnavailable).
llvm::Expected<std::string> ZstdPack(llvm::StringRef bytes);

/// Unpacks sections; keeps zstd's working memory from one to the next. One thread at a time.
class ZstdUnpacker {
 public:
  ZstdUnpacker();
  ~ZstdUnpacker();
  ZstdUnpacker(const ZstdUnpacker&) = delete;
  ZstdUnpacker& operator=(const ZstdUnpacker&) = delete;

  /// Exactly `size` bytes out of all of `packed`; false for anything else, and then nothing larger
  /// than `size` was allocated.
  bool Unpack(llvm::StringRef packed, size_t size, std::string* out);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_SECTION_CODEC_H_
