// The emitted source of chosen kernels, byte for byte. After an intended change to the templates or
// the planner, write them anew with golden_update and read the diff.
#include <set>

#include "gtest/gtest.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "tests/golden/golden_cases.h"

namespace attnjit {
namespace {

TEST(Golden, EmittedSourcesAreTheOnesKept) {
  for (const GoldenKernel& kernel : GoldenKernels()) {
    const std::string path = std::string(GOLDEN_DIR) + "/" + kernel.name + ".cu";
    const auto kept = llvm::MemoryBuffer::getFile(path);
    ASSERT_TRUE(kept) << path << ": " << kept.getError().message();
    EXPECT_TRUE((*kept)->getBuffer() == kernel.source)
        << kernel.name << " differs from " << path << ": run golden_update and read the diff";
  }
}

TEST(Golden, NoKeptSourceIsLeftOver) {
  std::set<std::string> names;
  for (const GoldenKernel& kernel : GoldenKernels()) names.insert(kernel.name + ".cu");
  std::error_code error;
  for (llvm::sys::fs::directory_iterator file(GOLDEN_DIR, error), end; file != end && !error;
       file.increment(error)) {
    EXPECT_TRUE(names.count(file->path().substr(file->path().rfind('/') + 1))) << file->path();
  }
  EXPECT_FALSE(error) << error.message();
}

}  // namespace
}  // namespace attnjit
