// NVRTC's C interface as a table of functions, filled at run time; building needs no CUDA headers
// (docs/adr/0004-no-cuda-headers.md).
#ifndef ATTNJIT_RUNTIME_NVRTC_API_H_
#define ATTNJIT_RUNTIME_NVRTC_API_H_

#include <cstddef>

namespace attnjit {

// Declared after nvrtc.h of CUDA 13.0; the same since CUDA 12.0. nvrtcResult is a C enum, and only
// success and the value for its text are used here; nvrtcProgram is an opaque pointer.
using NvrtcResult = int;
inline constexpr NvrtcResult kNvrtcSuccess = 0;
inline constexpr NvrtcResult kNvrtcErrorInvalidOption = 5;
inline constexpr NvrtcResult kNvrtcErrorCompilation = 6;
struct NvrtcProgramOpaque;
using NvrtcProgram = NvrtcProgramOpaque*;

// X(return type, field, symbol, (parameters)).
#define ATTNJIT_NVRTC_FUNCTIONS(X)                                                            \
  X(const char*, get_error_string, nvrtcGetErrorString, (NvrtcResult result))                 \
  X(NvrtcResult, version, nvrtcVersion, (int* major, int* minor))                             \
  X(NvrtcResult, get_num_supported_archs, nvrtcGetNumSupportedArchs, (int* count))            \
  X(NvrtcResult, get_supported_archs, nvrtcGetSupportedArchs, (int* archs))                   \
  X(NvrtcResult, create_program, nvrtcCreateProgram,                                          \
    (NvrtcProgram * program, const char* source, const char* name, int header_count,          \
     const char* const* headers, const char* const* include_names))                           \
  X(NvrtcResult, destroy_program, nvrtcDestroyProgram, (NvrtcProgram * program))              \
  X(NvrtcResult, compile_program, nvrtcCompileProgram,                                        \
    (NvrtcProgram program, int option_count, const char* const* options))                     \
  X(NvrtcResult, get_ptx_size, nvrtcGetPTXSize, (NvrtcProgram program, size_t * size))        \
  X(NvrtcResult, get_ptx, nvrtcGetPTX, (NvrtcProgram program, char* ptx))                     \
  X(NvrtcResult, get_cubin_size, nvrtcGetCUBINSize, (NvrtcProgram program, size_t * size))    \
  X(NvrtcResult, get_cubin, nvrtcGetCUBIN, (NvrtcProgram program, char* cubin))               \
  X(NvrtcResult, get_log_size, nvrtcGetProgramLogSize, (NvrtcProgram program, size_t * size)) \
  X(NvrtcResult, get_log, nvrtcGetProgramLog, (NvrtcProgram program, char* log))

/// Complete: a library that lacks one of them is not used. Every function is thread safe.
struct NvrtcTable {
#define ATTNJIT_NVRTC_FIELD(result, field, symbol, parameters) result(*field) parameters = nullptr;
  ATTNJIT_NVRTC_FUNCTIONS(ATTNJIT_NVRTC_FIELD)
#undef ATTNJIT_NVRTC_FIELD
};

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_NVRTC_API_H_
