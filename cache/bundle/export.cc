#include "cache/bundle/export.h"

#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <memory>

#include "cache/bundle/archive_names.h"
#include "cache/bundle/bundle_manifest.h"
#include "cache/bundle/sealed_file.h"
#include "cache/error.h"
#include "cache/key.h"

namespace attnjit {

namespace {

// A tar file packed with zstd, written member by member into a sealed file.
class ArchiveWriter {
 public:
  explicit ArchiveWriter(SealedWriter& file)
      : file_(file), archive_(::archive_write_new(), &::archive_write_free) {}

  llvm::Error Open() {
    if (archive_ == nullptr || ::archive_write_add_filter_zstd(archive_.get()) != ARCHIVE_OK ||
        ::archive_write_set_format_ustar(archive_.get()) != ARCHIVE_OK ||
        // No blocks of tape: the file ends where the last frame does.
        ::archive_write_set_bytes_in_last_block(archive_.get(), 1) != ARCHIVE_OK ||
        ::archive_write_open(archive_.get(), this, nullptr, &OnBytes, nullptr) != ARCHIVE_OK) {
      return Failed();
    }
    return llvm::Error::success();
  }

  // Names, modes and times say nothing of this machine.
  llvm::Error Add(const std::string& name, llvm::StringRef bytes) {
    const std::unique_ptr<struct archive_entry, decltype(&::archive_entry_free)> entry(
        ::archive_entry_new(), &::archive_entry_free);
    if (entry == nullptr) return Failed();
    ::archive_entry_set_pathname(entry.get(), name.c_str());
    ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
    ::archive_entry_set_filetype(entry.get(), AE_IFREG);
    ::archive_entry_set_perm(entry.get(), 0644);
    ::archive_entry_set_mtime(entry.get(), 0, 0);
    if (::archive_write_header(archive_.get(), entry.get()) != ARCHIVE_OK ||
        ::archive_write_data(archive_.get(), bytes.data(), bytes.size()) !=
            static_cast<la_ssize_t>(bytes.size())) {
      return Failed();
    }
    return llvm::Error::success();
  }

  llvm::Error Close() {
    return ::archive_write_close(archive_.get()) == ARCHIVE_OK ? llvm::Error::success() : Failed();
  }

 private:
  static la_ssize_t OnBytes(struct archive* archive, void* self, const void* bytes, size_t size) {
    auto* writer = static_cast<ArchiveWriter*>(self);
    llvm::Error error = writer->file_.Write(llvm::StringRef(static_cast<const char*>(bytes), size));
    if (!error) return static_cast<la_ssize_t>(size);
    writer->problem_ = llvm::toString(std::move(error));
    ::archive_set_error(archive, EIO, "%s", writer->problem_.c_str());
    return -1;
  }

  llvm::Error Failed() {
    const char* text = archive_ == nullptr ? nullptr : ::archive_error_string(archive_.get());
    return llvm::make_error<CacheError>(CacheError::Kind::kUnavailable, !problem_.empty() ? problem_
                                                                        : text == nullptr
                                                                            ? "libarchive failed"
                                                                            : text);
  }

  SealedWriter& file_;
  std::unique_ptr<struct archive, decltype(&::archive_write_free)> archive_;
  std::string problem_;
};

// The entry's file, verified whole.
llvm::Expected<std::string> ReadWhole(const DiskCache& cache, const CacheKey& key) {
  llvm::Expected<std::string> bytes = cache.ReadBytes(key);
  if (!bytes) return bytes;
  llvm::Expected<CacheEntry> entry = ParseEntry(*bytes);
  if (!entry) return entry.takeError();
  if (llvm::Error error = CheckEntryIs(*entry, key, entry->canonical_spec)) return error;
  if (llvm::Error error = CheckEntrySource(*entry)) return error;
  return bytes;
}

llvm::Error Located(llvm::Error error, const std::string& path) {
  return DamagedError("the entry " + path +
                      " cannot be exported: " + llvm::toString(std::move(error)));
}

llvm::Expected<BundleManifest> Describe(const DiskCache& cache, llvm::ArrayRef<DiskItem> items) {
  BundleManifest manifest;
  manifest.attnjit_version = ATTNJIT_VERSION;
  for (const DiskItem& item : items) {
    llvm::Expected<std::string> bytes = ReadWhole(cache, item.key);
    if (!bytes) return Located(bytes.takeError(), item.path);
    manifest.entries.push_back({item.key, item.info.name, item.info.arch, item.info.nvrtc_version,
                                bytes->size(), Sha256Hex(*bytes)});
  }
  return manifest;
}

llvm::Error AddEntries(const DiskCache& cache, const BundleManifest& manifest,
                       ArchiveWriter& archive) {
  for (size_t i = 0; i < manifest.entries.size(); ++i) {
    const BundleEntry& entry = manifest.entries[i];
    llvm::Expected<std::string> bytes = cache.ReadBytes(entry.key);
    if (!bytes) return Located(bytes.takeError(), cache.EntryPath(entry.key));
    if (Sha256Hex(*bytes) != entry.sha256) {
      return DamagedError(cache.EntryPath(entry.key) + " was written while it was exported; again");
    }
    if (llvm::Error error = archive.Add(EntryMember(i), *bytes)) return error;
  }
  return llvm::Error::success();
}

}  // namespace

llvm::Expected<ExportResult> ExportBundle(const DiskCache& cache, llvm::ArrayRef<DiskItem> items,
                                          const std::string& path,
                                          const std::optional<SecretKey>& signing_key) {
  llvm::Expected<BundleManifest> manifest = Describe(cache, items);
  if (!manifest) return manifest.takeError();
  llvm::Expected<std::unique_ptr<SealedWriter>> file = SealedWriter::Create(path);
  if (!file) return file.takeError();
  ArchiveWriter archive(**file);
  if (llvm::Error error = archive.Open()) return error;
  const std::string text = SerializeManifest(*manifest);
  if (llvm::Error error = archive.Add(kManifestMember, text)) return error;
  if (signing_key) {
    llvm::Expected<Signature> signature = Sign(text, *signing_key);
    if (!signature) return signature.takeError();
    const llvm::StringRef bytes(reinterpret_cast<const char*>(signature->data()),
                                signature->size());
    if (llvm::Error error = archive.Add(kSignatureMember, bytes)) return error;
  }
  if (llvm::Error error = AddEntries(cache, *manifest, archive)) return error;
  if (llvm::Error error = archive.Close()) return error;
  llvm::Expected<uint64_t> bytes = (*file)->Commit();
  if (!bytes) return bytes.takeError();
  return ExportResult{static_cast<int64_t>(manifest->entries.size()), *bytes};
}

}  // namespace attnjit
