#include "runtime/emulator/driver/driver.h"

#include <atomic>
#include <map>

#include "llvm/ADT/StringExtras.h"
#include "runtime/emulator/driver/table.h"

namespace attnjit::emulator {
namespace {

/// Lines of the log that are kept until somebody takes them.
constexpr size_t kLogLines = 1000;

uint64_t NextId() {
  static std::atomic<uint64_t> last = 0;
  return ++last;
}

}  // namespace

Driver::Driver(const EmulatorOptions& options, std::vector<DeviceModel> models)
    : id_(NextId()),
      options_(options),
      models_(std::move(models)),
      findings_(options.silences),
      policy_(options.policy),
      contexts_(models_.size()) {}

Driver::~Driver() {
  if (slot_ >= 0) LeavePlace(slot_);
}

bool Driver::Register() {
  slot_ = TakePlace(*this, table_);
  return slot_ >= 0;
}

std::shared_ptr<const DriverTable> Driver::table() { return {shared_from_this(), &table_}; }

std::vector<std::string> Driver::TakeLog() {
  Lock lock(mutex_);
  return std::exchange(log_, {});
}

void Driver::SetPolicy(const AsyncPolicy& policy) {
  Lock lock(mutex_);
  policy_ = policy;
}

std::vector<cu::Context>& Driver::Stack() const {
  thread_local std::map<uint64_t, std::vector<cu::Context>> stacks;
  return stacks[id_];
}

void Driver::Log(std::string line) {
  Lock lock(mutex_);
  if (!line.empty() && log_.size() < kLogLines) log_.push_back(std::move(line));
}

bool Driver::IsDevice(cu::Device device) const {
  return device >= 0 && static_cast<size_t>(device) < models_.size();
}

llvm::Expected<std::shared_ptr<Emulator>> MakeDriver(const EmulatorOptions& options) {
  const auto error = [](const std::string& text) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(), text);
  };
  if (options.devices.empty()) return error("an emulator needs at least one device");
  if (options.sms < 0) return error("an emulated device needs at least one SM");
  std::vector<DeviceModel> models;
  for (const std::string& name : options.devices) {
    if (const DeviceModel* model = FindDeviceModel(name)) {
      models.push_back(*model);
      if (options.sms != 0) models.back().sm_count = options.sms;
      continue;
    }
    std::vector<std::string> known;
    for (const DeviceModel& model : DeviceModels()) known.push_back(model.arch);
    return error("there is no emulated device " + name + "; there are " + llvm::join(known, ", "));
  }
  auto driver = std::make_shared<Driver>(options, std::move(models));
  if (!driver->Register()) {
    return error("this process has " + std::to_string(Emulator::kMaxEmulators) +
                 " emulators already, and there can be no more at a time");
  }
  return driver;
}

}  // namespace attnjit::emulator
