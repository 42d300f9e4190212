// The emulator against kernels with planted faults, and without.
//
// ATTNJIT_MUTANTS=all tries every site of every operator and prints a line for each; the default is
// a sample spread over the sites of each operator, chosen to fit CI.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <regex>

#include "llvm/Support/raw_ostream.h"
#include "runtime/compiler.h"
#include "tests/emulator/mutants/mutant_kernel.h"
#include "tests/emulator/mutants/mutation.h"
#include "tests/gpu/case_builder.h"

namespace attnjit::emulator {
namespace {

constexpr int kSitesPerOperator = 3;
constexpr int kSeeds = 20;       ///< For the good kernels.
constexpr int kMutantSeeds = 3;  ///< For each mutant, after eager and late.

/// Mutants that break no rule and compute the same, or would only in an order that no policy makes.
struct Equivalent {
  const char* kernel;   ///< A kernel's name, or "" for all.
  const char* op;       ///< The operator's name.
  const char* context;  ///< A pattern that Mutant::context contains.
  const char* reason;
};

// At a loader's end: waits for all stages, one after the other.
#define WAIT R"(mbarrier\.try_wait[^;|]*)"
#define DRAIN \
  R"(\| )" WAIT R"(\|; )" WAIT "; " WAIT "; " WAIT "|" WAIT "; " WAIT "; " WAIT R"(; \| )" WAIT

constexpr Equivalent kEquivalents[] = {
    {"", "drop wgmma.fence",
     R"(wgmma\.commit_group[^;]*; ((mbarrier\.try_wait|bar\.warp)[^;]*; )*\| wgmma\.fence)",
     "Between the products of S and of O no register of theirs is touched: one fence does for "
     "both"},
    {"sm90_d128_causal", "drop wgmma.fence",
     R"(wgmma\.wait_group\S* 0; (mbarrier\.try_wait[^;]*; )+bar\.warp[^;]*; \| wgmma\.fence)",
     "The same: the wait before it in the text is the other branch's, of a tile's first block"},
    {"", "drop bar.sync", R"(\| bar\.sync %r\d+, %r\d+ \|; ret)",
     "What is passed last is passed to nobody: it keeps a named barrier even, and orders nothing"},
    {"", "drop bar.warp.sync",
     R"((mbarrier\.arrive\.|cp\.async\.bulk\.tensor)[^;]*; \| bar\.warp\.sync \s*-1 \|; setmaxnreg\.inc)",
     "A producer warp's next elect.sync or vote waits for all lanes, too"},
    {"", "all lanes act for one",
     R"(fence\.proxy\.async\S*; \| elect\.sync _\|p, \S+ \|; bar\.warp\.sync)",
     "All lanes store one and the same value to the guard's flag"},
    {"sm90_d64", "drop mbarrier.init",
     R"(\| mbarrier\.init[^|]*\|; (mbarrier\.init[^;]*; )?fence\.mbarrier_init)",
     "The barriers of guards, in a kernel without them"},
    {"sm90_d64", "mbarrier.init with one arrival more",
     R"(\| mbarrier\.init[^|]*\|; (mbarrier\.init[^;]*; )?fence\.mbarrier_init)",
     "The barriers of guards, in a kernel without them"},
    {"sm90_d64_thd", "drop bar.arrive",
     R"(mbarrier\.try_wait[^;]*; bar\.sync[^;]*; \| bar\.arrive[^|]*\|; elect\.sync[^;]*; mbarrier\.arrive[^;]*; mbarrier\.try_wait[^;]*; elect)",
     "Where a warpgroup's rows see nothing the tile has one block, as wide as two warpgroups: a "
     "second block's turn is never taken"},
    {"", "do not wait for mbarrier",
     R"(bar\.arrive[^;]*; elect\.sync[^;]*; mbarrier\.arrive[^;]*; \| mbarrier\.try_wait[^|]*\|; elect\.sync[^;]*; mbarrier\.arrive)",
     "A warpgroup gives V back unread: too early only if another is a whole block behind, softmax "
     "and products included; warps are not delayed that long"},
    {"", "drop cp.async.wait_group",
     R"(\| cp\.async\.wait_group (\d+) \|; bar\.sync\s+0; cp\.async\.wait_group \1; bar\.sync)",
     "The first step waits for the same again before anything is read"},
    {"", "wait for one cp.async group less",
     R"(\| cp\.async\.wait_group (\d+) \|; bar\.sync\s+0; cp\.async\.wait_group \1; bar\.sync)",
     "The first step waits for the same again before anything is read"},
    {"", "drop bar.sync", R"(\| bar\.sync\s+0 \|; cp\.async\.wait_group[^;]*; bar\.sync)",
     "The first step has the same barrier before anything is read"},
    {"", "do not wait for mbarrier", DRAIN, "Commits arrive in the order of their issue"},
    {"", "wait for the other parity", DRAIN, "Commits arrive in the order of their issue"},
    {"", "drop bar.warp.sync", R"(\| bar\.warp\.sync[^|]*\|; bar\.warp\.sync)",
     "The next one waits for all lanes, too"},
    {"", "drop bar.warp.sync",
     R"(setmaxnreg\.dec\S* 80; (bar\.warp[^;]*; elect[^;]*; mbarrier\.arrive[^;]*; )?\| bar\.warp\.sync[^|]*\|; elect)",
     "No lane has done anything before the first arrivals"},
    {"sm100_d64_causal", "do not wait for mbarrier",
     R"(tcgen05\.wait::ld[^;]*; \| mbarrier\.try_wait[^|]*\|; bar\.warp\.sync)",
     "S follows the P V that waited for correction, which had read the factor before"},
    {"sm100_d64_causal", "do not wait for mbarrier",
     R"(mbarrier\.arrive\.[^;]*; \| mbarrier\.try_wait[^|]*\|; (tcgen05\.fence[^;]*; )?vote\.)",
     "The S that the factor comes from follows the P V before"},
    {"", "drop bar.warp.sync",
     R"(\| bar\.warp\.sync[^|]*\|; elect[^;]*; mbarrier\.arrive\.shared[^;]*; (bar\.warp|st\.global\.f32))",
     "Correction's next arrival is behind another one, and softmax waits for what follows that"},
    {"", "drop bar.warp.sync", R"(bar\.warp\.sync[^;]*; \| bar\.warp\.sync[^;]*\|; tcgen05\.fence)",
     "The barrier of all warps before tensor memory is freed waits for all lanes, too"},
    {"", "drop bar.warp.sync",
     R"(tcgen05\.fence::before\S*; \| bar\.warp\.sync[^;]*\|; elect\.sync)",
     "tcgen05.wait before it is for all lanes of a warp"},
    {"", "drop tcgen05.fence::before",
     R"((relinquish\S*; |bar\.warp\.sync[^;]*; )\| tcgen05\.fence::before\S* \|; (bar\.sync|tcgen05\.fence::after))",
     "tcgen05.alloc and dealloc are synchronous, and every role has waited for what it issued"},
    {"", "drop tcgen05.fence::after",
     R"(\| tcgen05\.fence::after\S* \|; (setmaxnreg|tcgen05\.dealloc))",
     "tcgen05.alloc and dealloc are synchronous, and every role has waited for what it issued"},
    {"sm80_d64_causal", "drop bar.sync", R"(mma\.sync[^;]*; \| bar\.sync\s+0 \|; st\.global)",
     "A warp stages O over the rows of Q that it alone reads: head_dim_v is not above head_dim_qk"},
};

#undef DRAIN
#undef WAIT

const Equivalent* FindEquivalent(llvm::StringRef kernel, const Mutant& mutant) {
  const std::string op = mutant.name.substr(0, mutant.name.find(" #"));
  for (const Equivalent& e : kEquivalents) {
    if (*e.kernel != 0 && kernel != e.kernel) continue;
    if (op == e.op && std::regex_search(mutant.context, std::regex(e.context))) return &e;
  }
  return nullptr;
}

/// Rings of K, V and Q go round more than once, there are tiles of one block, warpgroups without
/// rows and rows without keys, and V has NaN.
std::map<std::string, std::vector<SuiteCase>> Cases() {
  CaseBuilder builder;
  const auto spec = [](Arch arch, int dim, bool causal) {
    CaseSpec s;
    s.arch = arch;
    if (causal) s.mask = CausalMask();
    return s.Dims(dim, dim);
  };
  const CaseSpec d128 = spec(Arch::kSm90a, 128, true);
  builder.AddDense("sm90_d128_causal", d128, 260, 330, 1, 2).plant = Plant::kNanInValue;
  builder.AddDense("sm90_d128_causal", d128, 200, 130, 2, 4);
  const CaseSpec d64 = spec(Arch::kSm90a, 64, false);
  builder.AddDense("sm90_d64", d64, 600, 700, 1, 1);
  builder.AddDense("sm90_d64", d64, 600, 100, 1, 2);
  const CaseSpec thd = spec(Arch::kSm90a, 64, true);
  builder.AddPacked("sm90_d64_thd", thd, {60, 330, 60, 400}, {100, 300, 70, 500}, 1).plant =
      Plant::kNanInValue;
  builder.AddPacked("sm90_d64_thd", thd, {200, 10, 200, 200}, {130, 70, 130, 130}, 2);
  const CaseSpec mma = spec(Arch::kSm80, 64, true);
  builder.AddDense("sm80_d64_causal", mma, 100, 400, 1, 1).plant = Plant::kNanInValue;
  // Two q tiles of one CTA; then one q tile of a pair, whose warpgroups take turns.
  const CaseSpec tiles = spec(Arch::kSm100a, 64, true);
  builder.AddDense("sm100_d64_causal", tiles, 560, 600, 1, 1).plant = Plant::kNanInValue;
  CaseSpec turns = spec(Arch::kSm100a, 64, true).Dims(32, 144);
  turns.ctas = 2;
  builder.AddDense("sm100_d32x144_pair", turns, 800, 520, 1, 1).plant = Plant::kNanInValue;
  std::map<std::string, std::vector<SuiteCase>> cases;
  for (SuiteCase& one : builder.Take()) {
    one.extra = ExtraCheck::kNone;
    cases[one.category].push_back(std::move(one));
  }
  return cases;
}

AsyncPolicy Seeded(uint64_t seed) { return {AsyncPolicy::Kind::kSeeded, seed}; }

std::vector<AsyncPolicy> Policies(int seeds) {
  std::vector<AsyncPolicy> policies = {{AsyncPolicy::Kind::kEager, 0},
                                       {AsyncPolicy::Kind::kLate, 0}};
  for (int i = 0; i < seeds; ++i) policies.push_back(Seeded(static_cast<uint64_t>(i)));
  return policies;
}

bool All() {
  const char* value = std::getenv("ATTNJIT_MUTANTS");
  return value != nullptr && std::string(value) == "all";
}

/// Up to kSitesPerOperator mutants of each operator, first and last among them.
std::vector<Mutant> Sample(std::vector<Mutant> mutants) {
  if (All()) return mutants;
  std::map<std::string, std::vector<Mutant>> by_operator;
  for (Mutant& mutant : mutants) {
    by_operator[mutant.name.substr(0, mutant.name.find(" #"))].push_back(std::move(mutant));
  }
  std::vector<Mutant> sample;
  for (auto& [name, group] : by_operator) {
    const int count = std::min<int>(kSitesPerOperator, static_cast<int>(group.size()));
    for (int i = 0; i < count; ++i) {
      const size_t site = count == 1 ? 0 : i * (group.size() - 1) / (count - 1);
      sample.push_back(std::move(group[site]));
    }
  }
  return sample;
}

class MutantsTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    llvm::Expected<MutantKernel> kernel = MutantKernel::Compile(Cases().at(GetParam()));
    if (!kernel) {
      llvm::Error error = kernel.takeError();
      const bool no_nvrtc = error.isA<ToolchainError>();
      const std::string text = llvm::toString(std::move(error));
      if (no_nvrtc) GTEST_SKIP() << "NVRTC is needed to compile a kernel: " << text;
      FAIL() << text;
    }
    kernel_.emplace(std::move(*kernel));
  }
  std::optional<MutantKernel> kernel_;
};

TEST_P(MutantsTest, GoodKernelIsCleanUnderEveryPolicy) {
  for (const AsyncPolicy& policy : Policies(kSeeds)) {
    const Verdict verdict = kernel_->Run(kernel_->ptx(), policy);
    EXPECT_FALSE(verdict.caught) << ToString(policy) << ": " << verdict.how;
  }
}

TEST_P(MutantsTest, EveryMutantIsCaughtUnderSomePolicy) {
  int caught = 0;
  for (const Mutant& mutant : Sample(MakeMutants(kernel_->ptx()))) {
    if (const Equivalent* known = FindEquivalent(GetParam(), mutant)) {
      if (All()) llvm::outs() << "EQUAL  " << mutant.name << ": " << known->reason << '\n';
      continue;
    }
    Verdict verdict;
    std::string policy_name;
    for (const AsyncPolicy& policy : Policies(kMutantSeeds)) {
      verdict = kernel_->Run(mutant.ptx, policy);
      policy_name = ToString(policy);
      if (verdict.caught) break;
    }
    caught += verdict.caught ? 1 : 0;
    EXPECT_TRUE(verdict.caught) << mutant.name << ", line " << mutant.line << ": "
                                << mutant.context;
    if (All()) {
      llvm::outs() << (verdict.caught ? "caught " : "MISSED ") << mutant.name << " (line "
                   << mutant.line << ") " << policy_name << ", " << verdict.rule << ": "
                   << llvm::StringRef(verdict.how).split('\n').first << '\n';
      llvm::outs().flush();
    }
  }
  EXPECT_GE(caught, 15) << "the operators match too few statements of this kernel";
}

INSTANTIATE_TEST_SUITE_P(Kernels, MutantsTest,
                         testing::Values("sm90_d128_causal", "sm90_d64", "sm90_d64_thd",
                                         "sm80_d64_causal", "sm100_d64_causal",
                                         "sm100_d32x144_pair"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace attnjit::emulator
