#include "cache/remote/http_store.h"

#include <cstring>

#include "cache/disk_directory.h"
#include "cache/error.h"
#include "cache/remote/curl_library.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/Twine.h"

namespace attnjit {

namespace {

constexpr long kOk = 200, kCreated = 201, kAccepted = 202, kNoContent = 204, kNotFound = 404;

llvm::Error Unavailable(const llvm::Twine& what) {
  return llvm::make_error<CacheError>(CacheError::Kind::kUnavailable, what.str());
}

// What a transfer reads and writes.
struct Transfer {
  std::string received;
  const std::string* body = nullptr;
  size_t sent = 0;
};

size_t OnReceived(char* bytes, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  // More than an entry may have ends the transfer.
  if (transfer.received.size() + size * count > kMaxEntryFileBytes) return 0;
  transfer.received.append(bytes, size * count);
  return size * count;
}

size_t OnSend(char* bytes, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const size_t part = std::min(size * count, transfer.body->size() - transfer.sent);
  std::memcpy(bytes, transfer.body->data() + transfer.sent, part);
  transfer.sent += part;
  return part;
}

const char* OrNull(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

}  // namespace

struct HttpStore::Response {
  long status = 0;
  std::string body;
};

std::string HttpStore::ObjectUrl(const CacheKey& key) const {
  return options_.url + "/" + key.request + "-" + key.toolchain;
}

llvm::Expected<HttpStore::Response> HttpStore::Perform(const CacheKey& key,
                                                       const std::string* body) const {
  llvm::Expected<const CurlLibrary*> opened = OpenCurl();
  if (!opened) return opened.takeError();
  const CurlLibrary& curl = **opened;
  CURL* handle = curl.easy_init();
  if (handle == nullptr) return Unavailable("libcurl gives no handle");
  auto cleanup = llvm::make_scope_exit([&] { curl.easy_cleanup(handle); });
  Transfer transfer;
  transfer.body = body;
  const std::string url = ObjectUrl(key);
  const auto set = [&](CURLoption option, auto value) { curl.easy_setopt(handle, option, value); };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_NOSIGNAL, 1L);  // No signal handlers in somebody else's process.
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout_ms));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout_ms));
  set(CURLOPT_USERAGENT, "attnjit/" ATTNJIT_VERSION);
  set(CURLOPT_WRITEFUNCTION, &OnReceived);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_USERPWD, OrNull(options_.user_password));
  if (!options_.bearer_token.empty()) {
    set(CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    set(CURLOPT_XOAUTH2_BEARER, options_.bearer_token.c_str());
  }
  if (!options_.ca_file.empty()) set(CURLOPT_CAINFO, options_.ca_file.c_str());
  set(CURLOPT_SSLCERT, OrNull(options_.client_cert));
  set(CURLOPT_SSLKEY, OrNull(options_.client_key));
  curl_slist* headers = nullptr;
  auto free_headers = llvm::make_scope_exit([&] { curl.slist_free_all(headers); });
  if (body != nullptr) {
    // No waiting for "100 Continue": entries are small.
    headers = curl.slist_append(headers, "Expect:");
    headers = curl.slist_append(headers, "Content-Type: application/octet-stream");
    set(CURLOPT_HTTPHEADER, headers);
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_READFUNCTION, &OnSend);
    set(CURLOPT_READDATA, &transfer);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body->size()));
  }
  const CURLcode result = curl.easy_perform(handle);
  if (result != CURLE_OK) {
    return Unavailable("the remote cache " + options_.url + ": " + curl.easy_strerror(result));
  }
  Response response;
  curl.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &response.status);
  response.body = std::move(transfer.received);
  return response;
}

Lookup HttpStore::Get(const CacheKey& key, llvm::StringRef canonical_spec, Unpack unpack) const {
  const auto problem = [](std::string text) { return Lookup{nullptr, std::move(text), 0}; };
  if (!IsValidKey(key)) return problem("a cache key that is not hexadecimal");
  if (!circuit_.Allows(Circuit::Clock::now())) return {};
  llvm::Expected<Response> response = Perform(key, nullptr);
  if (!response) {
    circuit_.Failed(Circuit::Clock::now());
    return problem(llvm::toString(response.takeError()));
  }
  if (response->status == kNotFound) {
    circuit_.Succeeded();
    return {};
  }
  const std::string where = "the remote cache " + options_.url;
  if (response->status != kOk) {
    circuit_.Failed(Circuit::Clock::now());
    return problem(where + " answered " + std::to_string(response->status));
  }
  circuit_.Succeeded();
  llvm::Expected<CacheEntry> entry = ParseEntry(response->body, unpack);
  if (!entry) return problem(where + " gave damage: " + llvm::toString(entry.takeError()));
  if (llvm::Error error = CheckEntryIs(*entry, key, canonical_spec)) {
    return problem(where + " gave another thing: " + llvm::toString(std::move(error)));
  }
  return {std::make_shared<const CacheEntry>(std::move(*entry)), "", 0};
}

llvm::Expected<std::string> HttpStore::Put(const CacheEntry& entry) const {
  llvm::Expected<std::string> bytes = SerializeEntry(entry);
  if (!bytes) return bytes.takeError();
  if (!circuit_.Allows(Circuit::Clock::now())) {
    return Unavailable("the remote cache " + options_.url + " has not answered; left alone now");
  }
  llvm::Expected<Response> response = Perform(entry.key, &*bytes);
  if (!response) {
    circuit_.Failed(Circuit::Clock::now());
    return response.takeError();
  }
  for (long good : {kOk, kCreated, kAccepted, kNoContent}) {
    if (response->status != good) continue;
    circuit_.Succeeded();
    return ObjectUrl(entry.key);
  }
  circuit_.Failed(Circuit::Clock::now());
  return Unavailable("the remote cache " + options_.url + " refused an entry: it answered " +
                     llvm::Twine(response->status));
}

}  // namespace attnjit
