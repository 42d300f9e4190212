// libFuzzer target: no bytes make ParseSpec or the canonical forms crash or disagree.
//   spec_fuzz -dict=tests/fuzz/spec.dict tests/fuzz/spec_corpus
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/spec_round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string problem =
      attnjit::CheckSpecRoundTrip(llvm::StringRef(reinterpret_cast<const char*>(data), size));
  if (!problem.empty()) {
    std::fprintf(stderr, "%s\n", problem.c_str());
    std::abort();
  }
  return 0;
}
