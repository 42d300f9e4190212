// NVRTC behind Compiler: what it gives for each GPU, what it says when it cannot, and where it is
// looked for. Tests that compile are skipped where no NVRTC is installed.
#include "runtime/compiler.h"

#include <gtest/gtest.h>
#include <link.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

#include "cache/sha256.h"

namespace attnjit {
namespace {

namespace fs = std::filesystem;

constexpr char kTrivialSource[] =
    "extern \"C\" __global__ void scale(float* p) { p[threadIdx.x] *= 2; }\n";

std::vector<std::string> ForArch(const std::string& arch) {
  return {"--gpu-architecture=" + arch, "-std=c++20"};
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Runs the body in a child process, where it may change the environment; its exit status is 0 if
// the body returned true.
int InChild(const std::function<bool()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body() ? 0 : 1);
  int status = -1;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return -1;
  return status;
}

class CompilerTest : public testing::Test {
 protected:
  CompilerTest() {
    std::string pattern = (fs::temp_directory_path() / "attnjit-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) ADD_FAILURE() << "mkdtemp " << pattern;
    dir = pattern;
  }
  ~CompilerTest() override {
    std::error_code ignored;
    fs::remove_all(dir, ignored);
  }
  CompilerOptions Options() const { return {.nvrtc_path = "", .failure_dir = dir / "failed"}; }

  fs::path dir;
};

// Needs NVRTC.
class NvrtcTest : public CompilerTest {
 protected:
  void SetUp() override {
    llvm::Expected<NvrtcFiles> found = FindNvrtc("");
    if (!found) GTEST_SKIP() << llvm::toString(found.takeError());
    files = *found;
  }
  // The output, or a failed test and an empty one.
  CompileOutput Compile(const std::string& source, const std::string& entry,
                        const std::vector<std::string>& options) {
    llvm::Expected<CompileOutput> output = compiler.Compile(source, entry, options);
    if (output) return std::move(*output);
    ADD_FAILURE() << llvm::toString(output.takeError());
    return {};
  }
  // What a compilation that must fail says.
  struct Failure {
    std::string message, first_error, log, source_path, command_path, save_problem;
  };
  Failure CompileAndFail(const Compiler& with, const std::string& source, const std::string& entry,
                         const std::vector<std::string>& options) {
    Failure failure;
    llvm::Expected<CompileOutput> output = with.Compile(source, entry, options);
    EXPECT_FALSE(output);
    if (output) return failure;
    llvm::handleAllErrors(output.takeError(), [&](const CompileError& e) {
      failure = {e.message(),     e.first_error(),  e.compile_log(),
                 e.source_path(), e.command_path(), e.save_problem()};
    });
    return failure;
  }

  NvrtcFiles files;
  Compiler compiler{Options()};
};

class NvrtcArchTest : public NvrtcTest, public testing::WithParamInterface<const char*> {};

TEST_P(NvrtcArchTest, OneCompilationGivesPtxCubinAndFigures) {
  const std::string arch = GetParam();
  const CompileOutput output = Compile(kTrivialSource, "scale", ForArch(arch));
  EXPECT_NE(output.ptx.find(".target " + arch), std::string::npos);
  EXPECT_NE(output.ptx.find(".entry scale"), std::string::npos);
  EXPECT_EQ(output.ptx.find('\0'), std::string::npos);
  EXPECT_EQ(output.cubin.substr(0, 4),
            "\x7f"
            "ELF");
  EXPECT_GT(output.figures.registers, 0);
  EXPECT_EQ(output.figures.spill_store_bytes, 0);
  EXPECT_FALSE(output.figures.serialized_wgmma);
  EXPECT_GT(output.seconds, 0);
  EXPECT_NE(output.nvrtc_version, "");
}

INSTANTIATE_TEST_SUITE_P(AllTargets, NvrtcArchTest,
                         testing::Values("sm_80", "sm_86", "sm_87", "sm_89", "sm_90", "sm_90a",
                                         "sm_100", "sm_100a", "sm_103", "sm_103a", "sm_120",
                                         "sm_120a", "sm_121", "sm_121a"),
                         [](const auto& info) { return std::string(info.param); });

TEST_F(NvrtcTest, EqualInputsGiveEqualBytes) {
  const CompileOutput a = Compile(kTrivialSource, "scale", ForArch("sm_90a"));
  const CompileOutput b = Compile(kTrivialSource, "scale", ForArch("sm_90a"));
  EXPECT_EQ(a.ptx, b.ptx);
  EXPECT_EQ(a.cubin, b.cubin);
}

TEST_F(NvrtcTest, EqualInputsGiveEqualBytesWithLineInformation) {
  std::vector<std::string> options = ForArch("sm_90a");
  options.push_back("-lineinfo");
  EXPECT_EQ(Compile(kTrivialSource, "scale", options).cubin,
            Compile(kTrivialSource, "scale", options).cubin);
}

TEST_F(NvrtcTest, TheOptionForFiguresMayBeGivenToo) {
  std::vector<std::string> options = ForArch("sm_90a");
  options.push_back("--ptxas-options=-v");
  EXPECT_EQ(Compile(kTrivialSource, "scale", options).cubin,
            Compile(kTrivialSource, "scale", ForArch("sm_90a")).cubin);
}

TEST_F(NvrtcTest, ManyThreadsCompileAtOnce) {
  const std::string expected = Compile(kTrivialSource, "scale", ForArch("sm_80")).cubin;
  std::vector<std::string> cubins(6);
  std::vector<std::thread> threads;
  for (std::string& cubin : cubins) {
    threads.emplace_back([&] {
      llvm::Expected<CompileOutput> output =
          Compiler(Options()).Compile(kTrivialSource, "scale", ForArch("sm_80"));
      if (output) {
        cubin = output->cubin;
      } else {
        llvm::consumeError(output.takeError());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& cubin : cubins) EXPECT_EQ(cubin, expected);
}

TEST_F(NvrtcTest, SpillsAndStackAreReported) {
  const std::string source =
      "extern \"C\" __global__ void __launch_bounds__(1024, 2) k(float* o, int n) {\n"
      "  float v[64];\n"
      "#pragma unroll\n  for (int i = 0; i < 64; ++i) v[i] = o[i * n + threadIdx.x];\n"
      "  for (int j = 0; j < n; ++j)\n"
      "#pragma unroll\n    for (int i = 0; i < 64; ++i) v[i] = v[i] * v[(i + 13) & 63] + j;\n"
      "  float s = 0;\n"
      "#pragma unroll\n  for (int i = 0; i < 64; ++i) s += v[i];\n  o[threadIdx.x] = s;\n}\n";
  const PtxasFigures figures = Compile(source, "k", ForArch("sm_80")).figures;
  EXPECT_EQ(figures.registers, 32);
  EXPECT_GT(figures.spill_store_bytes, 0);
  EXPECT_GT(figures.spill_load_bytes, 0);
  EXPECT_GT(figures.stack_bytes, 0);
}

TEST_F(NvrtcTest, SerialisedWgmmaIsReported) {
  // Accumulators touched between two products, and passed to a function, while one is in flight.
  const std::string mma =
      "  asm volatile(\"{wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%0,%1,%2,%3}, %4, "
      "%5, "
      "1,1,1,0,0;}\" : \"+f\"(d[0]), \"+f\"(d[1]), \"+f\"(d[2]), \"+f\"(d[3]) : \"l\"(a), "
      "\"l\"(b));\n";
  const std::string source =
      "__device__ __noinline__ void g(float* d) { d[0] *= 2; }\n"
      "extern \"C\" __global__ void k(float* o, unsigned long long a, unsigned long long b, int n) "
      "{\n  float d[4] = {};\n  for (int i = 0; i < n; ++i) {\n"
      "  asm volatile(\"wgmma.fence.sync.aligned;\");\n" +
      mma + "  asm volatile(\"wgmma.commit_group.sync.aligned;\");\n  d[0] *= 3;\n" + mma +
      "  if (n == 5) g(d);\n  }\n  asm volatile(\"wgmma.wait_group.sync.aligned 0;\");\n"
      "  o[threadIdx.x] = d[0] + d[1] + d[2] + d[3];\n}\n";
  const PtxasFigures figures = Compile(source, "k", ForArch("sm_90a")).figures;
  EXPECT_TRUE(figures.serialized_wgmma);
  EXPECT_TRUE(figures.injected_wgmma_sync);
}

TEST_F(NvrtcTest, AnErrorHasItsFirstLineTheLogAndTheSavedSource) {
  const std::string source =
      "#warning \"look here\"\nextern \"C\" __global__ void k(int* o) { o[0] = x; o[1] = y; }\n";
  const Failure failure = CompileAndFail(compiler, source, "fwd_k", ForArch("sm_90a"));
  EXPECT_EQ(failure.first_error, "attnjit.cu(2): error: identifier \"x\" is undefined");
  EXPECT_NE(failure.log.find("look here"), std::string::npos);
  EXPECT_NE(failure.log.find("identifier \"y\" is undefined"), std::string::npos);
  EXPECT_NE(failure.message.find(failure.first_error), std::string::npos);
  EXPECT_NE(failure.message.find(failure.source_path), std::string::npos);
  EXPECT_EQ(fs::path(failure.source_path).parent_path(), dir / "failed");
  EXPECT_EQ(fs::path(failure.source_path).filename().string().substr(0, 6), "fwd_k-");
  EXPECT_EQ(ReadFile(failure.source_path), source);
  const std::string command = ReadFile(failure.command_path);
  EXPECT_NE(command.find("nvcc -cubin '--gpu-architecture=sm_90a' '-std=c++20'"), std::string::npos)
      << command;
  EXPECT_NE(command.find(failure.log), std::string::npos);
  struct stat info = {};
  ASSERT_EQ(::stat(failure.source_path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(NvrtcTest, ErrorsOfPtxasAndOfOptionsAreFirstErrorsToo) {
  EXPECT_NE(CompileAndFail(compiler,
                           "extern \"C\" __global__ void k() { asm volatile(\"bogus.inst;\"); }\n",
                           "k", ForArch("sm_90a"))
                .first_error.find("error   : "),
            std::string::npos);
  EXPECT_EQ(CompileAndFail(compiler, kTrivialSource, "scale", ForArch("sm_79")).first_error,
            "nvrtc: error: invalid value for --gpu-architecture (-arch)");
  EXPECT_NE(CompileAndFail(compiler, kTrivialSource, "scale", {"--nonsense"})
                .first_error.find("--nonsense"),
            std::string::npos);
}

TEST_F(NvrtcTest, AVirtualTargetIsRefusedForItGivesNoCubin) {
  EXPECT_NE(CompileAndFail(compiler, kTrivialSource, "scale", ForArch("compute_90a"))
                .first_error.find("must name a real target"),
            std::string::npos);
}

TEST_F(NvrtcTest, AnEntryThatTheSourceDoesNotHaveIsAnError) {
  EXPECT_NE(CompileAndFail(compiler, kTrivialSource, "other", ForArch("sm_90a"))
                .first_error.find("no entry function of that name"),
            std::string::npos);
}

TEST_F(NvrtcTest, ANulInTheSourceIsAnErrorAndNotAnEnd) {
  EXPECT_NE(CompileAndFail(compiler, std::string(kTrivialSource) + std::string(1, '\0') + "junk",
                           "scale", ForArch("sm_90a"))
                .first_error.find("NUL"),
            std::string::npos);
}

TEST_F(NvrtcTest, NamesNeverLeaveTheFailureDirectory) {
  const Failure failure =
      CompileAndFail(compiler, "error", "../../etc/cron.d/" + std::string(500, 'x'), {});
  EXPECT_EQ(fs::path(failure.source_path).parent_path(), dir / "failed");
  EXPECT_TRUE(fs::exists(failure.source_path));
}

TEST_F(NvrtcTest, AnErrorIsStillToldWhereItsSourceCannotBeSaved) {
  std::ofstream(dir / "file") << "in the way";
  const Compiler elsewhere({.nvrtc_path = "", .failure_dir = dir / "file"});
  const Failure failure = CompileAndFail(elsewhere, "nonsense", "k", ForArch("sm_90a"));
  EXPECT_NE(failure.first_error.find("error: "), std::string::npos);
  EXPECT_EQ(failure.source_path, "");
  EXPECT_NE(failure.message.find(failure.save_problem), std::string::npos);
  EXPECT_NE(failure.save_problem.find("Not a directory"), std::string::npos);
}

TEST_F(NvrtcTest, TheDigestIsTheSameForEveryCompilerAndPlace) {
  const std::string digest = llvm::cantFail(compiler.ToolchainDigest());
  EXPECT_TRUE(IsSha256Hex(digest));
  EXPECT_EQ(llvm::cantFail(Compiler({}).ToolchainDigest()), digest);
  EXPECT_EQ(
      llvm::cantFail(Compiler({.nvrtc_path = files.library, .failure_dir = ""}).ToolchainDigest()),
      digest);
}

// A directory laid out as NVIDIA's wheels are, with links to the files that were found.
TEST_F(NvrtcTest, AWheelsDirectoryIsFoundAndGivesTheSameToolchain) {
  const fs::path lib = dir / "site-packages/nvidia/cu13/lib";
  fs::create_directories(lib);
  const std::string name = fs::path(files.library).filename();
  std::string major = name.substr(name.find(".so.") + 4);
  major = major.substr(0, major.find('.'));
  fs::create_symlink(files.library, lib / ("libnvrtc.so." + major));
  if (major != "13") GTEST_SKIP() << "this layout is CUDA 13's; found " << files.library;
  const Compiler wheel({.nvrtc_path = dir / "site-packages", .failure_dir = dir / "failed"});
  EXPECT_EQ(llvm::cantFail(wheel.ToolchainDigest()), llvm::cantFail(compiler.ToolchainDigest()));
}

TEST_F(NvrtcTest, DescribesItself) {
  llvm::Expected<NvrtcInfo> info = compiler.Describe();
  ASSERT_TRUE(static_cast<bool>(info)) << llvm::toString(info.takeError());
  EXPECT_EQ(info->files.library, files.library);
  EXPECT_EQ(info->version, Compile(kTrivialSource, "scale", ForArch("sm_90a")).nvrtc_version);
  EXPECT_NE(std::find(info->supported_archs.begin(), info->supported_archs.end(), 90),
            info->supported_archs.end());
}

// What a ToolchainError says, from every function that may need NVRTC.
std::string WhyThereIsNone(const Compiler& compiler) {
  llvm::Expected<std::string> digest = compiler.ToolchainDigest();
  llvm::Expected<CompileOutput> output =
      compiler.Compile(kTrivialSource, "scale", {"-arch=sm_90a"});
  EXPECT_FALSE(output);
  EXPECT_TRUE(output.errorIsA<ToolchainError>());
  if (digest) return llvm::toString(output.takeError());  // Found, but not to be opened.
  EXPECT_TRUE(digest.errorIsA<ToolchainError>());
  const std::string message = llvm::toString(digest.takeError());
  EXPECT_EQ(llvm::toString(output.takeError()), message);
  return message;
}

TEST_F(CompilerTest, AGivenPathThatDoesNotExistIsNotReplacedByAnother) {
  const std::string message =
      WhyThereIsNone(Compiler({.nvrtc_path = dir / "libnvrtc.so.13", .failure_dir = ""}));
  EXPECT_NE(message.find("the given path " + (dir / "libnvrtc.so.13").string() + ": No such file"),
            std::string::npos)
      << message;
  EXPECT_NE(message.find("ATTNJIT_NVRTC"), std::string::npos);
  EXPECT_EQ(message.find("/usr/local/cuda"), std::string::npos);
}

TEST_F(CompilerTest, AnEmptyDirectoryTellsEveryFileTried) {
  const std::string message = WhyThereIsNone(Compiler({.nvrtc_path = dir, .failure_dir = ""}));
  for (const char* file : {"/libnvrtc.so.13", "/nvidia/cu13/lib/libnvrtc.so.13", "/libnvrtc.so.12",
                           "/nvidia/cuda_nvrtc/lib/libnvrtc.so.12"}) {
    EXPECT_NE(message.find(dir.string() + file), std::string::npos) << message;
  }
}

TEST_F(CompilerTest, ALibraryWithoutItsBuiltinsIsPassedOver) {
  std::ofstream(dir / "libnvrtc.so.13") << "library";
  EXPECT_NE(WhyThereIsNone(Compiler({.nvrtc_path = dir, .failure_dir = ""}))
                .find("no libnvrtc-builtins.so.13.* beside it"),
            std::string::npos);
}

TEST_F(CompilerTest, TheDigestCoversTheLibraryAndItsBuiltins) {
  // Files that no loader takes: the digest is made without opening the library.
  const fs::path library = dir / "libnvrtc.so.13", builtins = dir / "libnvrtc-builtins.so.13.0";
  auto digest_of = [&](const std::string& library_bytes, const std::string& builtins_bytes) {
    std::ofstream(library) << library_bytes;
    std::ofstream(builtins) << builtins_bytes;
    return llvm::cantFail(Compiler({.nvrtc_path = dir, .failure_dir = ""}).ToolchainDigest());
  };
  const std::string digest = digest_of("library", "builtins");
  EXPECT_TRUE(IsSha256Hex(digest));
  EXPECT_EQ(digest_of("library", "builtins"), digest);
  EXPECT_NE(digest_of("Library", "builtins"), digest);
  EXPECT_NE(digest_of("library", "Builtins"), digest);
  EXPECT_NE(digest_of("libraryb", "uiltins"), digest);
}

TEST_F(CompilerTest, AFileThatIsNoLibraryIsAnErrorOfTheLoader) {
  std::ofstream(dir / "libnvrtc.so.13") << "library";
  std::ofstream(dir / "libnvrtc-builtins.so.13.0") << "builtins";
  EXPECT_NE(WhyThereIsNone(Compiler({.nvrtc_path = dir, .failure_dir = ""}))
                .find("libnvrtc.so.13: file too short"),
            std::string::npos);
}

TEST_F(CompilerTest, ALibraryThatLacksFunctionsIsAnErrorThatNamesThem) {
  std::string any;
  ::dl_iterate_phdr(
      [](struct dl_phdr_info* info, size_t, void* out) {
        if (std::strstr(info->dlpi_name, "libm.so"))
          *static_cast<std::string*>(out) = info->dlpi_name;
        return 0;
      },
      &any);
  if (any.empty()) GTEST_SKIP() << "no library at hand to take for NVRTC";
  fs::copy_file(any, dir / "libnvrtc.so.13");
  std::ofstream(dir / "libnvrtc-builtins.so.13.0") << "builtins";
  const std::string message = WhyThereIsNone(Compiler({.nvrtc_path = dir, .failure_dir = ""}));
  EXPECT_NE(message.find("it lacks nvrtcGetErrorString, nvrtcVersion"), std::string::npos)
      << message;
  EXPECT_NE(message.find("nvrtcGetCUBIN"), std::string::npos) << message;
}

TEST_F(CompilerTest, TheEnvironmentNamesTheLibraryUnlessAPathIsGiven) {
  EXPECT_EQ(InChild([&] {
              ::setenv("ATTNJIT_NVRTC", "/nonexistent/from-environment", 1);
              const std::string named = WhyThereIsNone(Compiler({}));
              const std::string given =
                  WhyThereIsNone(Compiler({.nvrtc_path = "/nonexistent/given", .failure_dir = ""}));
              return named.find("$ATTNJIT_NVRTC: /nonexistent/from-environment") !=
                         std::string::npos &&
                     given.find("from-environment") == std::string::npos;
            }),
            0);
}

TEST_F(CompilerTest, TheOrderOfTheSearchIsAsDocumented) {
  // Each place that is tried in vain is told in its order; what is found ends the search.
  EXPECT_EQ(InChild([&] {
              ::unsetenv("ATTNJIT_NVRTC");
              ::setenv("CUDA_HOME", dir.c_str(), 1);
              fs::create_directories(dir / "lib64");
              std::ofstream(dir / "lib64/libnvrtc.so.13") << "library";
              std::ofstream(dir / "lib64/libnvrtc-builtins.so.13.7") << "builtins";
              llvm::Expected<NvrtcFiles> found = FindNvrtc("");
              if (!found) return false;
              return fs::path(found->library) == fs::canonical(dir) / "lib64/libnvrtc.so.13" &&
                     found->builtins.size() == 1;
            }),
            0);
}

TEST(PtxasLogTest, ReadsTheFiguresOfTheEntryAndOfWhatItCalls) {
  const auto figures = ParsePtxasLog(
      "ptxas info    : 0 bytes gmem\n"
      "ptxas info    : Compiling entry function 'other' for 'sm_80'\n"
      "ptxas info    : Used 255 registers, used 1 barriers\n"
      "ptxas info    : Compiling entry function 'k' for 'sm_80'\n"
      "ptxas info    : Function properties for k\n"
      "ptxas         .     104 bytes stack frame, 168 bytes spill stores, 172 bytes spill loads\n"
      "ptxas info    : Used 32 registers, used 0 barriers, 104 bytes cumulative stack size\n"
      "ptxas info    : Function properties for _Z1fPfi\n"
      "ptxas         .     8 bytes stack frame, 20 bytes spill stores, 24 bytes spill loads\n",
      "k");
  ASSERT_TRUE(figures.has_value());
  EXPECT_EQ(figures->registers, 32);
  EXPECT_EQ(figures->stack_bytes, 104);
  EXPECT_EQ(figures->spill_store_bytes, 188);
  EXPECT_EQ(figures->spill_load_bytes, 196);
  EXPECT_FALSE(figures->serialized_wgmma);
  EXPECT_FALSE(figures->injected_wgmma_sync);
}

TEST(PtxasLogTest, ReadsTheFormatOfCuda12) {
  const auto figures = ParsePtxasLog(
      "ptxas info    : 0 bytes gmem\n"
      "ptxas info    : Compiling entry function 'k' for 'sm_90a'\n"
      "ptxas info    : Function properties for k\n"
      "    0 bytes stack frame, 4 bytes spill stores, 8 bytes spill loads\n"
      "ptxas info    : Used 168 registers, 544 bytes cmem[0]\n",
      "k");
  ASSERT_TRUE(figures.has_value());
  EXPECT_EQ(figures->registers, 168);
  EXPECT_EQ(figures->spill_store_bytes, 4);
  EXPECT_EQ(figures->spill_load_bytes, 8);
}

TEST(PtxasLogTest, FindsTheWgmmaAdvisories) {
  const std::string used =
      "ptxas info    : Compiling entry function 'k' for 'sm_90a'\n"
      "ptxas info    : Used 168 registers\n";
  const auto serialized = ParsePtxasLog(
      "ptxas info    : (C7511) Potential Performance Loss: wgmma.mma_async instructions are "
      "serialized due to insufficient register resources for the wgmma pipeline in the function "
      "'k'\n" +
          used,
      "k");
  EXPECT_TRUE(serialized->serialized_wgmma);
  EXPECT_FALSE(serialized->injected_wgmma_sync);
  const auto injected = ParsePtxasLog(
      "ptxas info    : (C7517) warpgroup.wait is injected in around line 40 by compiler to allow "
      "use of registers defined by GMMA in function 'k'\n" +
          used,
      "k");
  EXPECT_FALSE(injected->serialized_wgmma);
  EXPECT_TRUE(injected->injected_wgmma_sync);
}

TEST(PtxasLogTest, AnEntryThatIsNotThereHasNoFigures) {
  EXPECT_FALSE(ParsePtxasLog("", "k").has_value());
  EXPECT_FALSE(ParsePtxasLog("ptxas info    : Compiling entry function 'kk' for 'sm_90a'\n"
                             "ptxas info    : Used 168 registers\n",
                             "k")
                   .has_value());
  EXPECT_FALSE(ParsePtxasLog("ptxas info    : Compiling entry function 'k' for 'sm_90a'\n"
                             "ptxas info    : Used 99999999999999999999 registers\n",
                             "k")
                   .has_value());
}

TEST(FirstErrorLineTest, SkipsWarningsAndFallsBackToTheFirstLine) {
  EXPECT_EQ(FirstErrorLine("a.cu(1): warning #1: error-like name\n\na.cu(2): error: this one\n"),
            "a.cu(2): error: this one");
  EXPECT_EQ(FirstErrorLine("\n\n  something went wrong\nmore\n"), "something went wrong");
  EXPECT_EQ(FirstErrorLine(""), "");
}

}  // namespace
}  // namespace attnjit
