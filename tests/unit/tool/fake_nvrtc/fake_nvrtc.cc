// An NVRTC that compiles nothing, at once: a cubin with the kernel's name and GPU, so that what is
// around a compiler can be tested many times a second, and where there is none.
//
//   FAKE_NVRTC_FAIL=TEXT    kernels whose name holds TEXT do not compile
//   FAKE_NVRTC_CRASH=TEXT   the process dies at such a kernel
#include <cstdlib>
#include <cstring>
#include <string>

#include "llvm/ADT/StringRef.h"
#include "runtime/nvrtc_api.h"
#include "tests/unit/cache/fake_cubin.h"

using attnjit::NvrtcProgram;
using attnjit::NvrtcResult;

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace attnjit {
struct NvrtcProgramOpaque {
  std::string source, ptx, cubin, log;
};
}  // namespace attnjit

namespace {

constexpr int kArchs[] = {80, 86, 87, 89, 90, 100, 103, 120, 121};

bool NameHolds(const std::string& name, const char* variable) {
  const char* text = std::getenv(variable);
  return text != nullptr && name.find(text) != std::string::npos;
}

/// The name that our sources define; doctor's probe has one of its own.
std::string EntryOf(const std::string& source) {
  constexpr llvm::StringLiteral kDefine = "#define ATTNJIT_KERNEL_NAME ";
  const size_t define = source.find(kDefine.data());
  if (define == std::string::npos) return "attnjit_probe";
  const size_t start = define + kDefine.size();
  return source.substr(start, source.find('\n', start) - start);
}

/// Code that does not compress, and differs for each source.
std::string CodeOf(const std::string& source) {
  uint32_t x = 2166136261u;
  for (const char c : source) x = (x ^ static_cast<unsigned char>(c)) * 16777619u;
  std::string code;
  for (int i = 0; i < 6000; ++i, x = x * 1664525 + 1013904223) code.push_back(char(x >> 24));
  return code;
}

NvrtcResult Give(const std::string& bytes, size_t* size) {
  *size = bytes.size() + 1;
  return attnjit::kNvrtcSuccess;
}

NvrtcResult Give(const std::string& bytes, char* out) {
  std::memcpy(out, bytes.c_str(), bytes.size() + 1);
  return attnjit::kNvrtcSuccess;
}

}  // namespace

EXPORT const char* nvrtcGetErrorString(NvrtcResult) { return "FAKE_NVRTC_ERROR"; }

EXPORT NvrtcResult nvrtcVersion(int* major, int* minor) {
  *major = 13;
  *minor = FAKE_NVRTC_MINOR;
  return attnjit::kNvrtcSuccess;
}

EXPORT NvrtcResult nvrtcGetNumSupportedArchs(int* count) {
  *count = static_cast<int>(std::size(kArchs));
  return attnjit::kNvrtcSuccess;
}

EXPORT NvrtcResult nvrtcGetSupportedArchs(int* archs) {
  std::memcpy(archs, kArchs, sizeof(kArchs));
  return attnjit::kNvrtcSuccess;
}

EXPORT NvrtcResult nvrtcCreateProgram(NvrtcProgram* program, const char* source, const char*, int,
                                      const char* const*, const char* const*) {
  *program = new attnjit::NvrtcProgramOpaque{source, "", "", ""};
  return attnjit::kNvrtcSuccess;
}

EXPORT NvrtcResult nvrtcDestroyProgram(NvrtcProgram* program) {
  delete *program;
  return attnjit::kNvrtcSuccess;
}

EXPORT NvrtcResult nvrtcCompileProgram(NvrtcProgram program, int count,
                                       const char* const* options) {
  const std::string entry = EntryOf(program->source);
  if (NameHolds(entry, "FAKE_NVRTC_CRASH")) std::abort();
  if (NameHolds(entry, "FAKE_NVRTC_FAIL")) {
    program->log = "attnjit.cu(1): error: refused as told\n";
    return attnjit::kNvrtcErrorCompilation;
  }
  int sm = 0;
  for (int i = 0; i < count; ++i) {
    llvm::StringRef option = options[i];
    if (option.consume_front("--gpu-architecture=sm_")) option.consumeInteger(10, sm);
  }
  program->ptx = ".version 9.0\n// " + entry + "\n";
  program->cubin = attnjit::FakeCubin(sm, entry, CodeOf(program->source));
  program->log = "ptxas info    : Compiling entry function '" + entry + "' for 'sm_" +
                 std::to_string(sm) + "'\nptxas info    : Function properties for " + entry +
                 "\n    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
                 "ptxas info    : Used 40 registers, used 1 barriers\n";
  return attnjit::kNvrtcSuccess;
}

EXPORT NvrtcResult nvrtcGetPTXSize(NvrtcProgram p, size_t* size) { return Give(p->ptx, size); }
EXPORT NvrtcResult nvrtcGetPTX(NvrtcProgram p, char* out) { return Give(p->ptx, out); }
EXPORT NvrtcResult nvrtcGetCUBINSize(NvrtcProgram p, size_t* size) {
  *size = p->cubin.size();
  return attnjit::kNvrtcSuccess;
}
EXPORT NvrtcResult nvrtcGetCUBIN(NvrtcProgram p, char* out) {
  std::memcpy(out, p->cubin.data(), p->cubin.size());
  return attnjit::kNvrtcSuccess;
}
EXPORT NvrtcResult nvrtcGetProgramLogSize(NvrtcProgram p, size_t* size) {
  return Give(p->log, size);
}
EXPORT NvrtcResult nvrtcGetProgramLog(NvrtcProgram p, char* out) { return Give(p->log, out); }
