// CUDA source -> PTX and cubin, by NVRTC, in one compilation.
//
// NVRTC is found and opened when it is first needed (runtime/nvrtc_library.h says where it is
// looked for); making a Compiler costs nothing and cannot fail.
#ifndef ATTNJIT_RUNTIME_COMPILER_H_
#define ATTNJIT_RUNTIME_COMPILER_H_

#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "runtime/nvrtc_library.h"
#include "runtime/ptxas_log.h"

namespace attnjit {

/// NVRTC refused the source or the options.
class CompileError : public llvm::ErrorInfo<CompileError> {
 public:
  static char ID;
  CompileError(std::string kernel, std::string first_error, std::string log)
      : kernel_(std::move(kernel)), first_error_(std::move(first_error)), log_(std::move(log)) {}
  const std::string& kernel() const { return kernel_; }
  const std::string& first_error() const { return first_error_; }  ///< One line.
  const std::string& compile_log() const { return log_; }          ///< Whole.
  /// The saved source, and beside it the command that compiles it again with the log; "" where they
  /// could not be saved, and then save_problem says why.
  const std::string& source_path() const { return source_path_; }
  const std::string& command_path() const { return command_path_; }
  const std::string& save_problem() const { return save_problem_; }
  void SetSaved(std::string source_path, std::string command_path);
  void SetSaveProblem(std::string problem) { save_problem_ = std::move(problem); }
  /// The same input would fail again: NVRTC's word is on the input, not on what it ran out of.
  bool deterministic() const { return deterministic_; }
  void SetDeterministic() { deterministic_ = true; }
  /// It was not compiled now: it failed then, in seconds since 1970, and is remembered. 0: now.
  int64_t failed_before_unix() const { return failed_before_unix_; }
  void SetFailedBefore(int64_t unix_time) { failed_before_unix_ = unix_time; }
  void log(llvm::raw_ostream& os) const override;
  std::error_code convertToErrorCode() const override;

 private:
  std::string kernel_, first_error_, log_, source_path_, command_path_, save_problem_;
  bool deterministic_ = false;
  int64_t failed_before_unix_ = 0;
};

struct CompileOutput {
  std::string ptx;
  std::string cubin;
  std::string log;            ///< Whole: warnings, and what ptxas -v says.
  PtxasFigures figures;       ///< From the log.
  std::string nvrtc_version;  ///< "13.0".
  double seconds = 0;         ///< In NVRTC; without opening it.
};

/// What `doctor` prints.
struct NvrtcInfo {
  NvrtcFiles files;
  std::string version;               ///< "13.0".
  std::vector<int> supported_archs;  ///< 90 for sm_90; "a" variants are not told apart by NVRTC.
};

struct CompilerOptions {
  std::string nvrtc_path;   ///< A library or a directory; "": see runtime/nvrtc_library.h.
  std::string failure_dir;  ///< Where failed sources are saved; "": $TMPDIR/attnjit-<uid>, or /tmp.
};

/// Thread safe: any number of compilations run at once. NVRTC stays open for the process's life.
class Compiler {
 public:
  explicit Compiler(CompilerOptions options);
  ~Compiler();
  Compiler(const Compiler&) = delete;
  Compiler& operator=(const Compiler&) = delete;

  /// The toolchain part of a key: 64 hex digits over NVRTC's libraries (so its version) and what
  /// this class adds to every compilation. Computed once; well below 1 ms, as NVRTC need not be
  /// opened for it. Errors: ToolchainError, the same each time.
  llvm::Expected<std::string> ToolchainDigest() const;

  /// Compiles `source`, whose entry function is named `entry`, with NVRTC's `options`, which must
  /// name a real target (--gpu-architecture=sm_90a). Equal inputs give equal PTX and cubin.
  /// Errors: CompileError, also where ptxas reports no entry of that name; ToolchainError.
  llvm::Expected<CompileOutput> Compile(llvm::StringRef source, llvm::StringRef entry,
                                        llvm::ArrayRef<std::string> options) const;

  /// Opens NVRTC and describes it. Errors: ToolchainError.
  llvm::Expected<NvrtcInfo> Describe() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_COMPILER_H_
