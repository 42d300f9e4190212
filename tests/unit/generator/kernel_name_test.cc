// Kernel names are entry symbols, file names and cache listings: readable, stable, never shared.
#include <gtest/gtest.h>

#include <map>

#include "generator/spec.h"
#include "tests/unit/generator/random_spec.h"

namespace attnjit {
namespace {

std::string Name(const std::string& json) {
  llvm::Expected<AttentionSpec> spec = ParseSpec(json);
  if (!spec) return llvm::toString(spec.takeError());
  return KernelName(ResolveKernelSpec(*spec), Arch::kSm90a);
}

TEST(KernelNameTest, SaysWhatDiffersFromTheShortestRequest) {
  EXPECT_EQ(Name(R"({"head_dim":64,"dtype":"fp16"})"), "fwd_sm90a_fp16_d64");
  EXPECT_EQ(Name(R"({"head_dim":128,"dtype":"bf16","mask":"causal","heads":{"q":64,"kv":8}})"),
            "fwd_sm90a_bf16_d128_causal_gqa8");
  EXPECT_EQ(Name(R"({"head_dim":{"qk":192,"v":128},"dtype":"bf16","mask":"causal",
                     "align":"bottom_right","lse":true})"),
            "fwd_sm90a_bf16_d192x128_causal_br_lse");
  EXPECT_EQ(Name(R"({"head_dim":64,"dtype":{"q":"bf16","kv":"fp16","o":"fp16"},"layout":"thd",
                     "mask":{"window":[64,64]},"align":"top_left",
                     "hints":{"seqlen_q_multiple_of":128,"seqlen_kv_multiple_of":64}})"),
            "fwd_sm90a_bf16_kvfp16_ofp16_d64_window_lr_thd_sq128_skv64");
  EXPECT_EQ(Name(R"({"head_dim":64,"dtype":"bf16","hints":{"seqlen_q_at_most":4}})"),
            "fwd_sm90a_bf16_d64_sqmax4");
  EXPECT_EQ(Name(R"({"head_dim":64,"dtype":"bf16","hints":{"ctas":2}})"),
            "fwd_sm90a_bf16_d64_cta2");
}

TEST(KernelNameTest, NamesEachKindOfWindow) {
  const std::pair<const char*, const char*> windows[] = {
      {"[9,0]", "window_l0"},   {"[9,9]", "window_lr"}, {"[9,null]", "window_l"},
      {"[null,9]", "window_r"}, {"[null,0]", "causal"}, {"[0,0]", "window_l0"},
  };
  for (const auto& [window, name] : windows) {
    EXPECT_EQ(
        Name(std::string(R"({"head_dim":64,"dtype":"bf16","mask":{"window":)") + window + "}}"),
        std::string("fwd_sm90a_bf16_d64_") + name);
  }
}

TEST(KernelNameTest, NamesAndIdentitiesAreInBijection) {
  std::mt19937_64 rng(3);
  std::map<std::string, std::string> identity_of;
  std::map<std::string, std::string> name_of;
  for (int i = 0; i < 20000; ++i) {
    const AttentionSpec spec = RandomSpec(rng);
    const Arch arch = AllArchs()[i % AllArchs().size()].arch;
    const KernelSpec kernel = ResolveKernelSpec(spec);
    const std::string identity = CanonicalJson(kernel, arch);
    const std::string name = KernelName(kernel, arch);
    ASSERT_EQ(identity_of.emplace(name, identity).first->second, identity) << name;
    ASSERT_EQ(name_of.emplace(identity, name).first->second, name) << identity;
  }
  EXPECT_GT(identity_of.size(), 10000u);
}

}  // namespace
}  // namespace attnjit
