#include "cache/remote/curl_library.h"

#include <dlfcn.h>

#include <string>

#include "cache/error.h"

namespace attnjit {

namespace {

// Debian's and Ubuntu's two builds share this ABI.
constexpr const char* kNames[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};

struct Opened {
  CurlLibrary library;
  std::string problem;
};

template <typename Function>
void Find(void* handle, const char* symbol, Function& function, std::string& problem) {
  function = reinterpret_cast<Function>(::dlsym(handle, symbol));
  if (function == nullptr && problem.empty()) problem = std::string("libcurl lacks ") + symbol;
}

Opened Open() {
  Opened opened;
  void* handle = nullptr;
  for (const char* name : kNames) {
    if (handle == nullptr) handle = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
  }
  if (handle == nullptr) {
    opened.problem = std::string("a remote cache needs libcurl: ") + ::dlerror();
    return opened;
  }
  decltype(&::curl_global_init) global_init = nullptr;
  CurlLibrary& library = opened.library;
  std::string& problem = opened.problem;
  Find(handle, "curl_global_init", global_init, problem);
  Find(handle, "curl_easy_init", library.easy_init, problem);
  Find(handle, "curl_easy_setopt", library.easy_setopt, problem);
  Find(handle, "curl_easy_perform", library.easy_perform, problem);
  Find(handle, "curl_easy_getinfo", library.easy_getinfo, problem);
  Find(handle, "curl_easy_strerror", library.easy_strerror, problem);
  Find(handle, "curl_easy_cleanup", library.easy_cleanup, problem);
  Find(handle, "curl_slist_append", library.slist_append, problem);
  Find(handle, "curl_slist_free_all", library.slist_free_all, problem);
  if (problem.empty() && global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    problem = "libcurl does not start";
  }
  return opened;
}

}  // namespace

llvm::Expected<const CurlLibrary*> OpenCurl() {
  static const Opened* const opened = new Opened(Open());
  if (opened->problem.empty()) return &opened->library;
  return llvm::make_error<CacheError>(CacheError::Kind::kUnavailable, opened->problem);
}

}  // namespace attnjit
