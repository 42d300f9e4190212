// Integer names that mean the same on the host and in NVRTC, which has no <cstdint>.
#pragma once

#if defined(__CUDA_ARCH__) || defined(__CUDACC_RTC__)
#define ATTNJIT_DEVICE __device__ __forceinline__
#define ATTNJIT_HOST_DEVICE __device__ __forceinline__
#elif defined(__CUDACC__)
#define ATTNJIT_DEVICE __device__ __forceinline__
#define ATTNJIT_HOST_DEVICE __host__ __device__ __forceinline__
#else
#define ATTNJIT_HOST_DEVICE inline
#endif

namespace attnjit {

using u8 = unsigned char;
using u16 = unsigned short;
using u32 = unsigned int;
using i32 = int;
using u64 = unsigned long long;
using i64 = long long;

static_assert(sizeof(i32) == 4 && sizeof(i64) == 8, "LP64 or LLP64");

ATTNJIT_HOST_DEVICE constexpr int CeilDiv(int a, int b) { return (a + b - 1) / b; }
ATTNJIT_HOST_DEVICE constexpr int RoundUp(int a, int b) { return CeilDiv(a, b) * b; }
ATTNJIT_HOST_DEVICE constexpr int Min(int a, int b) { return a < b ? a : b; }
ATTNJIT_HOST_DEVICE constexpr int Max(int a, int b) { return a > b ? a : b; }

}  // namespace attnjit
