#include "cache/cubin.h"

#include <cstring>
#include <optional>

#include "cache/error.h"
#include "llvm/ADT/Twine.h"
#include "llvm/BinaryFormat/ELF.h"

namespace attnjit {

namespace {

namespace elf = llvm::ELF;

constexpr uint8_t kLastAbiWithLowFlags = 7;

llvm::Error NotACubin(const llvm::Twine& why) {
  return DamagedError("the cubin is not one that can be loaded: " + why);
}

// A copy of the struct at `offset`: what is in a file need not be aligned.
template <typename T>
std::optional<T> At(llvm::StringRef bytes, uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

std::optional<llvm::StringRef> Range(llvm::StringRef bytes, uint64_t offset, uint64_t size) {
  if (offset > bytes.size() || bytes.size() - offset < size) return std::nullopt;
  return bytes.substr(offset, size);
}

std::optional<elf::Elf64_Shdr> SectionAt(llvm::StringRef cubin, const elf::Elf64_Ehdr& header,
                                         uint32_t index) {
  if (index >= header.e_shnum || header.e_shentsize != sizeof(elf::Elf64_Shdr)) return std::nullopt;
  const uint64_t place = uint64_t{index} * sizeof(elf::Elf64_Shdr);
  if (header.e_shoff > cubin.size()) return std::nullopt;
  return At<elf::Elf64_Shdr>(cubin, header.e_shoff + place);
}

bool NameIs(llvm::StringRef strings, uint64_t offset, llvm::StringRef name) {
  if (offset >= strings.size()) return false;
  const llvm::StringRef rest = strings.drop_front(offset);
  return rest.size() > name.size() && rest.startswith(name) && rest[name.size()] == '\0';
}

// The symbol table holds a defined function of this name.
bool DefinesFunction(llvm::StringRef cubin, const elf::Elf64_Ehdr& header,
                     const elf::Elf64_Shdr& table, llvm::StringRef name) {
  const std::optional<elf::Elf64_Shdr> names = SectionAt(cubin, header, table.sh_link);
  if (!names || names->sh_type != elf::SHT_STRTAB) return false;
  const std::optional<llvm::StringRef> strings = Range(cubin, names->sh_offset, names->sh_size);
  const std::optional<llvm::StringRef> symbols = Range(cubin, table.sh_offset, table.sh_size);
  if (!strings || !symbols) return false;
  for (uint64_t at = 0; at + sizeof(elf::Elf64_Sym) <= symbols->size();
       at += sizeof(elf::Elf64_Sym)) {
    const elf::Elf64_Sym symbol = *At<elf::Elf64_Sym>(*symbols, at);
    if (symbol.getType() == elf::STT_FUNC && symbol.st_shndx != elf::SHN_UNDEF &&
        NameIs(*strings, symbol.st_name, name)) {
      return true;
    }
  }
  return false;
}

llvm::Error CheckArch(const elf::Elf64_Ehdr& header, llvm::StringRef arch) {
  unsigned wanted = 0;
  llvm::StringRef digits = arch;
  if (!digits.consume_front("sm_") || digits.consumeInteger(10, wanted)) {
    return NotACubin("its entry says it is for \"" + arch + "\", which names no GPU");
  }
  const bool low = header.e_ident[elf::EI_ABIVERSION] <= kLastAbiWithLowFlags;
  const unsigned found = (low ? header.e_flags : header.e_flags >> 8) & 0xff;
  if (found == wanted) return llvm::Error::success();
  return NotACubin("it is for sm_" + llvm::Twine(found) + ", its entry says " + arch);
}

}  // namespace

llvm::Error CheckCubin(llvm::StringRef cubin, llvm::StringRef arch, llvm::StringRef entry) {
  const std::optional<elf::Elf64_Ehdr> header = At<elf::Elf64_Ehdr>(cubin, 0);
  if (!header || !header->checkMagic()) return NotACubin("it has no ELF header");
  if (header->getFileClass() != elf::ELFCLASS64 || header->getDataEncoding() != elf::ELFDATA2LSB ||
      header->e_machine != elf::EM_CUDA) {
    return NotACubin("its ELF header is not CUDA's");
  }
  if (llvm::Error error = CheckArch(*header, arch)) return error;
  for (uint32_t i = 0; i < header->e_shnum; ++i) {
    const std::optional<elf::Elf64_Shdr> section = SectionAt(cubin, *header, i);
    if (!section) return NotACubin("its section headers are cut off");
    if (section->sh_type == elf::SHT_SYMTAB && DefinesFunction(cubin, *header, *section, entry)) {
      return llvm::Error::success();
    }
  }
  return NotACubin("it defines no function " + entry);
}

}  // namespace attnjit
