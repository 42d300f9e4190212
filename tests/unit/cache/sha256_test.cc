#include "cache/sha256.h"

#include <gtest/gtest.h>

namespace attnjit {
namespace {

// FIPS 180-4's examples (NIST, "Secure Hash Standard" example values).
TEST(Sha256Test, MatchesTheStandardsExamples) {
  EXPECT_EQ(DigestToHex(Sha256("")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(DigestToHex(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(DigestToHex(Sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(DigestToHex(Sha256(std::string(1000000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, InstructionsAgreeWithThePortableCodeAtEveryLengthAndAlignment) {
  std::string bytes;
  for (unsigned i = 0, x = 1; i < 600; ++i, x = x * 1664525 + 1013904223) {
    bytes.push_back(static_cast<char>(x >> 24));
  }
  for (size_t offset : {0, 1, 7}) {
    for (size_t size = 0; size + offset <= bytes.size(); ++size) {
      const llvm::StringRef part = llvm::StringRef(bytes).substr(offset, size);
      ASSERT_EQ(Sha256(part), Sha256Portable(part)) << "offset " << offset << " size " << size;
    }
  }
}

TEST(Sha256Test, HexIsExactly64LowerCaseDigits) {
  const std::string hex(64, 'a');
  EXPECT_TRUE(IsSha256Hex(hex));
  EXPECT_FALSE(IsSha256Hex(""));
  EXPECT_FALSE(IsSha256Hex(hex + "a"));
  EXPECT_FALSE(IsSha256Hex(std::string(64, 'A')));
  EXPECT_FALSE(IsSha256Hex(std::string(63, 'a') + "/"));
  EXPECT_FALSE(IsSha256Hex(std::string(63, 'a') + std::string(1, '\0')));
}

}  // namespace
}  // namespace attnjit
