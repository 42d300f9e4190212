// The fuzz target's corpus, replayed.
#include <gtest/gtest.h>

#include <filesystem>

#include "llvm/Support/MemoryBuffer.h"
#include "tests/fuzz/ptx_check.h"

namespace attnjit::emulator {
namespace {

TEST(PtxCorpus, HoldsItsProperties) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(PTX_CORPUS)) {
    auto buffer = llvm::MemoryBuffer::getFile(entry.path().string());
    ASSERT_TRUE(static_cast<bool>(buffer)) << entry.path();
    EXPECT_EQ(CheckPtx((*buffer)->getBuffer()), "") << entry.path();
    ++files;
  }
  EXPECT_GT(files, 0u);
}

}  // namespace
}  // namespace attnjit::emulator
