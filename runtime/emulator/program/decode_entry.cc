#include "runtime/emulator/ops/registry.h"
#include "runtime/emulator/program/decode.h"

namespace attnjit::emulator {

llvm::Expected<std::shared_ptr<const Program>> DecodeEntry(
    std::shared_ptr<const ptx::Module> module, llvm::StringRef name) {
  return DecodeEntryWith(std::move(module), name, AllDecoders());
}

}  // namespace attnjit::emulator
