#include "cache/sha256.h"

#include <algorithm>
#include <cstring>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace attnjit {

Sha256Digest Sha256Portable(llvm::StringRef bytes) {
  auto digest = llvm::SHA256::hash(
      llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
  Sha256Digest out;
  std::copy(digest.begin(), digest.end(), out.begin());
  return out;
}

#if defined(__x86_64__)
namespace {

// FIPS 180-4, section 4.2.2.
alignas(16) constexpr uint32_t kRoundConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// Section 5.3.3.
constexpr uint32_t kInitialState[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

bool CpuHasSha() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return false;
  const bool has_shuffles = (c & bit_SSSE3) && (c & bit_SSE4_1);
  return has_shuffles && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

// Section 6.2.2 for each 64-byte block; sha256rnds2 does two rounds on the state split into the
// words A B E F and C D G H (Intel SDM volume 2, SHA256RNDS2), sha256msg1/2 the message schedule.
__attribute__((target("sha,sse4.1,ssse3"))) void CompressBlocks(uint32_t state[8],
                                                                const uint8_t* data,
                                                                size_t blocks) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  auto* words = reinterpret_cast<__m128i*>(state);
  const __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(words), 0xb1);
  const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(words + 1), 0x1b);
  __m128i abef = _mm_alignr_epi8(cdab, efgh, 8);
  __m128i cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
  for (; blocks > 0; --blocks, data += 64) {
    const __m128i abef_before = abef, cdgh_before = cdgh;
    __m128i w[4];
    for (int i = 0; i < 4; ++i) {
      const auto* chunk = reinterpret_cast<const __m128i*>(data + 16 * i);
      w[i] = _mm_shuffle_epi8(_mm_loadu_si128(chunk), big_endian);
    }
#pragma GCC unroll 16
    for (int quad = 0; quad < 16; ++quad) {
      __m128i &w0 = w[quad & 3], w1 = w[(quad + 1) & 3], w2 = w[(quad + 2) & 3],
              w3 = w[(quad + 3) & 3];
      const auto* k = reinterpret_cast<const __m128i*>(kRoundConstants + 4 * quad);
      const __m128i wk = _mm_add_epi32(w0, _mm_load_si128(k));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, wk);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(wk, 0x0e));
      if (quad < 12) {
        const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));
        w0 = _mm_sha256msg2_epu32(sum, w3);
      }
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  const __m128i feba = _mm_shuffle_epi32(abef, 0x1b);
  const __m128i dchg = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128(words, _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(words + 1, _mm_alignr_epi8(dchg, feba, 8));
}

void StoreBigEndian(uint64_t value, int bytes, uint8_t* out) {
  for (int i = 0; i < bytes; ++i) out[i] = static_cast<uint8_t>(value >> (8 * (bytes - 1 - i)));
}

Sha256Digest Sha256WithInstructions(llvm::StringRef bytes) {
  uint32_t state[8];
  std::copy(std::begin(kInitialState), std::end(kInitialState), state);
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  const size_t whole = bytes.size() / 64, rest = bytes.size() % 64;
  CompressBlocks(state, data, whole);

  // Section 5.1.1: a one bit, zeros, and the length in bits, to a whole number of blocks.
  uint8_t tail[128] = {};
  if (rest != 0) std::memcpy(tail, data + 64 * whole, rest);
  tail[rest] = 0x80;
  const size_t tail_blocks = rest < 56 ? 1 : 2;
  StoreBigEndian(uint64_t{bytes.size()} * 8, 8, tail + 64 * tail_blocks - 8);
  CompressBlocks(state, tail, tail_blocks);

  Sha256Digest digest;
  for (int i = 0; i < 8; ++i) StoreBigEndian(state[i], 4, digest.data() + 4 * i);
  return digest;
}

}  // namespace

Sha256Digest Sha256(llvm::StringRef bytes) {
  static const bool has_sha = CpuHasSha();
  return has_sha ? Sha256WithInstructions(bytes) : Sha256Portable(bytes);
}
#else
Sha256Digest Sha256(llvm::StringRef bytes) { return Sha256Portable(bytes); }
#endif

std::string DigestToHex(const Sha256Digest& digest) {
  return llvm::toHex(llvm::ArrayRef<uint8_t>(digest), /*LowerCase=*/true);
}

bool IsSha256Hex(llvm::StringRef text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == llvm::StringRef::npos;
}

}  // namespace attnjit
