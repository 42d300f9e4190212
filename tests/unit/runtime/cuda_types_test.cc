// runtime/cuda_types.h and the driver table against the toolkit's cuda.h: compiled where there is
// one.
#include "runtime/cuda_types.h"

#include <cuda.h>

#include <cstddef>
#include <type_traits>

#include "gtest/gtest.h"
#include "runtime/driver.h"

namespace attnjit {
namespace {

#define SAME(ours, theirs) static_assert(static_cast<int>(cu::ours) == static_cast<int>(theirs))
SAME(kSuccess, CUDA_SUCCESS);
SAME(kErrorInvalidValue, CUDA_ERROR_INVALID_VALUE);
SAME(kErrorOutOfMemory, CUDA_ERROR_OUT_OF_MEMORY);
SAME(kErrorNotInitialized, CUDA_ERROR_NOT_INITIALIZED);
SAME(kErrorDeinitialized, CUDA_ERROR_DEINITIALIZED);
SAME(kErrorStubLibrary, CUDA_ERROR_STUB_LIBRARY);
SAME(kErrorNoDevice, CUDA_ERROR_NO_DEVICE);
SAME(kErrorInvalidDevice, CUDA_ERROR_INVALID_DEVICE);
SAME(kErrorInvalidImage, CUDA_ERROR_INVALID_IMAGE);
SAME(kErrorInvalidContext, CUDA_ERROR_INVALID_CONTEXT);
SAME(kErrorNoBinaryForGpu, CUDA_ERROR_NO_BINARY_FOR_GPU);
SAME(kErrorEccUncorrectable, CUDA_ERROR_ECC_UNCORRECTABLE);
SAME(kErrorInvalidPtx, CUDA_ERROR_INVALID_PTX);
SAME(kErrorUnsupportedPtxVersion, CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
SAME(kErrorInvalidHandle, CUDA_ERROR_INVALID_HANDLE);
SAME(kErrorIllegalState, CUDA_ERROR_ILLEGAL_STATE);
SAME(kErrorNotFound, CUDA_ERROR_NOT_FOUND);
SAME(kErrorIllegalAddress, CUDA_ERROR_ILLEGAL_ADDRESS);
SAME(kErrorLaunchOutOfResources, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
SAME(kErrorLaunchTimeout, CUDA_ERROR_LAUNCH_TIMEOUT);
SAME(kErrorIllegalInstruction, CUDA_ERROR_ILLEGAL_INSTRUCTION);
SAME(kErrorMisalignedAddress, CUDA_ERROR_MISALIGNED_ADDRESS);
SAME(kErrorLaunchFailed, CUDA_ERROR_LAUNCH_FAILED);
SAME(kErrorNotSupported, CUDA_ERROR_NOT_SUPPORTED);
SAME(kErrorSystemDriverMismatch, CUDA_ERROR_SYSTEM_DRIVER_MISMATCH);
SAME(kErrorCompatNotSupportedOnDevice, CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE);
SAME(kErrorStreamCaptureUnsupported, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
SAME(kErrorStreamCaptureInvalidated, CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
SAME(kErrorStreamCaptureImplicit, CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
SAME(kErrorCapturedEvent, CUDA_ERROR_CAPTURED_EVENT);
SAME(kErrorStreamCaptureWrongThread, CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD);
SAME(kErrorUnknown, CUDA_ERROR_UNKNOWN);

SAME(kClockRateKhz, CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
SAME(kMultiprocessorCount, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
SAME(kMemoryClockRateKhz, CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE);
SAME(kGlobalMemoryBusWidthBits, CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH);
SAME(kL2CacheBytes, CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
SAME(kComputeCapabilityMajor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
SAME(kComputeCapabilityMinor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
SAME(kMaxSharedMemoryPerMultiprocessor, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
SAME(kPageableMemoryAccess, CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS);
SAME(kMaxSharedMemoryPerBlockOptin, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
SAME(kMaxThreadsPerBlock, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
SAME(kMaxSharedMemoryPerBlock, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK);
SAME(kWarpSize, CU_DEVICE_ATTRIBUTE_WARP_SIZE);
SAME(kMaxRegistersPerBlock, CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK);
SAME(kMaxThreadsPerMultiprocessor, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR);
SAME(kMaxRegistersPerMultiprocessor, CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR);
SAME(kMaxBlocksPerMultiprocessor, CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR);
SAME(kReservedSharedMemoryPerBlock, CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK);
SAME(kClusterLaunch, CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH);

SAME(kFunctionSharedBytes, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
SAME(kFunctionLocalBytes, CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES);
SAME(kFunctionRegisters, CU_FUNC_ATTRIBUTE_NUM_REGS);
SAME(kFunctionMaxDynamicSharedBytes, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
SAME(kFunctionMaxThreadsPerBlock, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
SAME(kFunctionNonPortableCluster, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED);
SAME(kJitErrorLogBuffer, CU_JIT_ERROR_LOG_BUFFER);
SAME(kJitErrorLogBufferSizeBytes, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);

SAME(kLaunchIgnore, CU_LAUNCH_ATTRIBUTE_IGNORE);
SAME(kLaunchClusterDimension, CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION);
SAME(kLaunchProgrammaticStreamSerialization, CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION);
SAME(kLaunchPriority, CU_LAUNCH_ATTRIBUTE_PRIORITY);

SAME(kPointerMemoryType, CU_POINTER_ATTRIBUTE_MEMORY_TYPE);
SAME(kPointerIsManaged, CU_POINTER_ATTRIBUTE_IS_MANAGED);
SAME(kPointerDeviceOrdinal, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL);
SAME(kMemoryTypeHost, CU_MEMORYTYPE_HOST);
SAME(kMemoryTypeDevice, CU_MEMORYTYPE_DEVICE);

SAME(kStreamNonBlocking, CU_STREAM_NON_BLOCKING);
SAME(kEventDefault, CU_EVENT_DEFAULT);
SAME(kCaptureNone, CU_STREAM_CAPTURE_STATUS_NONE);
SAME(kCaptureActive, CU_STREAM_CAPTURE_STATUS_ACTIVE);
SAME(kCaptureInvalidated, CU_STREAM_CAPTURE_STATUS_INVALIDATED);
SAME(kCaptureGlobal, CU_STREAM_CAPTURE_MODE_GLOBAL);
SAME(kCaptureThreadLocal, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
SAME(kCaptureRelaxed, CU_STREAM_CAPTURE_MODE_RELAXED);

SAME(kTensorMapUint8, CU_TENSOR_MAP_DATA_TYPE_UINT8);
SAME(kTensorMapUint16, CU_TENSOR_MAP_DATA_TYPE_UINT16);
SAME(kTensorMapUint32, CU_TENSOR_MAP_DATA_TYPE_UINT32);
SAME(kTensorMapInt32, CU_TENSOR_MAP_DATA_TYPE_INT32);
SAME(kTensorMapUint64, CU_TENSOR_MAP_DATA_TYPE_UINT64);
SAME(kTensorMapInt64, CU_TENSOR_MAP_DATA_TYPE_INT64);
SAME(kTensorMapFloat16, CU_TENSOR_MAP_DATA_TYPE_FLOAT16);
SAME(kTensorMapFloat32, CU_TENSOR_MAP_DATA_TYPE_FLOAT32);
SAME(kTensorMapFloat64, CU_TENSOR_MAP_DATA_TYPE_FLOAT64);
SAME(kTensorMapBfloat16, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16);
SAME(kTensorMapFloat32Ftz, CU_TENSOR_MAP_DATA_TYPE_FLOAT32_FTZ);
SAME(kTensorMapTfloat32, CU_TENSOR_MAP_DATA_TYPE_TFLOAT32);
SAME(kTensorMapTfloat32Ftz, CU_TENSOR_MAP_DATA_TYPE_TFLOAT32_FTZ);
SAME(kTensorMapInterleaveNone, CU_TENSOR_MAP_INTERLEAVE_NONE);
SAME(kTensorMapInterleave16B, CU_TENSOR_MAP_INTERLEAVE_16B);
SAME(kTensorMapInterleave32B, CU_TENSOR_MAP_INTERLEAVE_32B);
SAME(kTensorMapSwizzleNone, CU_TENSOR_MAP_SWIZZLE_NONE);
SAME(kTensorMapSwizzle32B, CU_TENSOR_MAP_SWIZZLE_32B);
SAME(kTensorMapSwizzle64B, CU_TENSOR_MAP_SWIZZLE_64B);
SAME(kTensorMapSwizzle128B, CU_TENSOR_MAP_SWIZZLE_128B);
SAME(kTensorMapL2PromotionNone, CU_TENSOR_MAP_L2_PROMOTION_NONE);
SAME(kTensorMapL2Promotion64B, CU_TENSOR_MAP_L2_PROMOTION_L2_64B);
SAME(kTensorMapL2Promotion128B, CU_TENSOR_MAP_L2_PROMOTION_L2_128B);
SAME(kTensorMapL2Promotion256B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B);
SAME(kTensorMapOobFillNone, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
SAME(kTensorMapOobFillNan, CU_TENSOR_MAP_FLOAT_OOB_FILL_NAN_REQUEST_ZERO_FMA);
#undef SAME

static_assert(sizeof(cu::LaunchAttribute) == sizeof(CUlaunchAttribute));
static_assert(offsetof(cu::LaunchAttribute, cluster) == offsetof(CUlaunchAttribute, value));
static_assert(sizeof(cu::TensorMap) == sizeof(CUtensorMap));
static_assert(alignof(cu::TensorMap) >= 64 && alignof(cu::TensorMap) >= alignof(CUtensorMap));
static_assert(sizeof(cu::DevicePtr) == sizeof(CUdeviceptr));
static_assert(sizeof(cu::Device) == sizeof(CUdevice));

static_assert(sizeof(cu::LaunchConfig) == sizeof(CUlaunchConfig));
#define SAME_FIELD(ours, theirs)                                                        \
  static_assert(offsetof(cu::LaunchConfig, ours) == offsetof(CUlaunchConfig, theirs) && \
                sizeof(cu::LaunchConfig::ours) == sizeof(CUlaunchConfig::theirs))
SAME_FIELD(grid_x, gridDimX);
SAME_FIELD(grid_y, gridDimY);
SAME_FIELD(grid_z, gridDimZ);
SAME_FIELD(block_x, blockDimX);
SAME_FIELD(block_y, blockDimY);
SAME_FIELD(block_z, blockDimZ);
SAME_FIELD(shared_bytes, sharedMemBytes);
SAME_FIELD(stream, hStream);
SAME_FIELD(attributes, attrs);
SAME_FIELD(attribute_count, numAttrs);
#undef SAME_FIELD

/// Passed alike in a call: both pointers, both floats, or both integers of one size and sign.
template <typename A, typename B>
constexpr bool PassedAlike() {
  if constexpr (std::is_pointer_v<A> || std::is_pointer_v<B>) {
    return std::is_pointer_v<A> && std::is_pointer_v<B>;
  } else if constexpr (std::is_floating_point_v<A> || std::is_floating_point_v<B>) {
    return std::is_same_v<A, B>;
  } else {
    return sizeof(A) == sizeof(B);
  }
}

template <typename Ours, typename Theirs>
struct SameCall : std::false_type {};
template <typename... Ours, typename... Theirs>
struct SameCall<cu::Result (*)(Ours...), CUresult (*)(Theirs...)> {
  static constexpr bool Value() {
    if constexpr (sizeof...(Ours) == sizeof...(Theirs)) {
      return (PassedAlike<Ours, Theirs>() && ...);
    } else {
      return false;
    }
  }
  static constexpr bool value = Value();
};

// cuGetErrorName's first parameter is a CUresult, cuDeviceGetAttribute's second an enumeration.
#define SAME_CALL(need, field, symbol, parameters)                                  \
  static_assert(SameCall<decltype(DriverTable::field), decltype(&::symbol)>::value, \
                "signature of " #symbol);
ATTNJIT_DRIVER_FUNCTIONS(SAME_CALL)
#undef SAME_CALL

TEST(CudaTypes, AreThoseOfTheInstalledCudaHeader) {
  EXPECT_GE(CUDA_VERSION, 12000) << "The assertions above were compiled against this version.";
}

}  // namespace
}  // namespace attnjit
