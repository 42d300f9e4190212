#include "tests/workloads/workloads.h"

#include <gtest/gtest.h>

#include "llvm/Support/MemoryBuffer.h"
#include "tests/workloads/problem_size.h"

namespace attnjit {
namespace {

std::string ErrorOf(llvm::StringRef text) {
  llvm::Expected<ProblemSize> size = ParseProblemSize(text);
  return size ? "" : llvm::toString(size.takeError());
}

TEST(ProblemSizeTest, ReadsEveryKind) {
  EXPECT_EQ(llvm::cantFail(ParseProblemSize("prefill 4x4096")), (ProblemSize{4, 4096, 4096}));
  EXPECT_EQ(llvm::cantFail(ParseProblemSize("encode 64x729")), (ProblemSize{64, 729, 729}));
  EXPECT_EQ(llvm::cantFail(ParseProblemSize("decode 32x8192")), (ProblemSize{32, 1, 8192}));
  EXPECT_EQ(llvm::cantFail(ParseProblemSize("cross 16x448x1500")), (ProblemSize{16, 448, 1500}));
}

TEST(ProblemSizeTest, RefusesWhatItCannotRead) {
  for (const char* text :
       {"", "prefill", "prefill 4", "prefill 4x4x4", "cross 4x4", "train 4x4", "prefill 0x4",
        "prefill -1x4", "prefill 4x", "prefill 4x4096k", "prefill 4x99999999999"}) {
    EXPECT_NE(ErrorOf(text).find("write \"prefill BxS\""), std::string::npos) << text;
  }
}

TEST(WorkloadsTest, TheShippedFileIsReadable) {
  auto buffer = llvm::MemoryBuffer::getFile(ATTNJIT_WORKLOADS_FILE);
  ASSERT_TRUE(buffer) << ATTNJIT_WORKLOADS_FILE;
  auto workloads = ParseWorkloads((*buffer)->getBuffer());
  ASSERT_TRUE(static_cast<bool>(workloads)) << llvm::toString(workloads.takeError());
  EXPECT_EQ(workloads->size(), 18u);
  for (const Workload& workload : *workloads) {
    EXPECT_FALSE(workload.problems.empty()) << workload.name;
    for (const std::string& problem : workload.problems) EXPECT_EQ(ErrorOf(problem), "");
  }
}

TEST(WorkloadsTest, SaysWhatIsWrong) {
  for (const char* text : {"", "{", "[]", "{\"workloads\":{}}", "{\"workloads\":[1]}",
                           "{\"workloads\":[{\"name\":\"a\"}]}",
                           "{\"workloads\":[{\"name\":\"a\",\"spec\":{},\"problems\":[1]}]}"}) {
    auto workloads = ParseWorkloads(text);
    ASSERT_FALSE(static_cast<bool>(workloads)) << text;
    EXPECT_EQ(llvm::toString(workloads.takeError()).find("workloads: "), 0u) << text;
  }
}

}  // namespace
}  // namespace attnjit
