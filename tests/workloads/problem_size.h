// The sizes of a launch in one string, as workloads.json and the command line write them.
#ifndef ATTNJIT_TESTS_WORKLOADS_PROBLEM_SIZE_H_
#define ATTNJIT_TESTS_WORKLOADS_PROBLEM_SIZE_H_

#include <cstdint>
#include <string>

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

struct ProblemSize {
  int64_t batch = 1;
  int64_t seqlen_q = 1;
  int64_t seqlen_kv = 1;
  bool operator==(const ProblemSize&) const = default;
};

/// "prefill 4x4096" and "encode 4x4096": batch x length of queries and keys; "decode 32x8192": one
/// query for each of 32 sequences of that many keys; "cross 16x448x1500": batch x queries x keys.
/// Sizes are 1 to 2^31 - 1. Errors say what is wrong and what the forms are.
llvm::Expected<ProblemSize> ParseProblemSize(llvm::StringRef text);

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_WORKLOADS_PROBLEM_SIZE_H_
