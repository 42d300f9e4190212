// The numeric suite's cases: a deterministic grid over everything a request can say.
#ifndef ATTNJIT_TESTS_GPU_CASE_GRID_H_
#define ATTNJIT_TESTS_GPU_CASE_GRID_H_

#include <vector>

#include "generator/arch.h"
#include "llvm/ADT/ArrayRef.h"
#include "tests/gpu/suite_case.h"

namespace attnjit {

/// About 2,000 cases for each arch, in an order that mixes the categories: any first part of it is
/// a sample of the whole. The same call gives the same cases. Categories:
///   dims        every head dim, both dtypes, masks none, causal, window
///   mixed_dims  head_dim.qk != head_dim.v
///   masks       every kind of window, both alignments, lengths unequal both ways
///   lengths     odd lengths, 1 to 4224
///   heads       query heads for each K/V head: 1 to 16
///   packed      thd: ragged, empty sequences, decode, more queries than keys
///   storage     bhsd, padding, interleaved and broadcast tensors, offsets beyond 4 GiB
///   outputs     LSE off, o of the other dtype
///   hints       promised multiples of the lengths
///   nan         NaN and infinity planted where they must and must not be seen
///   values      large, negative and constant scores, tiny and huge scales
///   empty       no keys, no queries
///   invariance  sequences alone and together give the same bits
///   launch      graphs and threads
///   random      everything at once
std::vector<SuiteCase> MakeCaseGrid(llvm::ArrayRef<Arch> archs);

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_GPU_CASE_GRID_H_
