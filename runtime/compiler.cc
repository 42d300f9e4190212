#include "runtime/compiler.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <optional>

#include "cache/file_io.h"
#include "cache/key.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

namespace attnjit {

char CompileError::ID = 0;

void CompileError::SetSaved(std::string source_path, std::string command_path) {
  source_path_ = std::move(source_path);
  command_path_ = std::move(command_path);
}

void CompileError::log(llvm::raw_ostream& os) const {
  os << "NVRTC could not compile " << kernel_ << ": " << first_error_ << "\n";
  if (failed_before_unix_ != 0) {
    os << "It failed before and is remembered, so it was not tried again.";
    if (!source_path_.empty()) os << " ";
  }
  if (!source_path_.empty()) {
    os << "The source is in " << source_path_ << ", the command and the whole log in "
       << command_path_ << ".";
  } else if (!save_problem_.empty()) {
    os << "The source could not be saved: " << save_problem_;
  }
}

std::error_code CompileError::convertToErrorCode() const {
  return std::make_error_code(std::errc::invalid_argument);
}

namespace {

// The source's name in messages, and in line information: one name, so that equal sources give
// equal bytes.
constexpr char kProgramName[] = "attnjit.cu";
// Added to every compilation: ptxas's figures; and no look into the driver's own compute cache,
// from which NVRTC, where there is a driver, hands out a second compilation without a log.
constexpr const char* kAddedOptions[] = {"--ptxas-options=-v", "--no-cache"};

// Of NVRTC's options, those that nvcc does not know.
constexpr llvm::StringLiteral kNvrtcOnlyOptions[] = {
    "-default-device",    "--device-as-default-execution-space",
    "-minimal",           "--minimal",
    "-no-source-include", "--no-source-include",
    "-no-cache",          "--no-cache"};

std::string ShellQuote(llvm::StringRef word) {
  std::string quoted = "'";
  for (char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string NvccCommand(llvm::ArrayRef<std::string> options, llvm::StringRef stem) {
  std::string command = "nvcc -cubin";
  for (const std::string& option : options) {
    if (!llvm::is_contained(kNvrtcOnlyOptions, option)) {
      command.append(1, ' ').append(ShellQuote(option));
    }
  }
  return (command + " -o " + stem + ".cubin " + stem + ".cu").str();
}

std::string DefaultFailureDir() {
  const char* tmp = std::getenv("TMPDIR");
  return (tmp != nullptr && *tmp != '\0' ? std::string(tmp) : "/tmp") + "/attnjit-" +
         std::to_string(::geteuid());
}

// Letters of the name that are safe in a file's, and a digest so that other failures of one kernel
// do not replace this one.
std::string FileStem(llvm::StringRef entry, llvm::StringRef source,
                     llvm::ArrayRef<std::string> options) {
  std::string stem;
  for (char c : entry.take_front(120)) stem += llvm::isAlnum(c) ? c : '_';
  return stem + "-" + MakeCacheKey(source, "", options, "").request.substr(0, 12);
}

// Saves what is needed to try again outside; says in the error where, or why not.
void SaveFailure(const std::string& dir, llvm::StringRef source, llvm::StringRef entry,
                 llvm::ArrayRef<std::string> options, CompileError* error) {
  const std::string stem = FileStem(entry, source, options);
  const std::string source_path = dir + "/" + stem + ".cu";
  const std::string command_path = dir + "/" + stem + ".txt";
  std::string text = "NVRTC, program name " + std::string(kProgramName) + ", options:\n";
  for (const std::string& option : options) text += option + "\n";
  text += "\nWith nvcc, in this directory:\n" + NvccCommand(options, stem) + "\n";
  text += "\nLog:\n" + error->compile_log();
  auto save = [&]() -> llvm::Error {
    llvm::Expected<UniqueFd> opened = OpenPrivateDirectory(dir, OnMissing::kCreate);
    if (!opened) return opened.takeError();
    const int fd = opened->get();
    if (llvm::Error e = ReplaceFile(fd, stem + ".cu", source_path, source, false)) return e;
    return ReplaceFile(fd, stem + ".txt", command_path, text, false);
  };
  if (llvm::Error problem = save()) {
    error->SetSaveProblem(llvm::toString(std::move(problem)));
  } else {
    error->SetSaved(source_path, command_path);
  }
}

// Reads one of NVRTC's results by its pair of functions; nullopt if either fails.
template <typename GetSize, typename Get>
std::optional<std::string> ReadResult(NvrtcProgram program, GetSize get_size, Get get) {
  size_t size = 0;
  if (get_size(program, &size) != kNvrtcSuccess) return std::nullopt;
  std::string bytes(size, '\0');
  if (size != 0 && get(program, bytes.data()) != kNvrtcSuccess) return std::nullopt;
  return bytes;
}

// PTX and logs end with a NUL that is counted in their size.
std::string Text(std::optional<std::string> bytes) {
  if (!bytes) return "";
  while (!bytes->empty() && bytes->back() == '\0') bytes->pop_back();
  return *bytes;
}

// One compilation; on failure `problem` has one line and the output has the log.
CompileOutput RunNvrtc(const NvrtcTable& nvrtc, const std::string& source, llvm::StringRef entry,
                       llvm::ArrayRef<std::string> options, std::string* problem,
                       bool* deterministic) {
  CompileOutput output;
  NvrtcProgram program = nullptr;
  NvrtcResult result =
      nvrtc.create_program(&program, source.c_str(), kProgramName, 0, nullptr, nullptr);
  if (result != kNvrtcSuccess) {
    *problem = nvrtc.get_error_string(result);
    return output;
  }
  auto destroy = llvm::make_scope_exit([&] { nvrtc.destroy_program(&program); });
  std::vector<const char*> arguments;
  for (const std::string& option : options) arguments.push_back(option.c_str());
  result = nvrtc.compile_program(program, static_cast<int>(arguments.size()), arguments.data());
  output.log = Text(ReadResult(program, nvrtc.get_log_size, nvrtc.get_log));
  if (result != kNvrtcSuccess) {
    *deterministic = result == kNvrtcErrorInvalidOption || result == kNvrtcErrorCompilation;
    *problem = FirstErrorLine(output.log);
    if (problem->empty()) *problem = nvrtc.get_error_string(result);
    return output;
  }
  output.ptx = Text(ReadResult(program, nvrtc.get_ptx_size, nvrtc.get_ptx));
  output.cubin = ReadResult(program, nvrtc.get_cubin_size, nvrtc.get_cubin).value_or("");
  std::optional<PtxasFigures> figures = ParsePtxasLog(output.log, entry);
  if (output.ptx.empty() || output.cubin.empty()) {
    *problem = "NVRTC gave no PTX or no cubin; --gpu-architecture must name a real target (sm_..)";
  } else if (!figures) {
    *problem = "ptxas reports no entry function of that name";
  } else {
    output.figures = *figures;
  }
  return output;
}

}  // namespace

struct Compiler::State {
  CompilerOptions options;

  // Each made once, when first asked for; then constant. A failure is kept, too: llvm::Error moves,
  // so the ToolchainError's lines are.
  std::once_flag found_once, opened_once;
  NvrtcFiles files;
  std::string digest;
  NvrtcLibrary library;
  std::optional<std::vector<std::string>> find_failure, open_failure;

  llvm::Error Find();
  llvm::Error Open();
};

namespace {

std::vector<std::string> TakeLines(llvm::Error error) {
  std::vector<std::string> lines;
  llvm::handleAllErrors(
      std::move(error), [&](const ToolchainError& e) { lines = e.tried(); },
      [&](const llvm::ErrorInfoBase& e) { lines = {e.message()}; });
  return lines;
}

llvm::Error Again(const std::optional<std::vector<std::string>>& failure) {
  if (!failure) return llvm::Error::success();
  return llvm::make_error<ToolchainError>(*failure);
}

}  // namespace

llvm::Error Compiler::State::Find() {
  std::call_once(found_once, [&] {
    llvm::Expected<NvrtcFiles> found = FindNvrtc(options.nvrtc_path);
    if (!found) {
      find_failure = TakeLines(found.takeError());
      return;
    }
    files = std::move(*found);
    llvm::Expected<std::string> libraries = DigestNvrtc(files);
    if (!libraries) {
      find_failure = TakeLines(libraries.takeError());
      return;
    }
    // What this file adds to every compilation is part of the toolchain.
    std::string parts = kProgramName;
    for (const char* option : kAddedOptions) parts += std::string("\n") + option;
    digest = Sha256Hex(parts + "\n" + *libraries);
  });
  return Again(find_failure);
}

llvm::Error Compiler::State::Open() {
  if (llvm::Error error = Find()) return error;
  std::call_once(opened_once, [&] {
    llvm::Expected<NvrtcLibrary> opened = OpenNvrtc(files);
    if (opened) {
      library = *opened;
    } else {
      open_failure = TakeLines(opened.takeError());
    }
  });
  return Again(open_failure);
}

Compiler::Compiler(CompilerOptions options) : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
}

Compiler::~Compiler() = default;

llvm::Expected<std::string> Compiler::ToolchainDigest() const {
  if (llvm::Error error = state_->Find()) return error;
  return state_->digest;
}

llvm::Expected<CompileOutput> Compiler::Compile(llvm::StringRef source, llvm::StringRef entry,
                                                llvm::ArrayRef<std::string> options) const {
  if (llvm::Error error = state_->Open()) return error;
  std::vector<std::string> all = options.vec();
  for (const char* option : kAddedOptions) {
    if (!llvm::is_contained(all, option)) all.push_back(option);
  }
  const auto start = std::chrono::steady_clock::now();
  CompileOutput output;
  std::string problem;
  bool deterministic = false;
  if (source.contains('\0')) {
    problem = "the source contains a NUL character";
  } else {
    output = RunNvrtc(state_->library.table, source.str(), entry, all, &problem, &deterministic);
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  if (!problem.empty()) {
    auto error = std::make_unique<CompileError>(entry.str(), problem, output.log);
    if (deterministic) error->SetDeterministic();
    const std::string& dir = state_->options.failure_dir;
    SaveFailure(dir.empty() ? DefaultFailureDir() : dir, source, entry, all, error.get());
    return llvm::Error(std::move(error));
  }
  output.seconds = elapsed.count();
  output.nvrtc_version =
      std::to_string(state_->library.major) + "." + std::to_string(state_->library.minor);
  return output;
}

llvm::Expected<NvrtcInfo> Compiler::Describe() const {
  if (llvm::Error error = state_->Open()) return error;
  const NvrtcLibrary& library = state_->library;
  NvrtcInfo info{
      state_->files, std::to_string(library.major) + "." + std::to_string(library.minor), {}};
  int count = 0;
  if (library.table.get_num_supported_archs(&count) == kNvrtcSuccess && count > 0) {
    info.supported_archs.resize(static_cast<size_t>(count));
    if (library.table.get_supported_archs(info.supported_archs.data()) != kNvrtcSuccess) {
      info.supported_archs.clear();
    }
  }
  return info;
}

}  // namespace attnjit
