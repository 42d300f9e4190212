#include "runtime/nvrtc_library.h"

#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "cache/key.h"
#include "cache/library_digest.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#ifndef ATTNJIT_NVRTC_DEFAULT_DIR
#define ATTNJIT_NVRTC_DEFAULT_DIR ""
#endif

namespace attnjit {

char ToolchainError::ID = 0;

void ToolchainError::log(llvm::raw_ostream& os) const {
  os << "no usable NVRTC (CUDA's run-time compiler) was found; tried:\n";
  for (const std::string& line : tried_) os << "  " << line << "\n";
  os << "Install the CUDA toolkit 12.8 or later or the Python package nvidia-cuda-nvrtc, or name "
        "the "
        "library or its directory with ATTNJIT_NVRTC.";
}

std::error_code ToolchainError::convertToErrorCode() const {
  return std::make_error_code(std::errc::no_such_file_or_directory);
}

namespace {

namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

constexpr llvm::StringLiteral kSonames[] = {"libnvrtc.so.13", "libnvrtc.so.12"};
// Where NVIDIA's wheels for CUDA 13 and CUDA 12 keep it, under site-packages.
constexpr llvm::StringLiteral kSubdirectories[] = {"", "nvidia/cu13/lib", "nvidia/cuda_nvrtc/lib"};

struct Place {
  std::string label;  // For messages; says where the path is from.
  std::string path;   // A library or a directory; "": ask the dynamic loader.
};

std::string GetEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::vector<Place> Places(llvm::StringRef given) {
  if (!given.empty()) return {{"the given path ", given.str()}};
  if (std::string named = GetEnvironment("ATTNJIT_NVRTC"); !named.empty()) {
    return {{"$ATTNJIT_NVRTC: ", named}};
  }
  std::vector<Place> places;
  if (std::string home = GetEnvironment("CUDA_HOME"); !home.empty()) {
    places.push_back({"$CUDA_HOME: ", home + "/lib64"});
  }
  places.push_back({"", "/usr/local/cuda/lib64"});
  places.push_back({"the dynamic loader's search: ", ""});
  const std::string built_in = ATTNJIT_NVRTC_DEFAULT_DIR;
  if (!built_in.empty()) places.push_back({"the build's default: ", built_in});
  return places;
}

// The file that the loader takes for a name, or "" and why not.
std::string AskLoader(llvm::StringRef soname, std::string* why_not) {
  void* handle = ::dlopen(soname.str().c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (handle == nullptr) {
    *why_not = ::dlerror();
    return "";
  }
  auto close = llvm::make_scope_exit([&] { ::dlclose(handle); });
  struct link_map* map = nullptr;
  if (::dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || map->l_name == nullptr) {
    *why_not = soname.str() + ": the loader does not say where it is";
    return "";
  }
  return map->l_name;
}

// "13" of a library whose file, links resolved or not, is named libnvrtc.so.13[.x]; or "".
llvm::StringRef MajorOf(llvm::StringRef library) {
  llvm::StringRef name = path::filename(library);
  return name.consume_front("libnvrtc.so.") ? name.split('.').first : "";
}

// By name and not by listing the directory, which may be a system's with thousands of files: CUDA's
// minor versions have gone up to 9.
std::vector<std::string> BuiltinsBeside(llvm::StringRef library, llvm::StringRef major) {
  constexpr int kMaxMinor = 15;
  const std::string prefix =
      (path::parent_path(library) + "/libnvrtc-builtins.so." + major + ".").str();
  std::vector<std::string> found;
  for (int minor = 0; minor <= kMaxMinor; ++minor) {
    std::string file = prefix + std::to_string(minor);
    if (::access(file.c_str(), R_OK) == 0) found.push_back(std::move(file));
  }
  return found;
}

// The library at `file`, or nullopt and why not.
std::optional<NvrtcFiles> TryFile(llvm::StringRef file, std::string* why_not) {
  llvm::SmallString<256> real;
  if (std::error_code error = fs::real_path(file, real)) {
    *why_not = (file + ": " + error.message()).str();
    return std::nullopt;
  }
  const llvm::StringRef major = MajorOf(MajorOf(file).empty() ? real.str() : file);
  if (major.empty()) {
    *why_not = (file + ": not named libnvrtc.so.<version>").str();
    return std::nullopt;
  }
  NvrtcFiles files{real.str().str(), BuiltinsBeside(real, major)};
  if (files.builtins.empty()) {
    *why_not = (file + ": no libnvrtc-builtins.so." + major + ".* beside it").str();
    return std::nullopt;
  }
  return files;
}

std::optional<NvrtcFiles> TryDirectory(const Place& place, llvm::StringRef soname,
                                       std::vector<std::string>* tried) {
  for (llvm::StringRef subdirectory : kSubdirectories) {
    llvm::SmallString<256> file(place.path);
    path::append(file, subdirectory, soname);
    std::string why_not;
    if (auto files = TryFile(file, &why_not)) return files;
    tried->push_back(place.label + why_not);
  }
  return std::nullopt;
}

std::optional<NvrtcFiles> TryPlace(const Place& place, llvm::StringRef soname,
                                   std::vector<std::string>* tried) {
  std::string file = place.path, why_not;
  if (file.empty()) {
    file = AskLoader(soname, &why_not);
  } else if (fs::is_directory(file)) {
    return TryDirectory(place, soname, tried);
  }
  if (!file.empty()) {
    if (auto files = TryFile(file, &why_not)) return files;
  }
  tried->push_back(place.label + why_not);
  return std::nullopt;
}

std::string Join(llvm::ArrayRef<std::string> names) {
  std::string joined;
  for (const std::string& name : names) joined += (joined.empty() ? "" : ", ") + name;
  return joined;
}

llvm::Error OneProblem(const llvm::Twine& problem) {
  return llvm::make_error<ToolchainError>(std::vector<std::string>{problem.str()});
}

std::vector<std::string> FillTable(void* handle, NvrtcTable* table) {
  std::vector<std::string> missing;
#define ATTNJIT_NVRTC_LOAD(result, field, symbol, parameters)                        \
  table->field = reinterpret_cast<decltype(table->field)>(::dlsym(handle, #symbol)); \
  if (table->field == nullptr) missing.push_back(#symbol);
  ATTNJIT_NVRTC_FUNCTIONS(ATTNJIT_NVRTC_LOAD)
#undef ATTNJIT_NVRTC_LOAD
  return missing;
}

// Opened by its path and kept open: NVRTC asks the loader for the bare name, which then gives this
// one, wherever it is.
llvm::Error OpenBuiltins(const NvrtcFiles& files, int major, int minor) {
  const std::string name =
      ("libnvrtc-builtins.so." + llvm::Twine(major) + "." + llvm::Twine(minor)).str();
  for (const std::string& file : files.builtins) {
    if (path::filename(file) != name) continue;
    if (::dlopen(file.c_str(), RTLD_LAZY | RTLD_LOCAL) != nullptr) return llvm::Error::success();
    return OneProblem(::dlerror());
  }
  return OneProblem(files.library + ": no " + name + " beside it");
}

}  // namespace

llvm::Expected<NvrtcFiles> FindNvrtc(llvm::StringRef given_path) {
  std::vector<std::string> tried;
  const std::vector<Place> places = Places(given_path);
  for (llvm::StringRef soname : kSonames) {
    for (const Place& place : places) {
      if (auto files = TryPlace(place, soname, &tried)) return *files;
    }
  }
  // A library that was named is tried for each soname, and says the same each time.
  tried.erase(std::unique(tried.begin(), tried.end()), tried.end());
  return llvm::make_error<ToolchainError>(std::move(tried));
}

llvm::Expected<std::string> DigestNvrtc(const NvrtcFiles& files) {
  std::string parts = "attnjit nvrtc 1\n";
  std::vector<std::string> all = files.builtins;
  all.insert(all.begin(), files.library);
  for (const std::string& file : all) {
    llvm::Expected<std::string> digest = LibraryDigest(file);
    if (!digest) return OneProblem(llvm::toString(digest.takeError()));
    parts += (path::filename(file) + " " + *digest + "\n").str();
  }
  return Sha256Hex(parts);
}

llvm::Expected<NvrtcLibrary> OpenNvrtc(const NvrtcFiles& files) {
  void* handle = ::dlopen(files.library.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (handle == nullptr) return OneProblem(::dlerror());
  NvrtcLibrary library;
  if (std::vector<std::string> missing = FillTable(handle, &library.table); !missing.empty()) {
    ::dlclose(handle);
    return OneProblem(files.library + ": it lacks " + Join(missing));
  }
  if (library.table.version(&library.major, &library.minor) != kNvrtcSuccess) {
    return OneProblem(files.library + ": it does not tell its version");
  }
  if (llvm::Error error = OpenBuiltins(files, library.major, library.minor)) {
    return error;
  }
  return library;
}

}  // namespace attnjit
