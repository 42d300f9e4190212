#include "tests/emulator/micro/case.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"

namespace attnjit::micro {
namespace {

class Hash {
 public:
  void Add(uint64_t value) {
    hash_.update(llvm::ArrayRef<uint8_t>(reinterpret_cast<uint8_t*>(&value), sizeof(value)));
  }
  void Add(llvm::StringRef text) {
    Add(text.size());
    hash_.update(text);
  }
  void Add(const Bytes& bytes) {
    Add(bytes.size());
    hash_.update(bytes);
  }
  template <typename T>
  void AddAll(const std::vector<T>& values) {
    Add(values.size());
    for (T value : values) Add(static_cast<uint64_t>(value));
  }
  void Add(const MapSpec& map) {
    Add(map.over_output);
    Add(map.offset);
    Add(map.type);
    AddAll(map.dims);
    AddAll(map.strides);
    AddAll(map.box);
    AddAll(map.element_strides);
    for (int value : {int{map.interleave}, int{map.swizzle}, int{map.promotion}, int{map.fill}}) {
      Add(static_cast<uint64_t>(value));
    }
  }
  std::string Digest() { return llvm::toHex(hash_.final(), /*LowerCase=*/true).substr(0, 16); }

 private:
  llvm::SHA256 hash_;
};

}  // namespace

std::string ModuleText(const std::vector<const Case*>& cases) {
  std::string text = ".version 9.0\n.target " + cases.front()->target + "\n.address_size 64\n";
  for (const Case* c : cases) text += "\n// " + c->name + "\n" + c->text;
  return text;
}

std::string Fingerprint(const Case& c) {
  Hash hash;
  hash.Add(c.target);
  hash.Add(c.text);
  for (unsigned value : {c.grid, c.block, c.dynamic_shared}) hash.Add(uint64_t{value});
  hash.Add(c.input);
  hash.Add(c.output);
  for (const auto* maps : {&c.maps, &c.encodes}) {
    hash.Add(maps->size());
    for (const MapSpec& map : *maps) hash.Add(map);
  }
  return hash.Digest();
}

}  // namespace attnjit::micro
