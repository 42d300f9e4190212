#include "cache/bundle/bundle_manifest.h"

#include <nlohmann/json.hpp>
#include <set>

#include "cache/entry.h"
#include "cache/error.h"
#include "cache/sha256.h"

namespace attnjit {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;

llvm::Error Wrong(const std::string& what) {
  return DamagedError("the bundle's manifest: " + what);
}

Json EntryJson(const BundleEntry& entry) {
  return {{"request", entry.key.request}, {"toolchain", entry.key.toolchain},
          {"name", entry.name},           {"arch", entry.arch},
          {"nvrtc", entry.nvrtc},         {"bytes", entry.bytes},
          {"sha256", entry.sha256}};
}

Json ToJson(const BundleManifest& manifest) {
  std::set<std::string> archs, toolchains;
  Json entries = Json::array();
  for (const BundleEntry& entry : manifest.entries) {
    archs.insert(entry.arch);
    toolchains.insert(entry.key.toolchain);
    entries.push_back(EntryJson(entry));
  }
  return {{"format", kFormat},
          {"attnjit", manifest.attnjit_version},
          {"archs", archs},
          {"toolchains", toolchains},
          {"entries", std::move(entries)}};
}

std::string Text(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

std::string SerializeManifest(const BundleManifest& manifest) {
  return ToJson(manifest).dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

llvm::Expected<BundleManifest> ParseManifest(llvm::StringRef text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Wrong("it is not a JSON object");
  if (!json.contains("format") || json["format"] != kFormat) {
    return Wrong("it has another format than this attnjit's, which is 1");
  }
  if (!json.contains("entries") || !json["entries"].is_array()) return Wrong("it has no entries");
  BundleManifest manifest;
  manifest.attnjit_version = Text(json, "attnjit");
  std::set<std::string> keys;
  for (const Json& item : json["entries"]) {
    BundleEntry entry;
    entry.key = {Text(item, "request"), Text(item, "toolchain")};
    entry.name = Text(item, "name");
    entry.arch = Text(item, "arch");
    entry.nvrtc = Text(item, "nvrtc");
    entry.sha256 = Text(item, "sha256");
    if (item.is_object() && item.contains("bytes") && item["bytes"].is_number_unsigned()) {
      entry.bytes = item["bytes"].get<uint64_t>();
    }
    if (!IsSha256Hex(entry.key.request) || !IsSha256Hex(entry.key.toolchain) ||
        !IsSha256Hex(entry.sha256) || entry.bytes == 0 || entry.bytes > kMaxEntryFileBytes) {
      return Wrong("entry " + std::to_string(manifest.entries.size()) + " is not as described");
    }
    if (!keys.insert(entry.key.request + entry.key.toolchain).second) {
      return Wrong("a key stands in it twice");
    }
    manifest.entries.push_back(std::move(entry));
  }
  // What was read says all that stands there: nothing more, nothing else.
  if (ToJson(manifest) != json) return Wrong("it has other fields than described");
  return manifest;
}

}  // namespace attnjit
