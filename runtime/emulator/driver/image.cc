#include "runtime/emulator/driver/image.h"

#include <cstring>
#include <utility>

#include "llvm/Support/Error.h"
#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/ptx/parser.h"

namespace attnjit::emulator {
namespace {

/// The newest version whose text the emulator claims to understand.
constexpr std::pair<uint32_t, uint32_t> kNewestPtx = {9, 1};

bool IsMachineCode(llvm::StringRef data) {
  return data.startswith(
             "\x7f"
             "ELF") ||
         data.startswith("\x50\xed\x55\xba") ||  // A fat binary's header.
         data.startswith("\xb1\x43\x62\x46");    // A fat binary's wrapper.
}

/// A version that is to come: the parser takes no version that it does not know, and this one has a
/// code of its own. What is malformed is left to the parser.
cu::Result CheckVersion(llvm::StringRef text, std::string& log) {
  llvm::StringRef rest = text.split(".version").second.ltrim();
  std::pair<uint32_t, uint32_t> version;
  if (rest.consumeInteger(10, version.first) || !rest.consume_front(".") ||
      rest.consumeInteger(10, version.second) || version <= kNewestPtx) {
    return cu::kSuccess;
  }
  log = llvm::formatv("PTX {0}.{1} is newer than {2}.{3}, the newest that is emulated",
                      version.first, version.second, kNewestPtx.first, kNewestPtx.second);
  return cu::kErrorUnsupportedPtxVersion;
}

}  // namespace

cu::Result LoadImage(const void* data, std::shared_ptr<const Image>& image, std::string& log) {
  if (data == nullptr) return cu::kErrorInvalidValue;
  const llvm::StringRef text(static_cast<const char*>(data));
  if (IsMachineCode(text)) {
    log = "the image is machine code; emulated devices run PTX";
    return cu::kErrorNoBinaryForGpu;
  }
  if (!text.contains(".version")) {
    log = "the image is no PTX: it has no .version";
    return cu::kErrorInvalidImage;
  }
  if (cu::Result result = CheckVersion(text, log)) return result;
  llvm::Expected<ptx::Module> parsed = ptx::ParsePtx(text);
  if (!parsed) {
    log = llvm::toString(parsed.takeError());
    return cu::kErrorInvalidPtx;
  }
  auto made = std::make_shared<Image>();
  made->target = parsed->target.str();
  auto module = std::make_shared<const ptx::Module>(std::move(*parsed));
  for (const ptx::Function& function : module->functions) {
    if (!function.entry || !function.defined) continue;
    llvm::Expected<std::shared_ptr<const Program>> program = DecodeEntry(module, function.name);
    if (!program) {
      log = llvm::toString(program.takeError());
      return cu::kErrorInvalidPtx;
    }
    made->entries.emplace(function.name.str(), std::move(*program));
  }
  image = std::move(made);
  return cu::kSuccess;
}

bool RunsOn(llvm::StringRef target, const DeviceModel& device) {
  int number = 0;
  if (!target.consume_front("sm_") || target.consumeInteger(10, number)) return false;
  const int capability = device.major * 10 + device.minor;
  if (target == "a") return number == capability;
  if (target == "f") return number / 10 == device.major && number <= capability;
  return target.empty() && number <= capability;
}

}  // namespace attnjit::emulator
