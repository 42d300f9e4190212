// What may be loaded, by its ELF header: the right machine, GPU and entry, whatever the bytes.
#include "cache/cubin.h"

#include <gtest/gtest.h>

#include "tests/unit/cache/cache_test_support.h"
#include "tests/unit/cache/fake_cubin.h"

namespace attnjit {
namespace {

const std::string kEntry = "fwd_sm90a_bf16_d128";

std::string Problem(const std::string& cubin, const std::string& arch = "sm_90a",
                    const std::string& entry = kEntry) {
  return llvm::toString(CheckCubin(cubin, arch, entry));
}

TEST(CubinTest, TakesTheArchFromWhereEachAbiVersionKeepsIt) {
  EXPECT_EQ(Problem(FakeCubin(90, kEntry, "code", 7)), "");
  EXPECT_EQ(Problem(FakeCubin(90, kEntry, "code", 8)), "");
  EXPECT_EQ(Problem(FakeCubin(120, kEntry, "code", 8), "sm_120"), "");
}

TEST(CubinTest, AnotherGpusCubinIsRefused) {
  EXPECT_NE(Problem(FakeCubin(80, kEntry, "code")).find("it is for sm_80"), std::string::npos);
  EXPECT_NE(Problem(FakeCubin(90, kEntry, "code"), "sm_100a").find("it is for sm_90"),
            std::string::npos);
}

TEST(CubinTest, AnArchThatIsNoneIsRefused) {
  for (const char* arch : {"", "sm_", "90", "sm_x"}) {
    EXPECT_NE(Problem(FakeCubin(90, kEntry, "code"), arch), "") << arch;
  }
}

TEST(CubinTest, ACubinWithoutTheEntryIsRefused) {
  for (const char* other : {"fwd", "fwd_sm90a_bf16_d128_causal", "wd_sm90a_bf16_d128", ""}) {
    EXPECT_NE(Problem(FakeCubin(90, other, "code")).find("no function"), std::string::npos)
        << other;
  }
}

TEST(CubinTest, WhatIsNotElfForCudaIsRefused) {
  EXPECT_NE(Problem(""), "");
  EXPECT_NE(Problem("cubin"), "");
  std::string x86 = FakeCubin(90, kEntry, "code");
  x86[18] = 62;  // e_machine: EM_X86_64.
  x86[19] = 0;
  EXPECT_NE(Problem(x86).find("not CUDA's"), std::string::npos);
}

TEST(CubinTest, AnyTruncationIsRefused) {
  const std::string cubin = FakeCubin(90, kEntry, "code");
  for (size_t size = 0; size < cubin.size(); ++size) {
    EXPECT_NE(Problem(cubin.substr(0, size)), "") << size;
  }
}

TEST(CubinTest, AnyByteMayBeAnyValueWithoutAReadOutOfBounds) {
  const std::string cubin = FakeCubin(90, kEntry, "code");
  for (size_t at = 0; at < cubin.size(); ++at) {
    for (const char value : {'\0', '\x01', '\x7f', '\x80', '\xff'}) {
      std::string changed = cubin;
      changed[at] = value;
      Problem(changed);  // Whatever the answer: AddressSanitizer sees a read out of bounds.
      changed.resize(changed.size() / 2);
      EXPECT_NE(Problem(changed), "");
    }
  }
}

}  // namespace
}  // namespace attnjit
