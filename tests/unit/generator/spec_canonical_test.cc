// Canonical requests and kernel identities: what callers rely on when they compare or hash them.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "generator/spec.h"
#include "tests/unit/generator/random_spec.h"

namespace attnjit {
namespace {

AttentionSpec Parse(const std::string& json) {
  llvm::Expected<AttentionSpec> spec = ParseSpec(json);
  if (!spec) {
    ADD_FAILURE() << json << ": " << llvm::toString(spec.takeError());
    return {};
  }
  return *spec;
}

std::string Canonical(const std::string& json) { return CanonicalJson(Parse(json)); }
KernelSpec Resolve(const std::string& json) { return ResolveKernelSpec(Parse(json)); }

TEST(SpecCanonicalTest, FillsDefaultsAndSortsKeys) {
  EXPECT_EQ(Canonical(R"({"head_dim":64,"dtype":"bf16","mask":"causal"})"),
            R"({"dtype":"bf16","head_dim":64,"heads":{"kv":1,"q":1},"layout":"bshd","lse":false,)"
            R"("mask":"causal","op":"attention_forward","softmax_scale":0.125,"version":1})");
}

TEST(SpecCanonicalTest, ResolvesAliasesAndEqualForms) {
  EXPECT_EQ(Canonical(R"({"head_dim":{"qk":64,"v":64},
                          "dtype":{"q":"half","kv":"float16","o":"fp16"},
                          "mask":{"window":[null,0]}})"),
            Canonical(R"({"head_dim":64.0,"dtype":"fp16","mask":"causal"})"));
}

TEST(SpecCanonicalTest, DropsInertFields) {
  EXPECT_EQ(Canonical(R"({"head_dim":64,"dtype":"bf16","mask":"none","align":"bottom_right",
                          "hints":{"seqlen_q_multiple_of":1},"x-note":"why"})"),
            Canonical(R"({"head_dim":64,"dtype":"bf16"})"));
}

TEST(SpecCanonicalTest, AnySpellingOfARequestHasOneCanonicalForm) {
  std::mt19937_64 rng(1);
  for (int i = 0; i < 2000; ++i) {
    const AttentionSpec spec = RandomSpec(rng);
    const std::string canonical = CanonicalJson(spec);
    const std::string spelling = RandomSpelling(spec, rng);
    ASSERT_EQ(Canonical(spelling), canonical) << spelling;
    ASSERT_EQ(Canonical(canonical), canonical);
    ASSERT_TRUE(ResolveKernelSpec(Parse(spelling)) == ResolveKernelSpec(spec)) << spelling;
  }
}

TEST(SpecCanonicalTest, RequestsThatDifferInAnyFieldHaveDifferentCanonicalForms) {
  const std::vector<std::string> members = {
      R"("arch":"sm_80")",
      R"("arch":"sm_90a")",
      R"("heads":{"q":2,"kv":1})",
      R"("heads":{"q":2,"kv":2})",
      R"("layout":"bhsd")",
      R"("layout":"thd")",
      R"("mask":"causal")",
      R"("mask":"causal","align":"top_left")",
      R"("mask":"causal","align":"bottom_right")",
      R"("mask":{"window":[4,0]})",
      R"("mask":{"window":[0,0]})",
      R"("mask":{"window":[4,null]})",
      R"("mask":{"window":[null,4]})",
      R"("mask":{"window":[4,5]})",
      R"("softmax_scale":0.5)",
      R"("lse":true)",
      R"("hints":{"seqlen_q_multiple_of":2})",
      R"("hints":{"seqlen_kv_multiple_of":2})",
      R"("hints":{"seqlen_q_at_most":1})",
      R"("hints":{"ctas":1})",
      R"("hints":{"ctas":2})",
      R"("x-nothing":0)",
  };
  std::map<std::string, std::string> seen;
  for (const std::string& member : members) {
    const std::string json = R"({"head_dim":64,"dtype":"bf16",)" + member + "}";
    const auto [it, inserted] = seen.emplace(Canonical(json), json);
    EXPECT_TRUE(inserted) << json << " and " << it->second;
  }
}

TEST(KernelSpecTest, PromisesOfShortSequencesShareOneKernel) {
  const auto at_most = [](int64_t queries) {
    return Resolve(R"({"head_dim":64,"dtype":"bf16","hints":{"seqlen_q_at_most":)" +
                   std::to_string(queries) + "}}");
  };
  EXPECT_TRUE(at_most(65) == at_most(1024));
  EXPECT_FALSE(at_most(64) == at_most(65));
  EXPECT_TRUE(at_most(1025) == Resolve(R"({"head_dim":64,"dtype":"bf16"})"));
}

TEST(KernelSpecTest, DenseLayoutsShareOneKernel) {
  const KernelSpec bshd = Resolve(R"({"head_dim":64,"dtype":"bf16","layout":"bshd"})");
  EXPECT_TRUE(bshd == Resolve(R"({"head_dim":64,"dtype":"bf16","layout":"bhsd"})"));
  EXPECT_FALSE(bshd == Resolve(R"({"head_dim":64,"dtype":"bf16","layout":"thd"})"));
}

TEST(KernelSpecTest, RunTimeValuesShareOneKernel) {
  EXPECT_TRUE(Resolve(R"({"head_dim":64,"dtype":"bf16","mask":{"window":[127,0]},
                          "heads":{"q":32,"kv":8},"softmax_scale":0.5})") ==
              Resolve(R"({"head_dim":64,"dtype":"bf16","mask":{"window":[4095,0]},
                          "heads":{"q":64,"kv":16}})"));
}

TEST(KernelSpecTest, EqualLengthsResolveToTheTopLeftDiagonal) {
  EXPECT_TRUE(Resolve(R"({"head_dim":64,"dtype":"bf16","mask":"causal"})") ==
              Resolve(R"({"head_dim":64,"dtype":"bf16","mask":"causal","align":"top_left"})"));
}

TEST(KernelSpecTest, ARightBoundOfZeroIsCompiledIn) {
  const Problem causal = Resolve(R"({"head_dim":64,"dtype":"bf16","mask":"causal"})").problem;
  EXPECT_EQ(causal.left, Bound::kNone);
  EXPECT_EQ(causal.right, Bound::kZero);
  const Problem sliding =
      Resolve(R"({"head_dim":64,"dtype":"bf16","mask":{"window":[9,0]}})").problem;
  EXPECT_EQ(sliding.left, Bound::kRuntime);
  EXPECT_EQ(sliding.right, Bound::kZero);
  const Problem wide = Resolve(R"({"head_dim":64,"dtype":"bf16","mask":{"window":[0,9]}})").problem;
  EXPECT_EQ(wide.left, Bound::kRuntime);
  EXPECT_EQ(wide.right, Bound::kRuntime);
}

TEST(KernelSpecTest, IdentityIsAValidRequestForTheSameKernel) {
  std::mt19937_64 rng(2);
  for (int i = 0; i < 2000; ++i) {
    const KernelSpec kernel = ResolveKernelSpec(RandomSpec(rng));
    const Arch arch = AllArchs()[i % AllArchs().size()].arch;
    const std::string identity = CanonicalJson(kernel, arch);
    const AttentionSpec representative = Parse(identity);
    ASSERT_TRUE(ResolveKernelSpec(representative) == kernel) << identity;
    ASSERT_EQ(representative.arch, arch);
  }
}

TEST(WorkloadsTest, EveryWorkloadIsAValidRequest) {
  std::ifstream file(WORKLOADS);
  const nlohmann::json workloads = nlohmann::json::parse(file).at("workloads");
  ASSERT_GE(workloads.size(), 18u);
  for (const nlohmann::json& workload : workloads) {
    Parse(workload.at("spec").dump());
  }
}

}  // namespace
}  // namespace attnjit
