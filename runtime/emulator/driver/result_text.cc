#include "runtime/emulator/driver/result_text.h"

#include <algorithm>
#include <iterator>

namespace attnjit::emulator {
namespace {

struct Entry {
  cu::Result result;
  const char* name;
  const char* text;
};

// Texts as the driver for CUDA 13.0 has them.
constexpr Entry kEntries[] = {
    {cu::kSuccess, "CUDA_SUCCESS", "no error"},
    {cu::kErrorInvalidValue, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {cu::kErrorOutOfMemory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {cu::kErrorNotInitialized, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {cu::kErrorDeinitialized, "CUDA_ERROR_DEINITIALIZED", "driver shutting down"},
    {cu::kErrorNoDevice, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {cu::kErrorInvalidDevice, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {cu::kErrorInvalidImage, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {cu::kErrorInvalidContext, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {cu::kErrorNoBinaryForGpu, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {cu::kErrorInvalidPtx, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {cu::kErrorUnsupportedPtxVersion, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
     "the provided PTX was compiled with an unsupported toolchain."},
    {cu::kErrorInvalidHandle, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {cu::kErrorIllegalState, "CUDA_ERROR_ILLEGAL_STATE",
     "the operation cannot be performed in the present state"},
    {cu::kErrorNotFound, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {cu::kErrorIllegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS",
     "an illegal memory access was encountered"},
    {cu::kErrorLaunchOutOfResources, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
     "too many resources requested for launch"},
    {cu::kErrorLaunchTimeout, "CUDA_ERROR_LAUNCH_TIMEOUT",
     "the launch timed out and was terminated"},
    {cu::kErrorIllegalInstruction, "CUDA_ERROR_ILLEGAL_INSTRUCTION",
     "an illegal instruction was encountered"},
    {cu::kErrorMisalignedAddress, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {cu::kErrorLaunchFailed, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {cu::kErrorNotSupported, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {cu::kErrorStreamCaptureUnsupported, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "operation not permitted when stream is capturing"},
    {cu::kErrorStreamCaptureInvalidated, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "operation failed due to a previous error during capture"},
    {cu::kErrorStreamCaptureImplicit, "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT",
     "operation would make the legacy stream depend on a capturing blocking stream"},
    {cu::kErrorCapturedEvent, "CUDA_ERROR_CAPTURED_EVENT",
     "operation not permitted on an event last recorded in a capturing stream"},
    {cu::kErrorStreamCaptureWrongThread, "CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD",
     "attempt to terminate a thread-local capture sequence from another thread"},
    {cu::kErrorUnknown, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

const Entry* Find(cu::Result result) {
  const Entry* found = std::find_if(std::begin(kEntries), std::end(kEntries),
                                    [&](const Entry& e) { return e.result == result; });
  return found == std::end(kEntries) ? nullptr : found;
}

}  // namespace

const char* ResultName(cu::Result result) {
  const Entry* entry = Find(result);
  return entry == nullptr ? nullptr : entry->name;
}

const char* ResultText(cu::Result result) {
  const Entry* entry = Find(result);
  return entry == nullptr ? nullptr : entry->text;
}

}  // namespace attnjit::emulator
