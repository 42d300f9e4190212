// KernelSpec, Arch -> the kernel's name: fwd_ARCH_DTYPE_dDIM, then a suffix for each thing that
// differs from the shortest request (no mask, top left, one q head for each kv head, dense, no LSE,
// no hints), always in this order.
#include <string>

#include "generator/spec.h"
#include "generator/spec_names.h"

namespace attnjit {
namespace {

std::string ArchPart(Arch arch) {
  std::string name = GetArchInfo(arch).name;  // "sm_90a"
  std::erase(name, '_');
  return name;
}

std::string DtypePart(const KernelSpec& spec) {
  const Problem& problem = spec.problem;
  std::string name = NameOf(kElementNames, problem.element);
  if (spec.element_kv != problem.element) {
    name += std::string("_kv") + NameOf(kElementNames, spec.element_kv);
  }
  if (problem.element_o != problem.element) {
    name += std::string("_o") + NameOf(kElementNames, problem.element_o);
  }
  return name;
}

std::string HeadDimPart(const Problem& problem) {
  std::string name = "d" + std::to_string(problem.head_dim_qk);
  if (problem.head_dim_v != problem.head_dim_qk) name += "x" + std::to_string(problem.head_dim_v);
  return name;
}

/// A window's bounds: l or r where a width is given at run time, 0 where it is the diagonal itself,
/// nothing where it is unbounded.
std::string MaskSuffix(const Problem& problem) {
  if (!problem.masked()) return "";
  std::string name = "_causal";
  if (problem.left != Bound::kNone || problem.right != Bound::kZero) {
    name = "_window_";
    if (problem.left == Bound::kRuntime) name += "l";
    if (problem.right == Bound::kZero) name += "0";
    if (problem.right == Bound::kRuntime) name += "r";
  }
  return problem.diagonal == Diagonal::kBottomRight ? name + "_br" : name;
}

}  // namespace

std::string KernelName(const KernelSpec& spec, Arch arch) {
  const Problem& problem = spec.problem;
  std::string name = "fwd_" + ArchPart(arch) + "_" + DtypePart(spec) + "_" + HeadDimPart(problem);
  name += MaskSuffix(problem);
  if (problem.group != 1) name += "_gqa" + std::to_string(problem.group);
  if (problem.packed) name += "_thd";
  if (problem.lse) name += "_lse";
  if (spec.seqlen_q_multiple_of != 1) name += "_sq" + std::to_string(spec.seqlen_q_multiple_of);
  if (spec.seqlen_kv_multiple_of != 1) name += "_skv" + std::to_string(spec.seqlen_kv_multiple_of);
  if (spec.seqlen_q_at_most != 0) name += "_sqmax" + std::to_string(spec.seqlen_q_at_most);
  if (spec.ctas != 0) name += "_cta" + std::to_string(spec.ctas);
  return name;
}

}  // namespace attnjit
