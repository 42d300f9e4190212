// libFuzzer target: no bytes make the PTX front end crash or contradict itself.
//   ptx_fuzz -dict=tests/fuzz/ptx.dict tests/fuzz/ptx_corpus
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/ptx_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string problem =
      attnjit::emulator::CheckPtx(llvm::StringRef(reinterpret_cast<const char*>(data), size));
  if (!problem.empty()) {
    std::fprintf(stderr, "%s\n", problem.c_str());
    std::abort();
  }
  return 0;
}
