#include "cache/bundle/import.h"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "cache/bundle/archive_names.h"
#include "cache/bundle/sealed_file.h"
#include "cache/error.h"
#include "cache/key.h"
#include "llvm/ADT/STLExtras.h"

namespace attnjit {

namespace {

// The members of a tar file packed with zstd, each wholly in memory, of a sealed file's bytes.
class ArchiveReader {
 public:
  explicit ArchiveReader(const SealedFile& file)
      : file_(file),
        archive_(::archive_read_new(), &::archive_read_free),
        buffer_(size_t{1} << 18, '\0') {}

  llvm::Error Open() {
    if (archive_ == nullptr || ::archive_read_support_filter_zstd(archive_.get()) != ARCHIVE_OK ||
        ::archive_read_support_format_tar(archive_.get()) != ARCHIVE_OK ||
        ::archive_read_open(archive_.get(), this, nullptr, &OnRead, nullptr) != ARCHIVE_OK) {
      return Failed();
    }
    return llvm::Error::success();
  }

  struct Member {
    std::string name;
    std::string bytes;
  };
  /// nullopt: the end. A member longer than `limit` is an error before memory is taken for it.
  llvm::Expected<std::optional<Member>> Next(uint64_t limit) {
    struct archive_entry* entry = nullptr;
    const int result = ::archive_read_next_header(archive_.get(), &entry);
    if (result == ARCHIVE_EOF) return std::nullopt;
    if (result != ARCHIVE_OK) return Failed();
    const char* name = ::archive_entry_pathname(entry);
    const la_int64_t size = ::archive_entry_size(entry);
    if (name == nullptr || ::archive_entry_filetype(entry) != AE_IFREG || size < 0 ||
        static_cast<uint64_t>(size) > limit) {
      return DamagedError("the bundle holds what is no file of a bundle");
    }
    Member member{name, std::string(static_cast<size_t>(size), '\0')};
    if (::archive_read_data(archive_.get(), member.bytes.data(), member.bytes.size()) != size) {
      return Failed();
    }
    return member;
  }

 private:
  static la_ssize_t OnRead(struct archive*, void* self, const void** bytes) {
    auto* reader = static_cast<ArchiveReader*>(self);
    const uint64_t left = reader->file_.bytes - reader->at_;
    const size_t wanted = static_cast<size_t>(std::min<uint64_t>(left, reader->buffer_.size()));
    const ssize_t n = ::pread(reader->file_.file.get(), reader->buffer_.data(), wanted,
                              static_cast<off_t>(reader->at_));
    if (n > 0) reader->at_ += static_cast<uint64_t>(n);
    *bytes = reader->buffer_.data();
    return n;
  }

  llvm::Error Failed() {
    const char* text = archive_ == nullptr ? nullptr : ::archive_error_string(archive_.get());
    return DamagedError(llvm::Twine("the bundle does not unpack: ") +
                        (text == nullptr ? "libarchive failed" : text));
  }

  const SealedFile& file_;
  std::unique_ptr<struct archive, decltype(&::archive_read_free)> archive_;
  std::string buffer_;
  uint64_t at_ = 0;
};

llvm::Expected<std::string> TakeMember(ArchiveReader& archive, const std::string& name,
                                       uint64_t limit) {
  llvm::Expected<std::optional<ArchiveReader::Member>> member = archive.Next(limit);
  if (!member) return member.takeError();
  if (!*member || (*member)->name != name) return DamagedError("the bundle has no " + name);
  return std::move((*member)->bytes);
}

llvm::Error CheckEntryBytes(const BundleEntry& wanted, llvm::StringRef bytes) {
  if (bytes.size() != wanted.bytes || Sha256Hex(bytes) != wanted.sha256) {
    return DamagedError("it is not what the manifest says");
  }
  llvm::Expected<CacheEntry> entry = ParseEntry(bytes);
  if (!entry) return entry.takeError();
  if (llvm::Error error = CheckEntryIs(*entry, wanted.key, entry->canonical_spec)) return error;
  if (llvm::Error error = CheckEntrySource(*entry)) return error;
  if (entry->name != wanted.name || entry->arch != wanted.arch ||
      entry->nvrtc_version != wanted.nvrtc) {
    return DamagedError("the manifest describes it wrongly");
  }
  return llvm::Error::success();
}

using OnEntry = llvm::function_ref<llvm::Error(const BundleEntry& entry, llvm::StringRef bytes)>;

llvm::Error ReadEntries(ArchiveReader& archive, const BundleManifest& manifest, OnEntry on_entry,
                        std::optional<ArchiveReader::Member> member) {
  for (size_t i = 0; i < manifest.entries.size(); ++i) {
    if (!member || member->name != EntryMember(i)) {
      return DamagedError("the bundle has no " + EntryMember(i));
    }
    if (llvm::Error error = CheckEntryBytes(manifest.entries[i], member->bytes)) {
      return DamagedError("the bundle's " + EntryMember(i) + ": " +
                          llvm::toString(std::move(error)));
    }
    if (llvm::Error error = on_entry(manifest.entries[i], member->bytes)) return error;
    llvm::Expected<std::optional<ArchiveReader::Member>> next = archive.Next(kMaxEntryFileBytes);
    if (!next) return next.takeError();
    member = std::move(*next);
  }
  if (member) return DamagedError("the bundle holds more than its manifest says");
  return llvm::Error::success();
}

// One pass over a file whose seal is right.
llvm::Expected<CheckedBundle> Read(const SealedFile& file, const std::optional<PublicKey>& key,
                                   OnEntry on_entry) {
  ArchiveReader archive(file);
  if (llvm::Error error = archive.Open()) return error;
  llvm::Expected<std::string> text = TakeMember(archive, kManifestMember, kMaxBundleManifestBytes);
  if (!text) return text.takeError();
  CheckedBundle bundle;
  llvm::Expected<std::optional<ArchiveReader::Member>> member = archive.Next(kMaxEntryFileBytes);
  if (!member) return member.takeError();
  bundle.is_signed = *member && (*member)->name == kSignatureMember;
  if (key && !bundle.is_signed) return DamagedError("the bundle is not signed");
  if (key) {
    if (llvm::Error error = VerifySignature(*text, (*member)->bytes, *key)) return error;
  }
  llvm::Expected<BundleManifest> manifest = ParseManifest(*text);
  if (!manifest) return manifest.takeError();
  bundle.manifest = std::move(*manifest);
  if (bundle.is_signed) member = archive.Next(kMaxEntryFileBytes);
  if (!member) return member.takeError();
  if (llvm::Error error = ReadEntries(archive, bundle.manifest, on_entry, std::move(*member))) {
    return error;
  }
  return bundle;
}

llvm::Error Nothing(const BundleEntry&, llvm::StringRef) { return llvm::Error::success(); }

}  // namespace

llvm::Expected<CheckedBundle> CheckBundle(const std::string& path,
                                          const std::optional<PublicKey>& key) {
  llvm::Expected<SealedFile> file = OpenSealed(path);
  if (!file) return file.takeError();
  return Read(*file, key, Nothing);
}

llvm::Expected<CheckedBundle> ImportBundle(const DiskCache& cache, const std::string& path,
                                           const std::optional<PublicKey>& key) {
  llvm::Expected<SealedFile> file = OpenSealed(path);
  if (!file) return file.takeError();
  llvm::Expected<CheckedBundle> checked = Read(*file, key, Nothing);
  if (!checked) return checked;
  // Read again rather than kept: a bundle may be larger than memory. What changes meanwhile is
  // found again, and is then an error with entries put that are right all the same.
  return Read(*file, key, [&](const BundleEntry& entry, llvm::StringRef bytes) {
    return cache.PutBytes(entry.key, bytes).takeError();
  });
}

}  // namespace attnjit
