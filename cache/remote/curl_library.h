// libcurl, opened when a remote is first asked: a program that embeds attnjit and has no remote
// needs none.
#ifndef ATTNJIT_CACHE_REMOTE_CURL_LIBRARY_H_
#define ATTNJIT_CACHE_REMOTE_CURL_LIBRARY_H_

#include <curl/curl.h>

#include "llvm/Support/Error.h"

namespace attnjit {

struct CurlLibrary {
  decltype(&::curl_easy_init) easy_init = nullptr;
  decltype(&::curl_easy_setopt) easy_setopt = nullptr;
  decltype(&::curl_easy_perform) easy_perform = nullptr;
  decltype(&::curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&::curl_easy_strerror) easy_strerror = nullptr;
  decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&::curl_slist_append) slist_append = nullptr;
  decltype(&::curl_slist_free_all) slist_free_all = nullptr;
};

/// The same each time; stays open. Thread safe. Errors: CacheError (kUnavailable).
llvm::Expected<const CurlLibrary*> OpenCurl();

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_REMOTE_CURL_LIBRARY_H_
