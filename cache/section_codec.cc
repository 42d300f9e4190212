#include "cache/section_codec.h"

#include <zstd.h>

#include "cache/error.h"

namespace attnjit {

// Higher levels save a tenth of the size for several times the time (docs/cache-format.md).
static constexpr int kLevel = 3;

llvm::Expected<std::string> ZstdPack(llvm::StringRef bytes) {
  std::string packed(ZSTD_compressBound(bytes.size()), '\0');
  size_t size = ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), kLevel);
  if (ZSTD_isError(size)) {
    return llvm::make_error<CacheError>(CacheError::Kind::kUnavailable,
                                        std::string("cannot pack: ") + ZSTD_getErrorName(size));
  }
  packed.resize(size);
  return packed;
}

struct ZstdUnpacker::Context {
  ZSTD_DCtx* zstd = ZSTD_createDCtx();
  ~Context() { ZSTD_freeDCtx(zstd); }
};

ZstdUnpacker::ZstdUnpacker() = default;
ZstdUnpacker::~ZstdUnpacker() = default;

bool ZstdUnpacker::Unpack(llvm::StringRef packed, size_t size, std::string* out) {
  if (ZSTD_getFrameContentSize(packed.data(), packed.size()) != size) return false;
  if (!context_) context_ = std::make_unique<Context>();
  if (context_->zstd == nullptr) return false;
  out->resize(size);
  return ZSTD_decompressDCtx(context_->zstd, out->data(), size, packed.data(), packed.size()) ==
         size;
}

}  // namespace attnjit
