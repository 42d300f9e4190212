// The CUDA driver as a table of functions, opened at run time.
//
// Everything that touches a device goes through a DriverTable, so that a GPU and an emulator are
// two tables and nothing above knows which one it has.
#ifndef ATTNJIT_RUNTIME_DRIVER_H_
#define ATTNJIT_RUNTIME_DRIVER_H_

#include <memory>
#include <string>
#include <system_error>

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "runtime/cuda_types.h"

namespace attnjit {

// X(kRequired | kOptional, field, symbol, (parameters)). Symbols are the exported names of CUDA
// 12.0's signatures; a name with _v2 is what cuda.h maps the plain name to. An optional one is null
// where the driver lacks it.
#define ATTNJIT_DRIVER_FUNCTIONS(X)                                                            \
  X(kRequired, init, cuInit, (unsigned flags))                                                 \
  X(kRequired, driver_get_version, cuDriverGetVersion, (int* version))                         \
  X(kRequired, get_error_name, cuGetErrorName, (cu::Result error, const char** text))          \
  X(kRequired, get_error_string, cuGetErrorString, (cu::Result error, const char** text))      \
  X(kRequired, device_get_count, cuDeviceGetCount, (int* count))                               \
  X(kRequired, device_get, cuDeviceGet, (cu::Device * device, int ordinal))                    \
  X(kRequired, device_get_name, cuDeviceGetName, (char* name, int size, cu::Device device))    \
  X(kRequired, device_total_mem, cuDeviceTotalMem_v2, (size_t * bytes, cu::Device device))     \
  X(kRequired, device_get_attribute, cuDeviceGetAttribute,                                     \
    (int* value, cu::DeviceAttribute attribute, cu::Device device))                            \
  X(kRequired, device_primary_ctx_retain, cuDevicePrimaryCtxRetain,                            \
    (cu::Context * context, cu::Device device))                                                \
  X(kRequired, device_primary_ctx_release, cuDevicePrimaryCtxRelease_v2, (cu::Device device))  \
  X(kRequired, ctx_push_current, cuCtxPushCurrent_v2, (cu::Context context))                   \
  X(kRequired, ctx_pop_current, cuCtxPopCurrent_v2, (cu::Context * context))                   \
  X(kRequired, ctx_get_current, cuCtxGetCurrent, (cu::Context * context))                      \
  X(kRequired, ctx_get_device, cuCtxGetDevice, (cu::Device * device))                          \
  X(kRequired, ctx_synchronize, cuCtxSynchronize, ())                                          \
  X(kRequired, mem_get_info, cuMemGetInfo_v2, (size_t * free, size_t * total))                 \
  X(kRequired, mem_alloc, cuMemAlloc_v2, (cu::DevicePtr * pointer, size_t bytes))              \
  X(kRequired, mem_free, cuMemFree_v2, (cu::DevicePtr pointer))                                \
  X(kRequired, memcpy_htod_async, cuMemcpyHtoDAsync_v2,                                        \
    (cu::DevicePtr target, const void* source, size_t bytes, cu::Stream stream))               \
  X(kRequired, memcpy_dtoh_async, cuMemcpyDtoHAsync_v2,                                        \
    (void* target, cu::DevicePtr source, size_t bytes, cu::Stream stream))                     \
  X(kRequired, memcpy_dtod_async, cuMemcpyDtoDAsync_v2,                                        \
    (cu::DevicePtr target, cu::DevicePtr source, size_t bytes, cu::Stream stream))             \
  X(kRequired, memset_d8_async, cuMemsetD8Async,                                               \
    (cu::DevicePtr target, unsigned char value, size_t count, cu::Stream stream))              \
  X(kRequired, memset_d16_async, cuMemsetD16Async,                                             \
    (cu::DevicePtr target, unsigned short value, size_t count, cu::Stream stream))             \
  X(kRequired, memset_d32_async, cuMemsetD32Async,                                             \
    (cu::DevicePtr target, unsigned value, size_t count, cu::Stream stream))                   \
  X(kRequired, pointer_get_attributes, cuPointerGetAttributes,                                 \
    (unsigned count, cu::PointerAttribute* attributes, void** values, cu::DevicePtr pointer))  \
  X(kRequired, stream_create, cuStreamCreate, (cu::Stream * stream, unsigned flags))           \
  X(kRequired, stream_destroy, cuStreamDestroy_v2, (cu::Stream stream))                        \
  X(kRequired, stream_synchronize, cuStreamSynchronize, (cu::Stream stream))                   \
  X(kRequired, stream_get_ctx, cuStreamGetCtx, (cu::Stream stream, cu::Context * context))     \
  X(kRequired, stream_is_capturing, cuStreamIsCapturing,                                       \
    (cu::Stream stream, cu::StreamCaptureStatus * status))                                     \
  X(kOptional, stream_begin_capture, cuStreamBeginCapture_v2,                                  \
    (cu::Stream stream, cu::StreamCaptureMode mode))                                           \
  X(kOptional, stream_end_capture, cuStreamEndCapture, (cu::Stream stream, cu::Graph * graph)) \
  X(kOptional, graph_instantiate, cuGraphInstantiateWithFlags,                                 \
    (cu::GraphExec * exec, cu::Graph graph, unsigned long long flags))                         \
  X(kOptional, graph_launch, cuGraphLaunch, (cu::GraphExec exec, cu::Stream stream))           \
  X(kOptional, graph_exec_destroy, cuGraphExecDestroy, (cu::GraphExec exec))                   \
  X(kOptional, graph_destroy, cuGraphDestroy, (cu::Graph graph))                               \
  X(kRequired, event_create, cuEventCreate, (cu::Event * event, unsigned flags))               \
  X(kRequired, event_destroy, cuEventDestroy_v2, (cu::Event event))                            \
  X(kRequired, event_record, cuEventRecord, (cu::Event event, cu::Stream stream))              \
  X(kRequired, event_synchronize, cuEventSynchronize, (cu::Event event))                       \
  X(kRequired, event_elapsed_time, cuEventElapsedTime,                                         \
    (float* milliseconds, cu::Event start, cu::Event end))                                     \
  X(kOptional, library_load_data, cuLibraryLoadData,                                           \
    (cu::Library * library, const void* image, void* jit_options, void** jit_values,           \
     unsigned jit_count, void* options, void** values, unsigned count))                        \
  X(kOptional, library_unload, cuLibraryUnload, (cu::Library library))                         \
  X(kOptional, library_get_kernel, cuLibraryGetKernel,                                         \
    (cu::Kernel * kernel, cu::Library library, const char* name))                              \
  X(kOptional, kernel_get_function, cuKernelGetFunction,                                       \
    (cu::Function * function, cu::Kernel kernel))                                              \
  X(kOptional, kernel_set_attribute, cuKernelSetAttribute,                                     \
    (cu::FunctionAttribute attribute, int value, cu::Kernel kernel, cu::Device device))        \
  X(kRequired, module_load_data, cuModuleLoadData, (cu::Module * module, const void* image))   \
  X(kRequired, module_unload, cuModuleUnload, (cu::Module module))                             \
  X(kRequired, module_get_function, cuModuleGetFunction,                                       \
    (cu::Function * function, cu::Module module, const char* name))                            \
  X(kRequired, func_set_attribute, cuFuncSetAttribute,                                         \
    (cu::Function function, cu::FunctionAttribute attribute, int value))                       \
  X(kRequired, func_get_attribute, cuFuncGetAttribute,                                         \
    (int* value, cu::FunctionAttribute attribute, cu::Function function))                      \
  X(kRequired, occupancy, cuOccupancyMaxActiveBlocksPerMultiprocessor,                         \
    (int* blocks, cu::Function function, int block_size, size_t dynamic_shared_bytes))         \
  X(kRequired, launch_kernel, cuLaunchKernelEx,                                                \
    (const cu::LaunchConfig* config, cu::Function function, void** parameters, void** extra))  \
  X(kOptional, tensor_map_encode_tiled, cuTensorMapEncodeTiled,                                \
    (cu::TensorMap * map, cu::TensorMapDataType type, uint32_t rank, void* address,            \
     const uint64_t* dims, const uint64_t* strides, const uint32_t* box,                       \
     const uint32_t* element_strides, cu::TensorMapInterleave interleave,                      \
     cu::TensorMapSwizzle swizzle, cu::TensorMapL2Promotion promotion, cu::TensorMapOobFill fill))

/// What a driver is given to load. A GPU's takes both, but PTX would be compiled once more there.
enum class ImageFormat { kCubin, kPtx };

/// One driver's functions. Immutable once filled; share it freely between threads.
struct DriverTable {
#define ATTNJIT_DECLARE(need, field, symbol, parameters) cu::Result(*field) parameters = nullptr;
  ATTNJIT_DRIVER_FUNCTIONS(ATTNJIT_DECLARE)
#undef ATTNJIT_DECLARE
  ImageFormat image_format = ImageFormat::kCubin;
};

/// A call of the driver that failed, or a driver that cannot be used. Command line exit code 1.
class DriverError : public llvm::ErrorInfo<DriverError> {
 public:
  static char ID;
  DriverError(std::string call, std::string code, std::string text, std::string advice)
      : call_(std::move(call)),
        code_(std::move(code)),
        text_(std::move(text)),
        advice_(std::move(advice)) {}
  const std::string& call() const { return call_; }      ///< "cuInit", "dlopen".
  const std::string& code() const { return code_; }      ///< "CUDA_ERROR_NO_DEVICE", or "".
  const std::string& text() const { return text_; }      ///< The driver's own words.
  const std::string& advice() const { return advice_; }  ///< What the caller can do, or "".
  void log(llvm::raw_ostream& os) const override;
  std::error_code convertToErrorCode() const override;

 private:
  std::string call_;
  std::string code_;
  std::string text_;
  std::string advice_;
};

/// Opens the driver's library ("": libcuda.so.1), finds every function and initialises it. The
/// library stays open until the process ends: objects made by it may outlive every table.
/// Errors: DriverError naming the library and what the loader said, every missing required
/// function, or why cuInit failed.
llvm::Expected<std::shared_ptr<const DriverTable>> OpenDriver(llvm::StringRef path);

/// A DriverError for `result` of `call` ("cuMemAlloc"), with the table's name and text for it.
llvm::Error MakeDriverError(const DriverTable& driver, llvm::StringRef call, cu::Result result);

/// success() for kSuccess, else MakeDriverError.
inline llvm::Error CheckDriver(const DriverTable& driver, const char* call, cu::Result result) {
  if (result == cu::kSuccess) return llvm::Error::success();
  return MakeDriverError(driver, call, result);
}

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_DRIVER_H_
