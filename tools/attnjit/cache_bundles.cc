// attnjit cache export, import and keygen: bundles.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "cache/bundle/export.h"
#include "cache/bundle/import.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "tools/attnjit/arch_choice.h"
#include "tools/attnjit/cache_actions.h"
#include "tools/attnjit/cli.h"

namespace attnjit {
namespace {

using Json = nlohmann::ordered_json;

void PrintJson(const Json& json) {
  llvm::outs() << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
}

llvm::Expected<std::string> OneFile(const CacheArguments& arguments, const char* what) {
  if (arguments.files.size() == 1) return arguments.files.front();
  return llvm::make_error<UsageError>(std::string(what) + " needs one FILE");
}

/// "out/kernels.tar.zst" -> "out/kernels-sm_90a.tar.zst"
std::string WithArch(const std::string& path, const std::string& arch) {
  const size_t slash = path.rfind('/');
  const size_t dot = path.find('.', slash == std::string::npos ? 0 : slash + 1);
  return path.substr(0, dot) + "-" + arch + (dot == std::string::npos ? "" : path.substr(dot));
}

/// What goes into each file. Sorted by key, so that equal caches give equal bundles.
using Parts = std::map<std::string, std::vector<DiskItem>>;

llvm::Expected<Parts> Divide(const DiskCache& cache, const CacheArguments& arguments,
                             const std::string& path) {
  llvm::Expected<std::vector<Arch>> archs = ParseArchList(arguments.arch_list);
  if (!archs) return archs.takeError();
  llvm::Expected<std::vector<DiskItem>> items = cache.List();
  if (!items) return items.takeError();
  Parts parts;
  if (!arguments.split_by_arch) parts[path];
  for (DiskItem& item : *items) {
    if (!item.problem.empty()) {
      llvm::errs() << "attnjit: warning: left out: " << item.problem << '\n';
      continue;
    }
    const bool wanted = archs->empty() || llvm::any_of(*archs, [&](Arch arch) {
                          return item.info.arch == GetArchInfo(arch).name;
                        });
    if (!wanted) continue;
    const std::string file = arguments.split_by_arch ? WithArch(path, item.info.arch) : path;
    parts[file].push_back(std::move(item));
  }
  return parts;
}

llvm::Expected<std::vector<CheckedBundle>> ImportAll(const DiskCache& cache,
                                                     const CacheArguments& arguments) {
  if (arguments.files.empty()) return llvm::make_error<UsageError>("import needs a FILE");
  std::optional<PublicKey> key;
  if (!arguments.verify_key.empty()) {
    llvm::Expected<PublicKey> read = ReadPublicKey(arguments.verify_key);
    if (!read) return read.takeError();
    key = *read;
  }
  // All are looked at before the first is put.
  for (const std::string& file : arguments.files) {
    llvm::Expected<CheckedBundle> checked = CheckBundle(file, key);
    if (!checked) return checked.takeError();
  }
  std::vector<CheckedBundle> bundles;
  for (const std::string& file : arguments.files) {
    llvm::Expected<CheckedBundle> imported = ImportBundle(cache, file, key);
    if (!imported) return imported.takeError();
    bundles.push_back(std::move(*imported));
  }
  return bundles;
}

}  // namespace

int ExportEntries(const DiskCache& cache, const CacheArguments& arguments) {
  llvm::Expected<std::string> path = OneFile(arguments, "export");
  if (!path) return ReportError(path.takeError());
  std::optional<SecretKey> key;
  if (!arguments.sign_key.empty()) {
    llvm::Expected<SecretKey> read = ReadSecretKey(arguments.sign_key);
    if (!read) return ReportError(read.takeError());
    key = *read;
  }
  llvm::Expected<Parts> parts = Divide(cache, arguments, *path);
  if (!parts) return ReportError(parts.takeError());
  Json files = Json::array();
  for (const auto& [file, items] : *parts) {
    llvm::Expected<ExportResult> result = ExportBundle(cache, items, file, key);
    if (!result) return ReportError(result.takeError());
    files.push_back({{"path", file}, {"entries", result->entries}, {"bytes", result->bytes}});
    if (!arguments.json) {
      llvm::outs() << llvm::formatv("{0}: {1} entries, {2} bytes{3}\n", file, result->entries,
                                    result->bytes, key ? ", signed" : "");
    }
  }
  if (arguments.json) PrintJson({{"files", std::move(files)}, {"signed", key.has_value()}});
  return kExitDone;
}

int ImportEntries(const DiskCache& cache, const CacheArguments& arguments) {
  llvm::Expected<std::vector<CheckedBundle>> bundles = ImportAll(cache, arguments);
  if (!bundles) return ReportError(bundles.takeError());
  Json files = Json::array();
  for (size_t i = 0; i < bundles->size(); ++i) {
    const CheckedBundle& bundle = (*bundles)[i];
    files.push_back({{"path", arguments.files[i]},
                     {"entries", bundle.manifest.entries.size()},
                     {"attnjit", bundle.manifest.attnjit_version},
                     {"signed", bundle.is_signed},
                     {"signature_checked", !arguments.verify_key.empty()}});
    if (arguments.json) continue;
    const char* signature = !bundle.is_signed              ? "not signed"
                            : arguments.verify_key.empty() ? "signed, by whom was not checked"
                                                           : "signature checked";
    llvm::outs() << llvm::formatv("{0}: {1} entries into {2} ({3})\n", arguments.files[i],
                                  bundle.manifest.entries.size(), cache.Path(), signature);
  }
  if (arguments.json) PrintJson({{"files", std::move(files)}});
  return kExitDone;
}

int MakeKeys(const DiskCache&, const CacheArguments& arguments) {
  llvm::Expected<std::string> path = OneFile(arguments, "keygen");
  if (!path) return ReportError(path.takeError());
  llvm::Expected<KeyPair> keys = MakeKeyPair();
  if (!keys) return ReportError(keys.takeError());
  if (llvm::Error error = WriteKeyPair(*keys, *path)) return ReportError(std::move(error));
  if (arguments.json) {
    PrintJson({{"secret", *path}, {"public", *path + ".pub"}});
  } else {
    llvm::outs() << *path << " is secret, " << *path << ".pub is for those who import\n";
  }
  return kExitDone;
}

}  // namespace attnjit
