#include "tests/unit/cache/fake_cubin.h"

#include <cstring>

#include "llvm/BinaryFormat/ELF.h"

namespace attnjit {

namespace {

namespace elf = llvm::ELF;

template <typename T>
void Append(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

elf::Elf64_Shdr Section(uint32_t type, uint64_t offset, uint64_t size, uint32_t link = 0) {
  elf::Elf64_Shdr section = {};
  section.sh_type = type;
  section.sh_offset = offset;
  section.sh_size = size;
  section.sh_link = link;
  return section;
}

}  // namespace

std::string FakeCubin(int sm, const std::string& entry, const std::string& payload,
                      int abi_version) {
  const std::string strings = '\0' + entry + '\0';
  const uint64_t code = sizeof(elf::Elf64_Ehdr);
  const uint64_t names = code + payload.size();
  const uint64_t symbols = names + strings.size();
  elf::Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, elf::ElfMagic, 4);
  header.e_ident[elf::EI_CLASS] = elf::ELFCLASS64;
  header.e_ident[elf::EI_DATA] = elf::ELFDATA2LSB;
  header.e_ident[elf::EI_ABIVERSION] = static_cast<unsigned char>(abi_version);
  header.e_machine = elf::EM_CUDA;
  header.e_flags = static_cast<uint32_t>(abi_version >= 8 ? sm << 8 : sm);
  header.e_shoff = symbols + 2 * sizeof(elf::Elf64_Sym);
  header.e_shentsize = sizeof(elf::Elf64_Shdr);
  header.e_shnum = 4;
  elf::Elf64_Sym function = {};
  function.st_name = 1;
  function.setBindingAndType(elf::STB_GLOBAL, elf::STT_FUNC);
  function.st_shndx = 1;
  std::string bytes;
  Append(bytes, header);
  bytes += payload + strings;
  Append(bytes, elf::Elf64_Sym{});
  Append(bytes, function);
  Append(bytes, elf::Elf64_Shdr{});
  Append(bytes, Section(elf::SHT_PROGBITS, code, payload.size()));
  Append(bytes, Section(elf::SHT_STRTAB, names, strings.size()));
  Append(bytes, Section(elf::SHT_SYMTAB, symbols, 2 * sizeof(elf::Elf64_Sym), 2));
  return bytes;
}

}  // namespace attnjit
