// The request: what a caller asks for in JSON, parsed and validated.
//
// JSON -> ParseSpec -> AttentionSpec -> ResolveKernelSpec -> KernelSpec (what is compiled in).
// Thread safety: every function here is pure.
#ifndef ATTNJIT_GENERATOR_SPEC_H_
#define ATTNJIT_GENERATOR_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>

#include "generator/arch.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "templates/problem.h"

namespace attnjit {

/// How q, k, v and o are stored. Dense layouts differ in their strides only.
enum class Layout { kBshd, kBhsd, kThd };

/// Which corner of the seqlen_q x seqlen_kv score matrix a mask's diagonal is tied to.
/// kEqualLengths: the request named none, so launches need seqlen_q == seqlen_kv.
enum class Align { kEqualLengths, kTopLeft, kBottomRight };

/// Keys visible to query i (on the mask's diagonal) are i - left .. i + right; nullopt: unbounded.
/// "none" is {nullopt, nullopt}, "causal" is {nullopt, 0}.
struct MaskSpec {
  std::optional<int32_t> left;
  std::optional<int32_t> right;
  bool operator==(const MaskSpec&) const = default;
};

/// A parsed request: every field valid on its own and with the others, defaults filled.
struct AttentionSpec {
  std::optional<Arch> arch;  ///< nullopt: the caller's device or --arch decides.
  Element element_q = Element::kBf16;
  Element element_kv = Element::kBf16;
  Element element_o = Element::kBf16;
  int head_dim_qk = 0;
  int head_dim_v = 0;
  int64_t heads_q = 1;
  int64_t heads_kv = 1;
  Layout layout = Layout::kBshd;
  MaskSpec mask;
  Align align = Align::kEqualLengths;  ///< kTopLeft where the mask is none: inert there.
  double softmax_scale = 0;            ///< Always explicit: 1/sqrt(head_dim_qk) if not given.
  bool lse = false;
  int64_t seqlen_q_multiple_of = 1;
  int64_t seqlen_kv_multiple_of = 1;
  int64_t seqlen_q_at_most = 0;  ///< 0: no such promise.
  int64_t ctas = 0;              ///< That compute a tile together, 1 or 2; 0: the planner decides.
};

// Numbers of queries that kernels are made for: few (a tile holds all query heads of a group, K/V
// is cut) and short sequences (tiles that end soon).
inline constexpr int64_t kFewQueries = 64;
inline constexpr int64_t kShortQueries = 1024;

/// What is compiled in: two requests with equal KernelSpecs share one kernel on one GPU.
/// Batch, lengths, strides, scale, window sizes and absolute head counts are run-time values.
struct KernelSpec {
  Problem problem = {};                 ///< Shared with the kernel; problem.element is q's.
  Element element_kv = Element::kBf16;  ///< Every family today needs problem.element here.
  int64_t seqlen_q_multiple_of = 1;     ///< Promised by the caller; the planner may use it.
  int64_t seqlen_kv_multiple_of = 1;
  /// 0: no such promise, or one above kShortQueries; between kFewQueries and that: kShortQueries.
  int64_t seqlen_q_at_most = 0;
  int64_t ctas = 0;              ///< 1 or 2 as the request says; 0: the planner decides.
  bool operator==(const KernelSpec&) const = default;
};

/// Parses and validates one request. Errors: SpecError with every diagnostic (generator/error.h).
llvm::Expected<AttentionSpec> ParseSpec(llvm::StringRef json);

/// The canonical request: one line of sorted compact JSON with defaults filled, aliases resolved
/// and inert fields dropped. ParseSpec(CanonicalJson(s)) gives s again. `arch` is printed if set.
std::string CanonicalJson(const AttentionSpec& spec);

/// The compiled-in part of a request.
KernelSpec ResolveKernelSpec(const AttentionSpec& spec);

/// The kernel's identity as canonical JSON: a valid request again, one that resolves to `spec`.
/// Run-time values are left out; a window width given at run time stands as 1, heads as their
/// ratio. Stored in cache entries, compared on every hit, printed at the top of the source.
std::string CanonicalJson(const KernelSpec& spec, Arch arch);

/// The kernel's one name: entry symbol, golden file, test case, cache listing. Matches
/// [a-z0-9_]+; e.g. fwd_sm90a_bf16_d128_causal_gqa8. Injective over (spec, arch).
std::string KernelName(const KernelSpec& spec, Arch arch);

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_SPEC_H_
