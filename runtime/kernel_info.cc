#include "runtime/kernel_info.h"

#include "nlohmann/json.hpp"

namespace attnjit {
namespace {

using Json = nlohmann::ordered_json;

/// JSON text as a value; as a string if it is none.
Json Embed(const std::string& text) {
  Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return value.is_discarded() ? Json(text) : value;
}

}  // namespace

const char* OriginName(Origin origin) {
  switch (origin) {
    case Origin::kCompiled:
      return "compiled";
    case Origin::kMemory:
      return "memory";
    case Origin::kDisk:
      return "disk";
    case Origin::kLayer:
      return "layer";
    case Origin::kRemote:
      return "remote";
  }
  return "";
}

std::string KernelInfoJson(const BuildResult& build) {
  const CacheEntry& entry = *build.entry;
  const Json info = {
      {"name", entry.name},
      {"key", {{"request", entry.key.request}, {"toolchain", entry.key.toolchain}}},
      {"arch", entry.arch},
      {"family", FamilyName(build.plan.family)},
      {"origin", OriginName(build.origin)},
      {"path", build.path},
      {"warning", build.warning},
      {"spec", Embed(entry.canonical_spec)},
      {"plan", Embed(entry.plan)},
      {"threads", build.plan.threads},
      {"registers", entry.registers},
      {"spill_store_bytes", entry.spill_store_bytes},
      {"spill_load_bytes", entry.spill_load_bytes},
      {"local_bytes", entry.local_bytes},
      {"smem_dynamic_bytes", entry.smem_dynamic_bytes},
      {"source_bytes", entry.source.size()},
      {"ptx_bytes", entry.ptx.size()},
      {"cubin_bytes", entry.cubin.size()},
      {"compile_seconds", entry.compile_seconds},
      {"attnjit_version", entry.attnjit_version},
      {"nvrtc_version", entry.nvrtc_version},
      {"created_unix", entry.created_unix},
  };
  return info.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace attnjit
