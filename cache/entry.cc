#include "cache/entry.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cache/cubin.h"
#include "cache/error.h"
#include "cache/section_codec.h"
#include "cache/sha256.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

namespace attnjit {

namespace {

using Json = nlohmann::ordered_json;

// The first line, of fixed width: magic and format version, the header's length in 8 decimal
// digits, the header's SHA-256. The header holds its sections' lengths and SHA-256, so every byte
// of the file is checked, and hashed once.
constexpr llvm::StringLiteral kMagic = "attnjit-entry 1 ";
constexpr llvm::StringLiteral kMagicOfAnyVersion = "attnjit-entry ";
constexpr size_t kLengthDigits = 8;
constexpr size_t kLineBytes = 16 + kLengthDigits + 1 + 64 + 1;
static_assert(kEntryInfoBytes == kLineBytes + kMaxHeaderBytes);

struct SectionField {
  llvm::StringLiteral name;
  std::string CacheEntry::*bytes;
  bool to_run = true;  // Unpacked by Unpack::kToRun.
};

// In the file's order: what a person looks for first comes first, the bulk last.
constexpr std::array<SectionField, 7> kSections = {{
    {"canonical_spec", &CacheEntry::canonical_spec},
    {"compile_options", &CacheEntry::compile_options},
    {"compile_log", &CacheEntry::compile_log},
    {"plan", &CacheEntry::plan},
    {"source", &CacheEntry::source, false},
    {"ptx", &CacheEntry::ptx, false},
    {"cubin", &CacheEntry::cubin},
}};

// Shorter sections stay readable in the file; packing them saves nothing worth having.
constexpr size_t kPackFrom = 2048;

struct Section {
  bool packed = false;
  uint64_t stored_bytes = 0;
  uint64_t bytes = 0;  // Unpacked.
  std::string sha256;  // Of the stored bytes.
};

struct Header {
  EntryInfo info;
  std::array<Section, kSections.size()> sections;
};

llvm::Error CannotStore(const llvm::Twine& why) {
  return llvm::make_error<CacheError>(CacheError::Kind::kUnavailable,
                                      ("the kernel cannot be cached: " + why).str());
}

Json ToJson(const EntryInfo& info) {
  return {{"name", info.name},
          {"arch", info.arch},
          {"request", info.key.request},
          {"toolchain", info.key.toolchain},
          {"attnjit", info.attnjit_version},
          {"nvrtc", info.nvrtc_version},
          {"created_unix", info.created_unix},
          {"compile_seconds", info.compile_seconds},
          {"registers", info.registers},
          {"spill_store_bytes", info.spill_store_bytes},
          {"spill_load_bytes", info.spill_load_bytes},
          {"local_bytes", info.local_bytes},
          {"smem_dynamic_bytes", info.smem_dynamic_bytes}};
}

// Reads one header field after another; the first that is missing or of another type is kept.
class FieldReader {
 public:
  explicit FieldReader(const Json& object, std::string where)
      : object_(object), where_(std::move(where)) {
    if (!object.is_object()) error_ = where_ + " is not an object";
  }

  void Read(const char* name, std::string* out) {
    if (const Json* value = Find(name, Json::value_t::string)) *out = value->get<std::string>();
  }
  template <typename Integer>
  void ReadInteger(const char* name, Integer* out) {
    const Json* value = Find(name, Json::value_t::number_unsigned);
    if (value == nullptr) return;
    const auto wide = value->get<uint64_t>();
    if (wide > static_cast<uint64_t>(std::numeric_limits<Integer>::max())) {
      error_ = where_ + "." + name + " is out of range";
      return;
    }
    *out = static_cast<Integer>(wide);
  }
  void Read(const char* name, double* out) {
    if (const Json* value = Find(name, Json::value_t::number_float)) *out = value->get<double>();
  }
  const Json* Find(const char* name, Json::value_t type) {
    if (!error_.empty()) return nullptr;
    auto it = object_.find(name);
    if (it == object_.end() || it->type() != type) {
      error_ = where_ + "." + name + (it == object_.end() ? " is missing" : " has the wrong type");
      return nullptr;
    }
    ++read_;
    return &*it;
  }
  /// Every field was read, and the object holds no other.
  llvm::Error Finish() {
    if (error_.empty() && read_ != object_.size()) error_ = where_ + " has an unknown field";
    return error_.empty() ? llvm::Error::success() : DamagedError("damaged header: " + error_);
  }

 private:
  const Json& object_;
  std::string where_;
  std::string error_;
  size_t read_ = 0;
};

llvm::Error ReadSection(const Json& json, llvm::StringRef name, Section* section) {
  FieldReader reader(json, ("section " + name).str());
  std::string found_name, codec;
  reader.Read("name", &found_name);
  reader.Read("codec", &codec);
  reader.ReadInteger("stored_bytes", &section->stored_bytes);
  reader.ReadInteger("bytes", &section->bytes);
  reader.Read("sha256", &section->sha256);
  if (llvm::Error error = reader.Finish()) return error;
  section->packed = codec == "zstd";
  if (found_name != name || (codec != "zstd" && codec != "raw") ||
      (!section->packed && section->bytes != section->stored_bytes)) {
    return DamagedError("damaged header: section " + name + " is not as described");
  }
  return llvm::Error::success();
}

llvm::Error ReadInfo(FieldReader& reader, EntryInfo* info) {
  reader.Read("name", &info->name);
  reader.Read("arch", &info->arch);
  reader.Read("request", &info->key.request);
  reader.Read("toolchain", &info->key.toolchain);
  reader.Read("attnjit", &info->attnjit_version);
  reader.Read("nvrtc", &info->nvrtc_version);
  reader.ReadInteger("created_unix", &info->created_unix);
  reader.Read("compile_seconds", &info->compile_seconds);
  reader.ReadInteger("registers", &info->registers);
  reader.ReadInteger("spill_store_bytes", &info->spill_store_bytes);
  reader.ReadInteger("spill_load_bytes", &info->spill_load_bytes);
  reader.ReadInteger("local_bytes", &info->local_bytes);
  reader.ReadInteger("smem_dynamic_bytes", &info->smem_dynamic_bytes);
  return reader.Finish();
}

llvm::Expected<Header> ReadHeaderJson(llvm::StringRef text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return DamagedError("damaged header: it is not JSON");
  Header header;
  FieldReader reader(json, "header");
  const Json* sections = reader.Find("sections", Json::value_t::array);
  if (llvm::Error error = ReadInfo(reader, &header.info)) return error;
  if (sections->size() != kSections.size()) {
    return DamagedError("damaged header: a number of sections other than " +
                        llvm::Twine(kSections.size()));
  }
  for (size_t i = 0; i < kSections.size(); ++i) {
    llvm::Error error = ReadSection((*sections)[i], kSections[i].name, &header.sections[i]);
    if (error) return error;
  }
  return header;
}

// The header's text, verified against the first line.
llvm::Expected<llvm::StringRef> HeaderText(llvm::StringRef beginning) {
  if (!beginning.startswith(kMagic)) {
    if (beginning.startswith(kMagicOfAnyVersion)) {
      return DamagedError("the entry has another format version than this attnjit's, which is 1");
    }
    return DamagedError("not an attnjit cache entry: the first line does not say attnjit-entry");
  }
  if (beginning.size() < kLineBytes) return DamagedError("truncated in the first line");
  const llvm::StringRef digits = beginning.substr(kMagic.size(), kLengthDigits);
  const llvm::StringRef hash = beginning.substr(kMagic.size() + kLengthDigits + 1, 64);
  uint32_t length = 0;
  if (!llvm::all_of(digits, llvm::isDigit) || digits.getAsInteger(10, length) ||
      beginning[kMagic.size() + kLengthDigits] != ' ' || beginning[kLineBytes - 1] != '\n') {
    return DamagedError("damaged first line");
  }
  if (length > kMaxHeaderBytes) return DamagedError("damaged first line: header too long");
  if (beginning.size() < kLineBytes + length) return DamagedError("truncated in the header");
  const llvm::StringRef text = beginning.substr(kLineBytes, length);
  if (Sha256Hex(text) != hash) return DamagedError("damaged header: its SHA-256 differs");
  return text;
}

// Lengths are checked before anything is allocated for them.
llvm::Error CheckLengths(const Header& header, size_t header_bytes, uint64_t file_size) {
  uint64_t stored = kLineBytes + header_bytes, unpacked = 0;
  for (const Section& section : header.sections) {
    if (section.stored_bytes > kMaxEntryFileBytes || section.bytes > kMaxEntryUnpackedBytes) {
      return DamagedError("damaged header: a section's length is out of bounds");
    }
    stored += section.stored_bytes;
    unpacked += section.bytes;
  }
  if (stored > kMaxEntryFileBytes || unpacked > kMaxEntryUnpackedBytes) {
    return DamagedError("damaged header: the sections' lengths are out of bounds");
  }
  if (stored != file_size) {
    return DamagedError(llvm::Twine(file_size < stored ? "truncated" : "too long") + ": " +
                        llvm::Twine(file_size) + " bytes where the header says " +
                        llvm::Twine(stored));
  }
  return llvm::Error::success();
}

llvm::Expected<Header> ReadHeader(llvm::StringRef beginning, uint64_t file_size,
                                  size_t* header_bytes) {
  llvm::Expected<llvm::StringRef> text = HeaderText(beginning);
  if (!text) return text.takeError();
  llvm::Expected<Header> header = ReadHeaderJson(*text);
  if (!header) return header.takeError();
  if (llvm::Error error = CheckLengths(*header, text->size(), file_size)) return error;
  *header_bytes = text->size();
  return header;
}

}  // namespace

llvm::Expected<std::string> SerializeEntry(const CacheEntry& entry) {
  if (!IsSha256Hex(entry.key.request) || !IsSha256Hex(entry.key.toolchain)) {
    return CannotStore("its key is not two SHA-256 in lower-case hexadecimal");
  }
  if (!std::isfinite(entry.compile_seconds)) return CannotStore("its compile time is not finite");
  for (int64_t count :
       {int64_t{entry.registers}, int64_t{entry.spill_store_bytes}, int64_t{entry.spill_load_bytes},
        int64_t{entry.local_bytes}, int64_t{entry.smem_dynamic_bytes}, entry.created_unix}) {
    if (count < 0) return CannotStore("one of its counts is negative");
  }
  Json header = ToJson(entry);
  Json& sections = header["sections"] = Json::array();
  std::string body;
  size_t unpacked = 0;
  for (const SectionField& field : kSections) {
    const std::string& bytes = entry.*field.bytes;
    std::string packed;
    if (bytes.size() >= kPackFrom) {
      llvm::Expected<std::string> result = ZstdPack(bytes);
      if (!result) return result.takeError();
      packed = std::move(*result);
    }
    const bool use_packed = !packed.empty() && packed.size() < bytes.size();
    const std::string& stored = use_packed ? packed : bytes;
    sections.push_back({{"name", field.name.str()},
                        {"codec", use_packed ? "zstd" : "raw"},
                        {"stored_bytes", stored.size()},
                        {"bytes", bytes.size()},
                        {"sha256", Sha256Hex(stored)}});
    body += stored;
    unpacked += bytes.size();
  }
  std::string text;
  try {
    text = header.dump() + "\n";
  } catch (const Json::exception& error) {
    return CannotStore(error.what());
  }
  if (text.size() > kMaxHeaderBytes || unpacked > kMaxEntryUnpackedBytes ||
      kLineBytes + text.size() + body.size() > kMaxEntryFileBytes) {
    return CannotStore("it is larger than an entry may be");
  }
  std::string file;
  file.reserve(kLineBytes + text.size() + body.size());
  llvm::raw_string_ostream os(file);
  os << kMagic << llvm::format("%08zu", text.size()) << ' ' << Sha256Hex(text) << '\n'
     << text << body;
  os.flush();
  return file;
}

llvm::Expected<EntryInfo> ReadEntryInfo(llvm::StringRef beginning, uint64_t file_size) {
  size_t header_bytes = 0;
  llvm::Expected<Header> header = ReadHeader(beginning, file_size, &header_bytes);
  if (!header) return header.takeError();
  return std::move(header->info);
}

llvm::Expected<CacheEntry> ParseEntry(llvm::StringRef file, Unpack unpack) {
  size_t header_bytes = 0;
  llvm::Expected<Header> header = ReadHeader(file, file.size(), &header_bytes);
  if (!header) return header.takeError();
  CacheEntry entry;
  static_cast<EntryInfo&>(entry) = std::move(header->info);
  ZstdUnpacker unpacker;
  size_t offset = kLineBytes + header_bytes;
  for (size_t i = 0; i < kSections.size(); ++i) {
    const Section& section = header->sections[i];
    const llvm::StringRef stored = file.substr(offset, section.stored_bytes);
    offset += section.stored_bytes;
    if (Sha256Hex(stored) != section.sha256) {
      return DamagedError("damaged section " + kSections[i].name + ": its SHA-256 differs");
    }
    if (unpack == Unpack::kToRun && !kSections[i].to_run) continue;
    std::string& out = entry.*kSections[i].bytes;
    if (!section.packed) {
      out = stored.str();
    } else if (!unpacker.Unpack(stored, section.bytes, &out)) {
      return DamagedError("damaged section " + kSections[i].name + ": it does not unpack");
    }
  }
  return entry;
}

llvm::Error CheckEntryIs(const CacheEntry& entry, const CacheKey& key,
                         llvm::StringRef canonical_spec) {
  if (entry.key.request != key.request) return DamagedError("it holds another request's key");
  if (entry.key.toolchain != key.toolchain) return DamagedError("it holds another toolchain's key");
  if (entry.canonical_spec != canonical_spec) {
    return DamagedError("it holds another spec: " +
                        llvm::StringRef(entry.canonical_spec).take_front(200));
  }
  return CheckCubin(entry.cubin, entry.arch, entry.name);
}

llvm::Error CheckEntrySource(const CacheEntry& entry) {
  llvm::SmallVector<llvm::StringRef, 16> lines;
  llvm::StringRef(entry.compile_options).split(lines, '\n', -1, /*KeepEmpty=*/false);
  const std::vector<std::string> options(lines.begin(), lines.end());
  if (MakeCacheKey(entry.source, entry.arch, options, entry.key.toolchain) != entry.key) {
    return DamagedError("its source, arch and options do not give its key");
  }
  return llvm::Error::success();
}

}  // namespace attnjit
