#include "cache/library_digest.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "cache/error.h"
#include "cache/file_io.h"
#include "cache/sha256.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

namespace attnjit {

namespace {

constexpr uint64_t kMaxNoteBytes = 64 << 10;
constexpr int kMaxProgramHeaders = 256;

bool ReadAt(int fd, uint64_t offset, void* out, size_t size) {
  return ::pread(fd, out, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

// The GNU build-id among the notes of one PT_NOTE segment (ELF gABI, "Note Section"), or "".
std::string BuildIdOfNotes(llvm::StringRef notes) {
  while (notes.size() >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr note;
    std::memcpy(&note, notes.data(), sizeof note);
    const uint64_t name_end = sizeof note + uint64_t{note.n_namesz};
    const uint64_t id_begin = llvm::alignTo(name_end, 4);
    const uint64_t id_end = id_begin + note.n_descsz;
    if (id_end > notes.size()) return "";
    const llvm::StringRef name = notes.substr(sizeof note, note.n_namesz);
    if (note.n_type == NT_GNU_BUILD_ID && name == llvm::StringRef("GNU\0", 4)) {
      return llvm::toHex(notes.substr(id_begin, note.n_descsz), /*LowerCase=*/true);
    }
    notes = notes.drop_front(std::min<uint64_t>(llvm::alignTo(id_end, 4), notes.size()));
  }
  return "";
}

// "" where the file is no 64-bit little-endian ELF file with such a note.
std::string ReadBuildId(int fd) {
  Elf64_Ehdr header;
  if (!ReadAt(fd, 0, &header, sizeof header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > kMaxProgramHeaders) {
    return "";
  }
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  if (!ReadAt(fd, header.e_phoff, segments.data(), segments.size() * sizeof(Elf64_Phdr))) return "";
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_NOTE || segment.p_filesz > kMaxNoteBytes) continue;
    std::string notes(segment.p_filesz, '\0');
    if (!ReadAt(fd, segment.p_offset, notes.data(), notes.size())) return "";
    if (std::string id = BuildIdOfNotes(notes); !id.empty()) return id;
  }
  return "";
}

}  // namespace

llvm::Expected<std::string> LibraryDigest(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info;
  if (!fd || ::fstat(fd.get(), &info) != 0) return UnavailableError("read " + path, errno);
  const std::string size = " size " + std::to_string(info.st_size);
  if (std::string id = ReadBuildId(fd.get()); !id.empty()) return "build-id " + id + size;
  auto bytes = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                           /*RequiresNullTerminator=*/false);
  if (!bytes) return UnavailableError("read " + path, bytes.getError().value());
  return "sha256 " + DigestToHex(Sha256((*bytes)->getBuffer())) + size;
}

}  // namespace attnjit
