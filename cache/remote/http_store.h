// A remote that keeps entries as objects over HTTP(S): GET and PUT of URL/<request>-<toolchain>, as
// nginx's WebDAV, bazel-remote, Artifactory's and S3-style stores serve them.
//
// It is never trusted: what it gives is verified like any entry, and what is wrong with it is a
// miss with a problem. It is never waited for: short time-outs, and after some failures in a row it
// is left alone for a while.
#ifndef ATTNJIT_CACHE_REMOTE_HTTP_STORE_H_
#define ATTNJIT_CACHE_REMOTE_HTTP_STORE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "cache/remote/circuit.h"
#include "cache/store.h"

namespace attnjit {

struct RemoteOptions {
  std::string url;            ///< "https://cache.example/attnjit"; without a last "/".
  std::string bearer_token;   ///< Or "".
  std::string user_password;  ///< "user:password" for basic authentication, or "".
  std::string ca_file;        ///< Of the authorities to trust; "": the system's.
  std::string client_cert;    ///< Mutual TLS: PEM files, or "".
  std::string client_key;
  bool write = false;  ///< Put what was compiled here.
  int64_t connect_timeout_ms = 1000;
  int64_t timeout_ms = 5000;  ///< Of one object, whole.
};

/// Thread safe.
class HttpStore : public EntryStore {
 public:
  explicit HttpStore(RemoteOptions options) : options_(std::move(options)) {}

  const RemoteOptions& options() const { return options_; }
  std::string ObjectUrl(const CacheKey& key) const;

  Lookup Get(const CacheKey& key, llvm::StringRef canonical_spec,
             Unpack unpack = Unpack::kAll) const override;
  llvm::Expected<std::string> Put(const CacheEntry& entry) const override;

 private:
  struct Response;
  llvm::Expected<Response> Perform(const CacheKey& key, const std::string* body) const;

  const RemoteOptions options_;
  mutable Circuit circuit_;
};

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_REMOTE_HTTP_STORE_H_
