#include "tests/unit/cache/cache_test_support.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/unit/cache/fake_cubin.h"

namespace attnjit {

namespace fs = std::filesystem;

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (fs::temp_directory_path() / "attnjit-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) ADD_FAILURE() << "mkdtemp " << pattern;
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

CacheEntry MakeEntry(int seed) {
  const std::string number = std::to_string(seed);
  CacheEntry entry;
  entry.name = "fwd_sm90a_bf16_d128_" + number;
  entry.arch = "sm_90a";
  entry.canonical_spec = R"({"head_dim":128,"seed":)" + number + "}";
  entry.plan = R"({"tile":[128,128]})";
  entry.source = "// kernel " + number + "\n";
  while (entry.source.size() < 6000) {
    entry.source += "asm volatile(\"" + std::to_string(entry.source.size()) + "\");\n";
  }
  entry.compile_options = "--gpu-architecture=sm_90a\n-std=c++20\n";
  entry.ptx = ".version 9.0\n.target sm_90a\n" + std::string(5000, 'p') + number;
  std::string code;
  for (unsigned i = 0, x = 12345 + seed; i < 3000; ++i, x = x * 1664525 + 1013904223) {
    code.push_back(static_cast<char>(x >> 24));  // Does not compress.
  }
  entry.cubin = FakeCubin(90, entry.name, code);
  entry.compile_log = "ptxas info    : Used 168 registers\n";
  entry.attnjit_version = "0.1.0";
  entry.nvrtc_version = "13.0";
  entry.compile_seconds = 0.30000000000000004;
  entry.registers = 168;
  entry.spill_store_bytes = 1;
  entry.spill_load_bytes = 2;
  entry.local_bytes = 3;
  entry.smem_dynamic_bytes = 230400;
  entry.created_unix = 1763800000;
  entry.key = MakeCacheKey(entry.source, entry.arch, {"--gpu-architecture=sm_90a", "-std=c++20"},
                           Sha256Hex("toolchain"));
  return entry;
}

CacheEntry WithToolchain(CacheEntry entry, const std::string& toolchain_name) {
  entry.key.toolchain = Sha256Hex(toolchain_name);
  return entry;
}

bool SameEntry(const CacheEntry& a, const CacheEntry& b) {
  return a.key == b.key && a.name == b.name && a.arch == b.arch &&
         a.canonical_spec == b.canonical_spec && a.plan == b.plan && a.source == b.source &&
         a.compile_options == b.compile_options && a.ptx == b.ptx && a.cubin == b.cubin &&
         a.compile_log == b.compile_log && a.attnjit_version == b.attnjit_version &&
         a.nvrtc_version == b.nvrtc_version && a.compile_seconds == b.compile_seconds &&
         a.registers == b.registers && a.spill_store_bytes == b.spill_store_bytes &&
         a.spill_load_bytes == b.spill_load_bytes && a.local_bytes == b.local_bytes &&
         a.smem_dynamic_bytes == b.smem_dynamic_bytes && a.created_unix == b.created_unix;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
  if (!file.flush()) ADD_FAILURE() << "cannot write " << path;
}

std::vector<std::string> FilesBelow(const std::string& directory) {
  std::vector<std::string> files;
  if (!fs::exists(directory)) return files;
  for (const auto& item : fs::recursive_directory_iterator(directory)) {
    files.push_back(fs::relative(item.path(), directory).string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

int InChild(const std::function<bool()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body() ? 0 : 1);
  int status = -1;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string PutOrFail(const DiskCache& cache, const CacheEntry& entry) {
  return Take(cache.Put(entry));
}

void ReportFailure(llvm::Error error) { ADD_FAILURE() << llvm::toString(std::move(error)); }

}  // namespace attnjit
