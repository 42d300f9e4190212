#include "runtime/driver.h"

#include <dlfcn.h>

#include <vector>

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

namespace attnjit {
namespace {

constexpr bool kRequired = true;
constexpr bool kOptional = false;
constexpr char kDefaultLibrary[] = "libcuda.so.1";

// What the caller can do about a code; "" where the driver's own text says it all.
const char* AdviceFor(cu::Result result) {
  switch (result) {
    case cu::kErrorStubLibrary:
      return "this is the toolkit's link-time stub; let the loader find the driver's own "
             "libcuda.so.1 first";
    case cu::kErrorNoDevice:
      return "no GPU is visible: check nvidia-smi, CUDA_VISIBLE_DEVICES and that the container was "
             "started with its GPUs";
    case cu::kErrorInvalidDevice:
      return "use a device number below the number of visible GPUs";
    case cu::kErrorSystemDriverMismatch:
    case cu::kErrorCompatNotSupportedOnDevice:
      return "the kernel module and libcuda.so.1 are of different versions: reboot or reinstall "
             "the "
             "driver, or drop a compatibility libcuda from the loader's path";
    case cu::kErrorOutOfMemory:
      return "free device memory, or use a GPU with more";
    case cu::kErrorNoBinaryForGpu:
    case cu::kErrorInvalidImage:
      return "the cubin is for another GPU or newer than this driver: build for this GPU's arch, "
             "or "
             "update the driver";
    case cu::kErrorNotSupported:
      return "this GPU or driver lacks the feature: update the driver, or build for a plainer arch";
    case cu::kErrorInvalidContext:
    case cu::kErrorInvalidHandle:
      return "the stream must belong to the device that the kernel was prepared for";
    case cu::kErrorIllegalAddress:
    case cu::kErrorLaunchFailed:
      return "an earlier kernel of this process failed and the context is lost: look for it with "
             "compute-sanitizer, then restart the process";
    case cu::kErrorDeinitialized:
      return "the driver has shut down: make no calls while the process exits";
    default:
      return "";
  }
}

llvm::Error OpenError(llvm::StringRef path, std::string text) {
  return llvm::make_error<DriverError>(
      ("dlopen(" + path + ")").str(), "", std::move(text),
      "install the NVIDIA driver (building and caching kernels needs none, running them does)");
}

template <typename Signature>
void Find(void* library, const char* symbol, bool required, Signature*& function,
          std::vector<std::string>& missing) {
  function = reinterpret_cast<Signature*>(dlsym(library, symbol));
  if (function == nullptr && required) missing.push_back(symbol);
}

}  // namespace

char DriverError::ID = 0;

void DriverError::log(llvm::raw_ostream& os) const {
  os << call_ << " failed";
  if (!code_.empty()) os << " with " << code_;
  if (!text_.empty()) os << ": " << text_;
  if (!advice_.empty()) os << "; " << advice_;
}

std::error_code DriverError::convertToErrorCode() const {
  return std::make_error_code(std::errc::io_error);
}

llvm::Error MakeDriverError(const DriverTable& driver, llvm::StringRef call, cu::Result result) {
  const char* name = nullptr;
  const char* text = nullptr;
  driver.get_error_name(result, &name);
  driver.get_error_string(result, &text);
  return llvm::make_error<DriverError>(
      call.str(), name != nullptr ? name : "code " + std::to_string(static_cast<int>(result)),
      text != nullptr ? text : "", AdviceFor(result));
}

llvm::Expected<std::shared_ptr<const DriverTable>> OpenDriver(llvm::StringRef path) {
  const std::string name = path.empty() ? std::string(kDefaultLibrary) : path.str();
  void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* text = dlerror();
    return OpenError(name, text != nullptr ? text : "");
  }
  auto table = std::make_shared<DriverTable>();
  std::vector<std::string> missing;
#define ATTNJIT_FIND(need, field, symbol, parameters) \
  Find(library, #symbol, need, table->field, missing);
  ATTNJIT_DRIVER_FUNCTIONS(ATTNJIT_FIND)
#undef ATTNJIT_FIND
  if (!missing.empty()) {
    dlclose(library);
    return llvm::make_error<DriverError>("dlsym(" + name + ")", "",
                                         "the library has no " + llvm::join(missing, ", "),
                                         "install a driver for CUDA 12.0 or later");
  }
  if (llvm::Error error = CheckDriver(*table, "cuInit", table->init(0))) return error;
  return table;
}

}  // namespace attnjit
