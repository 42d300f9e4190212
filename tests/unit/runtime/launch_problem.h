// Valid launches to start from, for tests that change one thing.
#ifndef ATTNJIT_TESTS_UNIT_RUNTIME_LAUNCH_PROBLEM_H_
#define ATTNJIT_TESTS_UNIT_RUNTIME_LAUNCH_PROBLEM_H_

#include <string>

#include "generator/planner.h"
#include "generator/spec.h"
#include "runtime/launch.h"

namespace attnjit {

inline constexpr char kDenseSpec[] =
    R"({"head_dim": 128, "dtype": "bf16", "heads": {"q": 8, "kv": 2}, "mask": "causal",
        "align": "bottom_right", "lse": true})";
inline constexpr char kWindowSpec[] =
    R"({"head_dim": 64, "dtype": "fp16", "mask": {"window": [256, 64]}, "align": "top_left"})";
inline constexpr char kPackedSpec[] =
    R"({"head_dim": 64, "dtype": "bf16", "heads": {"q": 4, "kv": 4}, "layout": "thd",
        "mask": "causal", "align": "bottom_right", "lse": true})";

/// Two CTAs for each tile.
inline constexpr char kPairSpec[] =
    R"({"head_dim": 128, "dtype": "bf16", "heads": {"q": 8, "kv": 2}, "mask": "causal",
        "align": "bottom_right", "lse": true, "hints": {"ctas": 2}})";

/// Few queries: K/V is split, and a launch needs a workspace.
inline constexpr char kDecodeSpec[] =
    R"({"head_dim": 128, "dtype": "bf16", "heads": {"q": 8, "kv": 2}, "mask": "causal",
        "align": "bottom_right", "lse": true, "hints": {"seqlen_q_at_most": 4}})";

/// An address that no driver knows; 16-byte aligned.
inline void* FakeAddress(int i) { return reinterpret_cast<void*>(0x7f0000000000 + i * 0x1000000); }

inline AttentionSpec MustParse(const char* json) { return llvm::cantFail(ParseSpec(json)); }

inline KernelPlan MustPlan(const char* json, Arch arch) {
  return llvm::cantFail(PlanKernel(ResolveKernelSpec(MustParse(json)), arch));
}

/// Contiguous tensors [batch, seq, heads, dim] of 2 x 1000 queries and 3000 keys.
inline ForwardArgs DenseArgs(int64_t heads_q = 8, int64_t heads_kv = 2, int64_t dim = 128) {
  ForwardArgs args;
  args.batch = 2;
  args.heads_q = heads_q;
  args.heads_kv = heads_kv;
  args.seqlen_q = 1000;
  args.seqlen_kv = 3000;
  args.q = {FakeAddress(0), {1000 * heads_q * dim, heads_q * dim, dim}};
  args.k = {FakeAddress(1), {3000 * heads_kv * dim, heads_kv * dim, dim}};
  args.v = {FakeAddress(2), {3000 * heads_kv * dim, heads_kv * dim, dim}};
  args.o = {FakeAddress(3), {1000 * heads_q * dim, heads_q * dim, dim}};
  args.lse = {FakeAddress(4), {1000 * heads_q, 1, 1000}};
  return args;
}

/// As kDecodeSpec has it: 2 x 4 queries; without a workspace.
inline ForwardArgs DecodeArgs() {
  ForwardArgs args = DenseArgs();
  args.seqlen_q = 4;
  return args;
}

/// Packed tensors of kPackedSpec: 3 sequences, 700 tokens of q and 900 of k and v.
inline ForwardArgs PackedArgs() {
  ForwardArgs args;
  args.batch = 3;
  args.heads_q = 4;
  args.heads_kv = 4;
  args.seqlen_q = 400;
  args.seqlen_kv = 500;
  args.total_q = 700;
  args.total_kv = 900;
  args.cu_seqlens_q = static_cast<const int32_t*>(FakeAddress(5));
  args.cu_seqlens_kv = static_cast<const int32_t*>(FakeAddress(6));
  args.q = {FakeAddress(0), {0, 256, 64}};
  args.k = {FakeAddress(1), {0, 256, 64}};
  args.v = {FakeAddress(2), {0, 256, 64}};
  args.o = {FakeAddress(3), {0, 256, 64}};
  args.lse = {FakeAddress(4), {0, 1, 700}};
  return args;
}

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_UNIT_RUNTIME_LAUNCH_PROBLEM_H_
