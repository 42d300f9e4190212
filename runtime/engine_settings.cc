#include "runtime/engine_settings.h"

#include "cache/disk_directory.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/raw_ostream.h"

namespace attnjit {

char SettingError::ID = 0;

void SettingError::log(llvm::raw_ostream& os) const {
  os << name_ << "=" << value_ << " cannot be: " << allowed_;
}

std::error_code SettingError::convertToErrorCode() const {
  return std::make_error_code(std::errc::invalid_argument);
}

namespace {

/// The variables, read one after another; the first that is wrong is kept.
class Reader {
 public:
  explicit Reader(const GetVariable& variable) : variable_(variable) {}

  /// Empty counts as not set.
  llvm::StringRef Text(const char* name) const {
    const char* value = variable_(name);
    return value == nullptr ? "" : value;
  }
  template <typename T, typename Parse>
  void Read(const char* name, std::optional<T>& field, const char* allowed, Parse parse) {
    const llvm::StringRef text = Text(name);
    if (field.has_value() || text.empty()) return;
    field = parse(text);
    if (!field.has_value() && !wrong_) {
      wrong_ = llvm::make_error<SettingError>(name, text.str(), allowed);
    }
  }
  llvm::Error Finish() { return std::move(wrong_); }

 private:
  const GetVariable& variable_;
  llvm::Error wrong_ = llvm::Error::success();
};

std::optional<bool> ParseSwitch(llvm::StringRef text) {
  if (text == "1") return true;
  if (text == "0") return false;
  return std::nullopt;
}

std::optional<int64_t> ParseMilliseconds(llvm::StringRef text) {
  uint32_t value = 0;
  if (text.getAsInteger(10, value)) return std::nullopt;
  return value;
}

std::optional<JitPolicy> ParseJitPolicy(llvm::StringRef text) {
  if (text == "never") return JitPolicy::kNever;
  if (text == "allow") return JitPolicy::kAllow;
  return std::nullopt;
}

llvm::Expected<RemoteOptions> ReadRemote(Reader& reader) {
  RemoteOptions remote;
  const llvm::StringRef url = reader.Text("ATTNJIT_CACHE_REMOTE").rtrim('/');
  if (url.empty()) return remote;
  if (!url.startswith("http://") && !url.startswith("https://")) {
    return llvm::make_error<SettingError>("ATTNJIT_CACHE_REMOTE", url.str(),
                                          "must begin with http:// or https://");
  }
  remote.url = url.str();
  remote.bearer_token = reader.Text("ATTNJIT_CACHE_REMOTE_TOKEN").str();
  remote.user_password = reader.Text("ATTNJIT_CACHE_REMOTE_USER").str();
  remote.ca_file = reader.Text("ATTNJIT_CACHE_REMOTE_CA").str();
  remote.client_cert = reader.Text("ATTNJIT_CACHE_REMOTE_CERT").str();
  remote.client_key = reader.Text("ATTNJIT_CACHE_REMOTE_KEY").str();
  std::optional<bool> write;
  reader.Read("ATTNJIT_CACHE_REMOTE_WRITE", write, "must be 0 or 1", ParseSwitch);
  remote.write = write.value_or(false);
  std::optional<int64_t> timeout;
  reader.Read("ATTNJIT_CACHE_REMOTE_TIMEOUT_MS", timeout,
              "must be a number of milliseconds below 2^32", ParseMilliseconds);
  remote.timeout_ms = timeout.value_or(remote.timeout_ms);
  remote.connect_timeout_ms = std::min(remote.connect_timeout_ms, remote.timeout_ms);
  return remote;
}

}  // namespace

std::optional<uint64_t> ParseByteCount(llvm::StringRef text) {
  constexpr llvm::StringLiteral kUnits = "KMGT";
  unsigned shift = 0;
  if (!text.empty()) {
    const size_t unit = kUnits.find(text.back());
    if (unit != llvm::StringRef::npos) {
      shift = 10 * static_cast<unsigned>(unit + 1);
      text = text.drop_back();
    }
  }
  uint64_t value = 0;
  if (text.getAsInteger(10, value) || value > (UINT64_MAX >> shift)) return std::nullopt;
  return value << shift;
}

llvm::Expected<EngineOptions> WithEnvironment(EngineOptions options, const GetVariable& variable) {
  Reader reader(variable);
  if (options.cache_dir.empty() && options.disk_cache) options.cache_dir = DefaultCacheDir();
  if (!options.read_only_cache_dirs) {
    llvm::SmallVector<llvm::StringRef> dirs;
    reader.Text("ATTNJIT_CACHE_LAYERS").split(dirs, ':', -1, /*KeepEmpty=*/false);
    options.read_only_cache_dirs.emplace(dirs.begin(), dirs.end());
  }
  constexpr char kSwitch[] = "must be 0 or 1";
  reader.Read("ATTNJIT_CACHE_SHARED", options.group_shared_cache, kSwitch, ParseSwitch);
  reader.Read("ATTNJIT_CACHE_TRUST", options.trust_cache_owners, kSwitch, ParseSwitch);
  reader.Read("ATTNJIT_CACHE_MAX_BYTES", options.cache_max_bytes,
              "must be a number of bytes, such as 500M or 2G", ParseByteCount);
  reader.Read("ATTNJIT_CACHE_WAIT_MS", options.creation_wait_ms,
              "must be a number of milliseconds below 2^32", ParseMilliseconds);
  reader.Read("ATTNJIT_JIT", options.jit, "must be never or allow", ParseJitPolicy);
  if (options.record_path.empty()) options.record_path = reader.Text("ATTNJIT_RECORD").str();
  if (!options.remote) {
    llvm::Expected<RemoteOptions> remote = ReadRemote(reader);
    if (!remote) return remote.takeError();
    options.remote = std::move(*remote);
  }
  if (llvm::Error error = reader.Finish()) return error;
  return options;
}

LayersOptions CacheLayers(const EngineOptions& options) {
  LayersOptions layers;
  if (!options.disk_cache) return layers;
  layers.dir = options.cache_dir;
  layers.disk.access.group_shared = options.group_shared_cache.value_or(false);
  layers.disk.access.any_owner = options.trust_cache_owners.value_or(false);
  layers.read_only_dirs = options.read_only_cache_dirs.value_or(std::vector<std::string>());
  layers.max_bytes = options.cache_max_bytes;
  if (options.remote && !options.remote->url.empty()) {
    layers.remote = std::make_shared<const HttpStore>(*options.remote);
  }
  if (options.creation_wait_ms) {
    layers.creation_wait = std::chrono::milliseconds(*options.creation_wait_ms);
  }
  return layers;
}

}  // namespace attnjit
