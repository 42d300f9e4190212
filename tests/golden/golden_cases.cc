#include "tests/golden/golden_cases.h"

#include "generator/emit.h"
#include "generator/planner.h"
#include "generator/spec.h"
#include "llvm/Support/Error.h"

namespace attnjit {
namespace {

struct GoldenCase {
  const char* spec;
  Arch arch;
};

constexpr GoldenCase kCases[] = {
    {R"({"head_dim":128,"dtype":"bf16"})", Arch::kSm90a},
    {R"({"head_dim":128,"dtype":"bf16","mask":"causal","heads":{"q":32,"kv":8},"lse":true})",
     Arch::kSm90a},
    {R"({"head_dim":64,"dtype":"fp16","mask":"causal","align":"bottom_right"})", Arch::kSm90a},
    {R"({"head_dim":{"qk":192,"v":128},"dtype":"bf16","mask":"causal"})", Arch::kSm90a},
    {R"({"head_dim":256,"dtype":"bf16","mask":{"window":[1023,0]},"align":"bottom_right"})",
     Arch::kSm90a},
    {R"({"head_dim":72,"dtype":"bf16","layout":"thd","lse":true})", Arch::kSm90a},
    {R"({"head_dim":128,"dtype":"bf16","hints":{"seqlen_q_multiple_of":128,"seqlen_kv_multiple_of":176}})",
     Arch::kSm90a},
    {R"({"head_dim":128,"dtype":"bf16","heads":{"q":32,"kv":8},"lse":true,"hints":{"seqlen_q_at_most":1}})",
     Arch::kSm90a},
    {R"({"head_dim":128,"dtype":"bf16","mask":"causal","heads":{"q":32,"kv":8},"lse":true})",
     Arch::kSm100a},
    {R"({"head_dim":256,"dtype":"bf16"})", Arch::kSm100a},
    {R"({"head_dim":72,"dtype":"fp16","layout":"thd","mask":{"window":[64,0]},"align":"top_left"})",
     Arch::kSm100a},
    {R"({"head_dim":128,"dtype":"bf16"})", Arch::kSm103a},
    {R"({"head_dim":128,"dtype":"bf16","mask":"causal","lse":true})", Arch::kSm80},
    {R"({"head_dim":64,"dtype":"fp16"})", Arch::kSm89},
    {R"({"head_dim":{"qk":40,"v":24},"dtype":"bf16","mask":{"window":[64,64]},"align":"top_left"})",
     Arch::kSm86},
    {R"({"head_dim":256,"dtype":{"q":"fp16","kv":"fp16","o":"bf16"},"heads":{"q":8,"kv":1}})",
     Arch::kSm100},
    {R"({"head_dim":96,"dtype":"bf16","mask":"causal","align":"bottom_right","layout":"thd"})",
     Arch::kSm120},
};

}  // namespace

std::vector<GoldenKernel> GoldenKernels() {
  std::vector<GoldenKernel> kernels;
  for (const GoldenCase& c : kCases) {
    const AttentionSpec spec = llvm::cantFail(ParseSpec(c.spec), c.spec);
    const KernelPlan plan = llvm::cantFail(PlanKernel(ResolveKernelSpec(spec), c.arch), c.spec);
    kernels.push_back({plan.name, EmitSource(plan)});
  }
  return kernels;
}

}  // namespace attnjit
