// A driver table with no device behind it: it records what is called and fails where it is told to.
#ifndef ATTNJIT_TESTS_UNIT_RUNTIME_FAKE_DRIVER_H_
#define ATTNJIT_TESTS_UNIT_RUNTIME_FAKE_DRIVER_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/driver.h"
#include "templates/params.h"

namespace attnjit {

/// One instance at a time, alive for as long as any object made of its table. Thread safe.
class FakeDriver {
 public:
  struct DeviceInfo {
    int major = 9;
    int minor = 0;
    int sm_count = 132;
    int l2_bytes = 50 << 20;
    bool pageable = false;
  };
  struct EncodedMap {
    cu::TensorMapDataType type;
    uint32_t rank;
    const void* address;
    std::vector<uint64_t> dims;
    std::vector<uint64_t> strides;
    std::vector<uint32_t> box;
    cu::TensorMapSwizzle swizzle;
  };
  struct Launch {
    cu::LaunchConfig config;
    cu::Function function;
    cu::Context context;  ///< Current at the launch.
    ForwardParams params;
    std::vector<uint64_t> maps;  ///< Indices into encoded_maps().
  };
  struct Pointer {
    unsigned memory_type;
    int ordinal;
    bool managed;
  };

  FakeDriver();
  ~FakeDriver();
  FakeDriver(const FakeDriver&) = delete;
  FakeDriver& operator=(const FakeDriver&) = delete;

  /// A copy of the table: shared tables are immutable, so change this one before sharing it.
  static DriverTable Table();
  static std::shared_ptr<const DriverTable> SharedTable();

  // Set before use.
  std::vector<DeviceInfo> devices = {{}, {}};
  std::map<std::string, cu::Result> failures;  ///< By symbol: "cuLibraryLoadData".
  std::map<const void*, Pointer> pointers;     ///< Any other pointer is on device 0.
  std::string refused_image;                   ///< cuLibraryLoadData fails for this one.
  int maps_per_launch = 0;                     ///< Kernel parameters after ForwardParams.

  std::vector<std::string> calls() const;  ///< Symbols, in order, of all threads.
  int CountOf(const std::string& symbol) const;
  void ForgetCalls();
  std::vector<Launch> launches() const;
  std::vector<EncodedMap> encoded_maps() const;
  std::vector<std::string> loaded_images() const;

  static cu::Context PrimaryContext(cu::Device device);
  /// A context of the caller's own on `device`, not the primary one.
  static cu::Context OtherContext(cu::Device device);
  static cu::Context CurrentContext();  ///< The calling thread's; null if none.

 private:
  friend struct FakeCalls;
  cu::Result Record(const char* symbol);

  mutable std::mutex mutex_;
  std::vector<std::string> calls_;
  std::vector<Launch> launches_;
  std::vector<EncodedMap> maps_;
  std::vector<std::string> images_;
};

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_UNIT_RUNTIME_FAKE_DRIVER_H_
