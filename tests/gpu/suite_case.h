// One numeric case: a request, sizes, storage and contents, and what is asked of the result.
#ifndef ATTNJIT_TESTS_GPU_SUITE_CASE_H_
#define ATTNJIT_TESTS_GPU_SUITE_CASE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "llvm/Support/Error.h"
#include "tools/problem/launch_image.h"

namespace attnjit {

/// What q, k and v hold, before anything is planted.
enum class Contents {
  kNormal,       ///< Independent, mean 0, deviation 1.
  kSharp,        ///< q and k of deviation 4: few keys carry each row.
  kLargeLogits,  ///< Scores of deviation 3,000 (fp16 and bf16 alike), up to about 1e4.
  kNegative,     ///< Every score near -1e3: the LSE too.
  kPositive,     ///< Every score near 1e3.
  kConstant,     ///< q and k constant: every score the same, O the mean of V.
  kAscending,    ///< Scores rise along the keys: each block brings a new maximum.
  kDescending,   ///< Scores fall along the keys.
};

/// What is planted into the inputs afterwards.
enum class Plant {
  kNothing,
  kNanUnseen,        ///< NaN in every K and V row that no query of its sequence sees.
  kInfUnseen,        ///< Infinity there.
  kNanInKey,         ///< NaN in a few K rows: it must reach the rows that see them, no other.
  kNanInValue,       ///< NaN in a few elements of V: likewise, in their column.
  kNanInQuery,       ///< NaN in a few q rows.
  kNanInNeighbours,  ///< Every second sequence is NaN throughout.
};

/// What is asked beyond the right result, no stray write and a bit-equal second run.
enum class ExtraCheck {
  kNone,
  kAlone,    ///< Each sequence by itself gives the same bits.
  kGraph,    ///< So does a captured graph, run twice.
  kThreads,  ///< So do four threads that launch the kernel at once, each on its stream.
};

struct SuiteCase {
  std::string id;        ///< Unique: "lengths/fwd_sm90_bf16_d64_b2h4q1k129".
  std::string category;  ///< The id's first part.
  std::string spec;      ///< The request, arch included.
  int64_t heads_kv = 1;
  // Dense: batch, seqlen_q, seqlen_kv. Packed: the lists.
  int64_t batch = 1;
  int64_t seqlen_q = 0;
  int64_t seqlen_kv = 0;
  std::vector<int32_t> seqlens_q;
  std::vector<int32_t> seqlens_kv;
  StorageOptions storage;
  Contents contents = Contents::kNormal;
  Plant plant = Plant::kNothing;
  ExtraCheck extra = ExtraCheck::kNone;
  uint64_t seed = 0;
};

/// The case's launch with its inputs in place. `only`: a part of the batch, by sequence number;
/// empty: all. Each sequence has the same contents in every part.
LaunchImage MakeCaseImage(const SuiteCase& suite_case, const AttentionSpec& spec,
                          const std::vector<int64_t>& only);

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_GPU_SUITE_CASE_H_
