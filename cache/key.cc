#include "cache/key.h"

#include "cache/sha256.h"

namespace attnjit {

namespace {

// Changes whenever the way the parts are put together does.
constexpr llvm::StringLiteral kRequestDomain = "attnjit request 1";

// The length first, in 8 little-endian bytes, so that no two lists of parts give the same bytes.
void AppendPart(std::string& out, llvm::StringRef part) {
  uint64_t size = part.size();
  for (int i = 0; i < 8; ++i, size >>= 8) out.push_back(static_cast<char>(size & 0xff));
  out.append(part.data(), part.size());
}

}  // namespace

CacheKey MakeCacheKey(llvm::StringRef source, llvm::StringRef arch,
                      llvm::ArrayRef<std::string> compile_options, llvm::StringRef toolchain) {
  std::string parts;
  size_t size = source.size() + arch.size() + 64;
  for (const std::string& option : compile_options) size += 8 + option.size();
  parts.reserve(size);
  AppendPart(parts, kRequestDomain);
  AppendPart(parts, arch);
  for (const std::string& option : compile_options) AppendPart(parts, option);
  // Such a list decodes in one way only: arch is its second part, source its last, options between.
  AppendPart(parts, source);
  return {Sha256Hex(parts), toolchain.str()};
}

std::string Sha256Hex(llvm::StringRef bytes) { return DigestToHex(Sha256(bytes)); }

}  // namespace attnjit
