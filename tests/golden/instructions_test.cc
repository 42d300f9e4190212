// The instructions that a plan of family sm100 calls for, in the PTX and, where a disassembler is
// at hand, in the machine code.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "generator/emit.h"
#include "generator/planner_sm100.h"
#include "gtest/gtest.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include "runtime/compiler.h"

namespace attnjit {
namespace {

KernelSpec Dense128() {
  KernelSpec spec;
  spec.problem.head_dim_qk = spec.problem.head_dim_v = 128;
  spec.problem.element = spec.problem.element_o = spec.element_kv = Element::kBf16;
  spec.problem.group = 1;
  return spec;
}

int Count(const std::string& text, const std::string& what) {
  int count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

class Instructions : public testing::Test {
 protected:
  void SetUp() override {
    if (llvm::Expected<NvrtcInfo> nvrtc = compiler_.Describe(); !nvrtc) {
      GTEST_SKIP() << "no NVRTC: " << llvm::toString(nvrtc.takeError());
    }
  }
  CompileOutput Compile(const Sm100Choices& choices) {
    const KernelPlan plan = llvm::cantFail(PlanSm100With(Dense128(), Arch::kSm100a, choices));
    return llvm::cantFail(compiler_.Compile(EmitSource(plan), plan.name, CompileOptions(plan)));
  }
  const Compiler compiler_{CompilerOptions{}};
  const Sm100Choices choices_ = ChooseSm100(Dense128(), Arch::kSm100a);
};

TEST_F(Instructions, ProductsAreOfTheCtasThatThePlanSays) {
  // 8 steps of 16 columns of Q K, 8 of 16 keys of P V.
  Sm100Choices choices = choices_;
  choices.ctas = 2;
  const std::string pair = Compile(choices).ptx;
  EXPECT_EQ(Count(pair, "tcgen05.mma.cta_group::2.kind::f16"), 16);
  EXPECT_EQ(Count(pair, "cta_group::1"), 0);
  EXPECT_GT(Count(pair, ".multicast::cluster.b64"), 0);
  choices.ctas = 1;
  choices.k_stages = choices.v_stages = 1;
  const std::string alone = Compile(choices).ptx;
  EXPECT_EQ(Count(alone, "tcgen05.mma.cta_group::1.kind::f16"), 16);
  EXPECT_EQ(Count(alone, "cta_group::2"), 0);
}

TEST_F(Instructions, ARowGoesThroughTensorMemoryOnce) {
  const std::string ptx = Compile(choices_).ptx;
  EXPECT_EQ(Count(ptx, "tcgen05.ld.sync.aligned.32x32b.x32"), 128 / 32) << "S";
  EXPECT_EQ(Count(ptx, "tcgen05.st.sync.aligned.32x32b.x16"), 128 / 32 + 1) << "P, and rescaled O";
}

TEST_F(Instructions, ShareOfExponentialsIsComputedByPackedFma) {
  Sm100Choices choices = choices_;
  choices.exp_share = 0;
  const std::string hardware = Compile(choices).ptx;
  choices.exp_share = 6;
  choices.exp_degree = 4;
  const std::string shared = Compile(choices).ptx;
  const char* const ex2 = "ex2.approx.ftz.f32";
  const char* const fma = "fma.rn.f32x2";
  EXPECT_EQ(Count(hardware, fma), 128 / 2) << "s * scale - max";
  EXPECT_EQ(Count(hardware, ex2) - Count(shared, ex2), 6 * 128 / 32);
  // One for f = x - n, four for the polynomial.
  EXPECT_EQ(Count(shared, fma) - Count(hardware, fma), 5 * 6 * 128 / 32 / 2);
}

TEST_F(Instructions, MachineCodeHasThem) {
  auto disassembler = llvm::sys::findProgramByName("nvdisasm");  // On the PATH.
  if (!disassembler) {
    disassembler = llvm::sys::findProgramByName("nvdisasm", {"/usr/local/cuda/bin"});
  }
  if (!disassembler)
    GTEST_SKIP() << "no nvdisasm (a part of the CUDA toolkit; PyPI has it as nvidia-cuda-nvdisasm)";
  Sm100Choices choices = choices_;
  choices.ctas = 2;
  const std::string base = testing::TempDir() + "/attnjit_instructions";
  std::error_code error;
  {
    llvm::raw_fd_ostream file(base + ".cubin", error);
    ASSERT_FALSE(error) << error.message();
    file << Compile(choices).cubin;
  }
  const std::string command = *disassembler + " " + base + ".cubin";
  std::FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string sass;
  char buffer[4096];
  while (const size_t n = std::fread(buffer, 1, sizeof(buffer), pipe)) sass.append(buffer, n);
  EXPECT_EQ(pclose(pipe), 0);
  llvm::sys::fs::remove(base + ".cubin");
  for (const char* mnemonic : {"UTCHMMA.2CTA", "FFMA2", "LDTM", "STTM", "MUFU.EX2"}) {
    EXPECT_GT(Count(sass, mnemonic), 0) << mnemonic;
  }
}

}  // namespace
}  // namespace attnjit
