#include "tools/attnjit/manifest.h"

#include <nlohmann/json.hpp>
#include <set>

#include "generator/nearest.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MemoryBuffer.h"
#include "tools/attnjit/arch_choice.h"
#include "tools/attnjit/cli.h"
#include "tools/attnjit/embedded.h"

namespace attnjit {
namespace {

using Json = nlohmann::ordered_json;

constexpr llvm::StringLiteral kBundled = "workloads";

llvm::Error Wrong(const llvm::Twine& where, const llvm::Twine& what) {
  return llvm::make_error<UsageError>(("the manifest's " + where + ": " + what).str());
}

/// A request and where it stands.
struct Request {
  std::string where;
  std::string text;
};

struct Contents {
  std::vector<Request> requests;
  std::vector<Json> hints = {Json::object()};
  std::vector<Arch> archs;
};

llvm::Error CheckFields(const Json& manifest) {
  const std::vector<llvm::StringRef> known = {"version", "comment", "archs", "hints", "specs"};
  for (const auto& [name, value] : manifest.items()) {
    if (llvm::is_contained(known, name) || llvm::StringRef(name).startswith("x-")) continue;
    const std::string nearest = NearestName(name, known);
    return Wrong("/" + name,
                 "no such field" + (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
  }
  const auto version = manifest.find("version");
  if (version != manifest.end() && *version != 1) {
    return Wrong("/version", "must be 1, which is what this attnjit reads");
  }
  return llvm::Error::success();
}

/// The array `name`, all of whose items are of one type; null: there is none.
llvm::Expected<const Json*> Array(const Json& manifest, const char* name, Json::value_t type) {
  const auto found = manifest.find(name);
  if (found == manifest.end()) return nullptr;
  if (!found->is_array()) return Wrong(llvm::Twine("/") + name, "must be an array");
  for (size_t i = 0; i < found->size(); ++i) {
    if ((*found)[i].type() != type) {
      return Wrong(llvm::Twine("/") + name + "/" + llvm::Twine(i),
                   type == Json::value_t::object ? "must be an object" : "must be a string");
    }
  }
  return &*found;
}

llvm::Expected<Contents> ReadObject(const Json& manifest) {
  if (llvm::Error error = CheckFields(manifest)) return error;
  Contents contents;
  llvm::Expected<const Json*> specs = Array(manifest, "specs", Json::value_t::object);
  if (!specs) return specs.takeError();
  for (size_t i = 0; i < (*specs)->size(); ++i) {
    contents.requests.push_back({"/specs/" + std::to_string(i), (**specs)[i].dump()});
  }
  llvm::Expected<const Json*> hints = Array(manifest, "hints", Json::value_t::object);
  if (!hints) return hints.takeError();
  if (*hints != nullptr) contents.hints.assign((*hints)->begin(), (*hints)->end());
  llvm::Expected<const Json*> archs = Array(manifest, "archs", Json::value_t::string);
  if (!archs) return archs.takeError();
  for (size_t i = 0; *archs != nullptr && i < (*archs)->size(); ++i) {
    llvm::Expected<std::vector<Arch>> arch = ParseArchList((**archs)[i].get<std::string>());
    if (!arch) return Wrong("/archs/" + llvm::Twine(i), llvm::toString(arch.takeError()));
    contents.archs.insert(contents.archs.end(), arch->begin(), arch->end());
  }
  return contents;
}

llvm::Expected<Contents> ReadWorkloads(const Json& manifest) {
  Contents contents;
  llvm::Expected<const Json*> workloads = Array(manifest, "workloads", Json::value_t::object);
  if (!workloads) return workloads.takeError();
  for (size_t i = 0; i < (*workloads)->size(); ++i) {
    const std::string where = "/workloads/" + std::to_string(i) + "/spec";
    const auto spec = (**workloads)[i].find("spec");
    if (spec == (**workloads)[i].end()) return Wrong(where, "is missing");
    contents.requests.push_back({where, spec->dump()});
  }
  return contents;
}

Contents ReadLines(llvm::StringRef text) {
  Contents contents;
  llvm::SmallVector<llvm::StringRef> lines;
  text.split(lines, '\n');
  for (size_t i = 0; i < lines.size(); ++i) {
    const llvm::StringRef line = lines[i].trim();
    if (!line.empty()) contents.requests.push_back({"line " + std::to_string(i + 1), line.str()});
  }
  return contents;
}

llvm::Expected<Contents> ReadContents(llvm::StringRef text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_object() && json.contains("specs")) return ReadObject(json);
  if (json.is_object() && json.contains("workloads")) return ReadWorkloads(json);
  if (json.is_object() || json.is_discarded()) return ReadLines(text);
  return Wrong("text", "must be an object with specs, or requests one on a line");
}

llvm::Expected<AttentionSpec> ParseRequest(const Request& request, const Json& hints) {
  std::string text = request.text;
  if (!hints.empty()) {
    Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (json.is_object()) {
      json["hints"].update(hints);
      text = json.dump();
    }
  }
  return ParseSpec(text);
}

}  // namespace

llvm::Expected<std::string> ReadManifestText(llvm::StringRef source) {
  if (source == kBundled) return std::string(kWorkloadsJson);
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> buffer =
      llvm::MemoryBuffer::getFileOrSTDIN(source, /*IsText=*/false,
                                         /*RequiresNullTerminator=*/false);
  if (!buffer) {
    return llvm::make_error<UsageError>("cannot read " + source.str() + ": " +
                                        buffer.getError().message() +
                                        "; a manifest is a file, - for standard input, or "
                                        "workloads");
  }
  if ((*buffer)->getBufferSize() > kMaxManifestBytes) {
    return llvm::make_error<UsageError>(source.str() + " is too large: a manifest has at most " +
                                        std::to_string(kMaxManifestBytes) + " bytes");
  }
  return (*buffer)->getBuffer().str();
}

llvm::Expected<std::vector<ManifestKernel>> ParseManifest(llvm::StringRef text,
                                                          llvm::ArrayRef<Arch> archs) {
  llvm::Expected<Contents> contents = ReadContents(text);
  if (!contents) return contents.takeError();
  std::vector<ManifestKernel> kernels;
  std::set<std::string> seen;
  for (const Request& request : contents->requests) {
    for (const Json& hints : contents->hints) {
      llvm::Expected<AttentionSpec> spec = ParseRequest(request, hints);
      if (!spec) return Wrong(request.where, "\n" + llvm::toString(spec.takeError()));
      std::vector<Arch> targets = archs.vec();
      if (targets.empty() && spec->arch) targets = {*spec->arch};
      if (targets.empty()) targets = contents->archs;
      if (targets.empty()) {
        return Wrong(request.where, "no arch; name it there, in /archs, or with --arch");
      }
      const KernelSpec kernel = ResolveKernelSpec(*spec);
      for (Arch arch : targets) {
        std::string canonical = CanonicalJson(kernel, arch);
        if (!seen.insert(canonical).second) continue;
        kernels.push_back({KernelName(kernel, arch), std::move(canonical), arch});
      }
    }
  }
  return kernels;
}

}  // namespace attnjit
