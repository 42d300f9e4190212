#include "cache/library_digest.h"

#include <gtest/gtest.h>
#include <link.h>

#include "cache/error.h"
#include "cache/key.h"
#include "tests/unit/cache/cache_test_support.h"

namespace attnjit {
namespace {

// The C library of this process: any shared library with a build-id.
std::string AnyLibrary() {
  std::string path;
  ::dl_iterate_phdr(
      [](struct dl_phdr_info* info, size_t, void* out) {
        const std::string name = info->dlpi_name;
        if (name.find("libc.so") != std::string::npos) *static_cast<std::string*>(out) = name;
        return 0;
      },
      &path);
  return path;
}

TEST(LibraryDigestTest, TakesTheLinkersBuildId) {
  const std::string path = AnyLibrary();
  ASSERT_NE(path, "");
  const std::string digest = Take(LibraryDigest(path));
  EXPECT_EQ(digest.substr(0, 9), "build-id ");
  EXPECT_NE(digest.find(" size " + std::to_string(ReadFile(path).size())), std::string::npos);
}

TEST(LibraryDigestTest, DependsOnTheContentAndNotOnThePlace) {
  TemporaryDirectory dir;
  WriteFile(dir / "copy.so", ReadFile(AnyLibrary()));
  EXPECT_EQ(Take(LibraryDigest(dir / "copy.so")), Take(LibraryDigest(AnyLibrary())));
}

TEST(LibraryDigestTest, HashesAllBytesWhereThereIsNoBuildId) {
  TemporaryDirectory dir;
  for (const std::string& bytes : {std::string(), std::string("no ELF file"),
                                   std::string("\x7f"
                                               "ELF")
                                       .append(300, '\2')}) {
    WriteFile(dir / "lib.so", bytes);
    EXPECT_EQ(Take(LibraryDigest(dir / "lib.so")),
              "sha256 " + Sha256Hex(bytes) + " size " + std::to_string(bytes.size()));
  }
}

TEST(LibraryDigestTest, TruncatedLibrariesAreHashedAndNotMisread) {
  TemporaryDirectory dir;
  const std::string whole = ReadFile(AnyLibrary());
  for (size_t size : {16u, 63u, 64u, 100u, 300u, 600u}) {
    WriteFile(dir / "lib.so", whole.substr(0, size));
    EXPECT_EQ(Take(LibraryDigest(dir / "lib.so")).substr(0, 7), "sha256 ") << size;
  }
}

TEST(LibraryDigestTest, MissingFileIsAnError) {
  llvm::Expected<std::string> digest = LibraryDigest("/nonexistent/libnvrtc.so");
  ASSERT_FALSE(digest);
  EXPECT_TRUE(digest.errorIsA<CacheError>());
  llvm::consumeError(digest.takeError());
}

}  // namespace
}  // namespace attnjit
