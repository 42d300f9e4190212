// The part of the CUDA Driver API that attnjit uses, declared here so that building needs no CUDA
// header. Values, sizes and offsets are those of cuda.h of CUDA 13.0, all of them part of the
// driver's stable ABI; tests/unit/runtime/cuda_types_test.cc compares them with cuda.h where one is
// installed.
#ifndef ATTNJIT_RUNTIME_CUDA_TYPES_H_
#define ATTNJIT_RUNTIME_CUDA_TYPES_H_

#include <cstddef>
#include <cstdint>

namespace attnjit::cu {

// Opaque handles: CUcontext, CUstream, CUevent, CUmodule, CUfunction, CUlibrary, CUkernel, CUgraph,
// CUgraphExec.
using Context = struct ContextHandle*;
using Stream = struct StreamHandle*;
using Event = struct EventHandle*;
using Module = struct ModuleHandle*;
using Function = struct FunctionHandle*;
using Library = struct LibraryHandle*;
using Kernel = struct KernelHandle*;
using Graph = struct GraphHandle*;
using GraphExec = struct GraphExecHandle*;

using Device = int;          // CUdevice
using DevicePtr = uint64_t;  // CUdeviceptr

// CUresult: the codes that attnjit tells apart. Any other value may be returned too.
enum Result : int {
  kSuccess = 0,
  kErrorInvalidValue = 1,
  kErrorOutOfMemory = 2,
  kErrorNotInitialized = 3,
  kErrorDeinitialized = 4,
  kErrorStubLibrary = 34,
  kErrorNoDevice = 100,
  kErrorInvalidDevice = 101,
  kErrorInvalidImage = 200,
  kErrorInvalidContext = 201,
  kErrorNoBinaryForGpu = 209,
  kErrorEccUncorrectable = 214,
  kErrorInvalidPtx = 218,
  kErrorUnsupportedPtxVersion = 222,
  kErrorInvalidHandle = 400,
  kErrorIllegalState = 401,
  kErrorNotFound = 500,
  kErrorIllegalAddress = 700,
  kErrorLaunchOutOfResources = 701,
  kErrorLaunchTimeout = 702,
  kErrorIllegalInstruction = 715,
  kErrorMisalignedAddress = 716,
  kErrorLaunchFailed = 719,
  kErrorNotSupported = 801,
  kErrorSystemDriverMismatch = 803,
  kErrorCompatNotSupportedOnDevice = 804,
  kErrorStreamCaptureUnsupported = 900,
  kErrorStreamCaptureInvalidated = 901,
  kErrorStreamCaptureImplicit = 906,
  kErrorCapturedEvent = 907,
  kErrorStreamCaptureWrongThread = 908,
  kErrorUnknown = 999,
};

// CUdevice_attribute
enum DeviceAttribute : int {
  kMaxThreadsPerBlock = 1,
  kMaxSharedMemoryPerBlock = 8,
  kWarpSize = 10,
  kMaxRegistersPerBlock = 12,
  kClockRateKhz = 13,
  kMultiprocessorCount = 16,
  kMemoryClockRateKhz = 36,
  kGlobalMemoryBusWidthBits = 37,
  kL2CacheBytes = 38,
  kMaxThreadsPerMultiprocessor = 39,
  kComputeCapabilityMajor = 75,
  kComputeCapabilityMinor = 76,
  kMaxSharedMemoryPerMultiprocessor = 81,
  kMaxRegistersPerMultiprocessor = 82,
  kPageableMemoryAccess = 88,
  kMaxSharedMemoryPerBlockOptin = 97,
  kMaxBlocksPerMultiprocessor = 106,
  kReservedSharedMemoryPerBlock = 111,
  kClusterLaunch = 120,
};

// CUfunction_attribute
enum FunctionAttribute : int {
  kFunctionMaxThreadsPerBlock = 0,
  kFunctionSharedBytes = 1,
  kFunctionLocalBytes = 3,
  kFunctionRegisters = 4,
  kFunctionMaxDynamicSharedBytes = 8,
  kFunctionNonPortableCluster = 14,
};

// CUjit_option: a buffer of the caller's for what is wrong with an image, and its size, passed as a
// pointer's value.
enum JitOption : int { kJitErrorLogBuffer = 5, kJitErrorLogBufferSizeBytes = 6 };

// CUpointer_attribute
enum PointerAttribute : int {
  kPointerMemoryType = 2,
  kPointerIsManaged = 8,
  kPointerDeviceOrdinal = 9,
};

// CUmemorytype
enum MemoryType : unsigned {
  kMemoryTypeHost = 1,
  kMemoryTypeDevice = 2,
};

// CUstream_flags, CUevent_flags
inline constexpr unsigned kStreamNonBlocking = 1;
inline constexpr unsigned kEventDefault = 0;

// CUstreamCaptureStatus
enum StreamCaptureStatus : int { kCaptureNone = 0, kCaptureActive = 1, kCaptureInvalidated = 2 };
// CUstreamCaptureMode
enum StreamCaptureMode : int { kCaptureGlobal = 0, kCaptureThreadLocal = 1, kCaptureRelaxed = 2 };

// CUtensorMapDataType
enum TensorMapDataType : int {
  kTensorMapUint8 = 0,
  kTensorMapUint16 = 1,
  kTensorMapUint32 = 2,
  kTensorMapInt32 = 3,
  kTensorMapUint64 = 4,
  kTensorMapInt64 = 5,
  kTensorMapFloat16 = 6,
  kTensorMapFloat32 = 7,
  kTensorMapFloat64 = 8,
  kTensorMapBfloat16 = 9,
  kTensorMapFloat32Ftz = 10,
  kTensorMapTfloat32 = 11,
  kTensorMapTfloat32Ftz = 12,
};
// CUtensorMapInterleave
enum TensorMapInterleave : int {
  kTensorMapInterleaveNone = 0,
  kTensorMapInterleave16B = 1,
  kTensorMapInterleave32B = 2,
};
// CUtensorMapSwizzle
enum TensorMapSwizzle : int {
  kTensorMapSwizzleNone = 0,
  kTensorMapSwizzle32B = 1,
  kTensorMapSwizzle64B = 2,
  kTensorMapSwizzle128B = 3,
};
// CUtensorMapL2promotion
enum TensorMapL2Promotion : int {
  kTensorMapL2PromotionNone = 0,
  kTensorMapL2Promotion64B = 1,
  kTensorMapL2Promotion128B = 2,
  kTensorMapL2Promotion256B = 3,
};
// CUtensorMapFloatOOBfill: none means zeros; NaN is for float types alone.
enum TensorMapOobFill : int { kTensorMapOobFillNone = 0, kTensorMapOobFillNan = 1 };

/// CUtensorMap: 128 opaque bytes.
struct alignas(128) TensorMap {
  uint64_t opaque[16];
};

// CUlaunchAttributeID
enum LaunchAttributeId : int {
  kLaunchIgnore = 0,
  kLaunchClusterDimension = 4,
  kLaunchProgrammaticStreamSerialization = 6,
  kLaunchPriority = 8,
};

/// CUlaunchAttribute
struct LaunchAttribute {
  LaunchAttributeId id = kLaunchIgnore;
  union {
    uint64_t opaque[8] = {};
    struct {
      unsigned x, y, z;
    } cluster;  ///< kLaunchClusterDimension: CTAs of a cluster.
  };
};

/// CUlaunchConfig
struct LaunchConfig {
  unsigned grid_x = 1, grid_y = 1, grid_z = 1;
  unsigned block_x = 1, block_y = 1, block_z = 1;
  unsigned shared_bytes = 0;
  Stream stream = nullptr;
  LaunchAttribute* attributes = nullptr;
  unsigned attribute_count = 0;
};

}  // namespace attnjit::cu

#endif  // ATTNJIT_RUNTIME_CUDA_TYPES_H_
