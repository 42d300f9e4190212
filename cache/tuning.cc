#include "cache/tuning.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "cache/error.h"
#include "cache/key.h"
#include "cache/sha256.h"
#include "llvm/Support/FormatVariadic.h"

namespace attnjit {
namespace {

using Json = nlohmann::ordered_json;

constexpr llvm::StringLiteral kDirectory = "tuning-v1";
constexpr llvm::StringLiteral kSuffix = ".tuning";
constexpr llvm::StringLiteral kMagic = "attnjit-tuning 1 ";
constexpr size_t kFirstLine = kMagic.size() + 8 + 1 + 64 + 1;

// Lengths first, so that no two different pairs give the same bytes to hash.
std::string FileName(llvm::StringRef canonical_spec, llvm::StringRef gpu) {
  const std::string text =
      llvm::formatv("attnjit tuning 1\n{0}\n{1}{2}", gpu.size(), gpu, canonical_spec);
  return Sha256Hex(text) + kSuffix.str();
}

bool IsFileName(llvm::StringRef name) { return name.consume_back(kSuffix) && IsSha256Hex(name); }

std::string FirstLine(llvm::StringRef body) {
  std::string length = std::to_string(body.size());
  length.insert(0, 8 - length.size(), '0');
  return kMagic.str() + length + " " + Sha256Hex(body) + "\n";
}

/// Takes the members in their order; anything else is damage.
class Members {
 public:
  explicit Members(const Json& json) : json_(json), next_(json.begin()) {}

  template <class T>
  void Take(const char* name, T& value) {
    if (!good_ || next_ == json_.end() || next_.key() != name || !Is<T>(*next_)) {
      good_ = false;
      return;
    }
    value = next_->get<T>();
    ++next_;
  }
  bool AllTaken() const { return good_ && next_ == json_.end(); }

 private:
  template <class T>
  static bool Is(const Json& value) {
    if constexpr (std::is_same_v<T, std::string>) return value.is_string();
    if constexpr (std::is_same_v<T, double>) return value.is_number_float();
    if constexpr (std::is_same_v<T, int64_t>) return value.is_number_integer();
    return false;
  }

  const Json& json_;
  Json::const_iterator next_;
  bool good_ = true;
};

/// Each field once, for writing and for reading.
template <class Record, class Visitor>
void ForEachMember(Record& r, Visitor&& visit) {
  visit("canonical_spec", r.canonical_spec);
  visit("gpu", r.gpu);
  visit("attnjit", r.attnjit_version);
  visit("choices", r.choices);
  visit("own_choices", r.own_choices);
  visit("problem", r.problem);
  visit("milliseconds", r.milliseconds);
  visit("own_milliseconds", r.own_milliseconds);
  visit("created_unix", r.created_unix);
}

TuningItem ReadItem(int directory, const std::string& name, const std::string& path) {
  TuningItem item = {path, 0, {}, ""};
  auto file = ReadPrivateFile(directory, name, path, kMaxTuningBytes, kMaxTuningBytes);
  if (!file) {
    item.problem = llvm::toString(file.takeError());
    return item;
  }
  if (!*file) {
    item.problem = path + " was removed";
    return item;
  }
  item.file_bytes = (*file)->size;
  llvm::Expected<TuningRecord> record = ParseTuningRecord((*file)->bytes);
  if (!record) {
    item.problem = path + ": " + llvm::toString(record.takeError());
  } else if (FileName(record->canonical_spec, record->gpu) != name) {
    item.problem = path + ": it is another kernel's or GPU's";
  } else {
    item.record = std::move(*record);
  }
  return item;
}

}  // namespace

llvm::Expected<std::string> SerializeTuningRecord(const TuningRecord& record) {
  Json json = Json::object();
  ForEachMember(record, [&](const char* name, const auto& value) { json[name] = value; });
  std::string body;
  try {
    body = json.dump() + "\n";
  } catch (const Json::exception&) {
    return UnavailableError("write a tuning record whose text is not UTF-8", EILSEQ);
  }
  if (kFirstLine + body.size() > kMaxTuningBytes) {
    return UnavailableError("write a tuning record so large", EFBIG);
  }
  return FirstLine(body) + body;
}

llvm::Expected<TuningRecord> ParseTuningRecord(llvm::StringRef file) {
  const llvm::StringRef body = file.drop_front(std::min(kFirstLine, file.size()));
  if (body.empty() || file.take_front(kFirstLine) != FirstLine(body)) {
    return DamagedError("its first line does not fit the rest");
  }
  const Json json = Json::parse(body.begin(), body.end(), nullptr, /*allow_exceptions=*/false);
  TuningRecord record;
  if (!json.is_object()) return DamagedError("it is no JSON object");
  Members members(json);
  ForEachMember(record, [&](const char* name, auto& value) { members.Take(name, value); });
  if (!members.AllTaken()) return DamagedError("its fields are not those of a tuning record");
  return record;
}

std::string TuningStore::PathOf(llvm::StringRef name) const {
  return dir_ + "/" + kDirectory.str() + "/" + name.str();
}

llvm::Expected<UniqueFd> TuningStore::Open(OnMissing on_missing) const {
  if (dir_.empty()) return UnavailableError("use a cache directory without a name", ENOENT);
  llvm::Expected<UniqueFd> root = OpenPrivateDirectory(dir_, on_missing);
  if (!root || !*root) return root;
  return OpenPrivateSubdirectory(root->get(), kDirectory.str(), dir_ + "/" + kDirectory.str(),
                                 on_missing);
}

TuningLookup TuningStore::Get(llvm::StringRef canonical_spec, llvm::StringRef gpu,
                              llvm::StringRef attnjit_version) const {
  llvm::Expected<UniqueFd> directory = Open(OnMissing::kFail);
  if (!directory) return {std::nullopt, llvm::toString(directory.takeError())};
  if (!*directory) return {};
  const std::string name = FileName(canonical_spec, gpu);
  if (::faccessat(directory->get(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0) return {};
  TuningItem item = ReadItem(directory->get(), name, PathOf(name));
  if (!item.problem.empty()) return {std::nullopt, item.problem};
  if (item.record.attnjit_version != attnjit_version) return {};
  return {std::move(item.record), ""};
}

llvm::Expected<std::string> TuningStore::Put(const TuningRecord& record) const {
  llvm::Expected<std::string> bytes = SerializeTuningRecord(record);
  if (!bytes) return bytes.takeError();
  llvm::Expected<UniqueFd> directory = Open(OnMissing::kCreate);
  if (!directory) return directory.takeError();
  const std::string name = FileName(record.canonical_spec, record.gpu);
  if (!*directory) return UnavailableError("open the directory of " + PathOf(name), ENOENT);
  if (llvm::Error error = ReplaceFile(directory->get(), name, PathOf(name), *bytes, false)) {
    return error;
  }
  return PathOf(name);
}

llvm::Expected<std::vector<TuningItem>> TuningStore::List() const {
  std::vector<TuningItem> items;
  llvm::Expected<UniqueFd> directory = Open(OnMissing::kFail);
  if (!directory) return directory.takeError();
  if (!*directory) return items;
  llvm::Expected<std::vector<std::string>> names =
      ListDirectory(directory->get(), dir_ + "/" + kDirectory.str());
  if (!names) return names.takeError();
  for (const std::string& name : *names) {
    if (IsFileName(name)) items.push_back(ReadItem(directory->get(), name, PathOf(name)));
  }
  return items;
}

llvm::Expected<int64_t> TuningStore::Clear() const {
  llvm::Expected<UniqueFd> directory = Open(OnMissing::kFail);
  if (!directory) return directory.takeError();
  if (!*directory) return 0;
  llvm::Expected<std::vector<std::string>> names =
      ListDirectory(directory->get(), dir_ + "/" + kDirectory.str());
  if (!names) return names.takeError();
  int64_t removed = 0;
  for (const std::string& name : *names) {
    const bool temporary = llvm::StringRef(name).startswith(kTemporaryPrefix);
    if (!temporary && !IsFileName(name)) continue;
    if (::unlinkat(directory->get(), name.c_str(), 0) != 0) {
      if (errno == ENOENT) continue;
      return UnavailableError("remove " + PathOf(name), errno);
    }
    if (!temporary) ++removed;
  }
  return removed;
}

}  // namespace attnjit
