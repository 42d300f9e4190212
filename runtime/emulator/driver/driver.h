// The driver's functions for emulated devices: a method for each function of the table.
//
// Names, arguments and errors are the CUDA Driver API's (13.0); comments say only what differs. A
// stream's work is done inside the call that submits it, which is an order that the API allows: a
// call that waits finds nothing left to do but what another thread has under way.
#ifndef ATTNJIT_RUNTIME_EMULATOR_DRIVER_DRIVER_H_
#define ATTNJIT_RUNTIME_EMULATOR_DRIVER_DRIVER_H_

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/emulator/driver/emulator.h"
#include "runtime/emulator/driver/findings.h"
#include "runtime/emulator/driver/handles.h"
#include "runtime/emulator/driver/objects.h"
#include "runtime/emulator/machine/cluster.h"

namespace attnjit::emulator {

/// Thread safe.
class Driver final : public Emulator, public std::enable_shared_from_this<Driver> {
 public:
  /// `models`: one for each device, in the order of their ordinals.
  Driver(const EmulatorOptions& options, std::vector<DeviceModel> models);
  ~Driver() override;
  /// Takes a place among the process's emulators and fills the table. False: there is none left.
  bool Register();

  // Emulator.
  std::shared_ptr<const DriverTable> table() override;
  Findings TakeFindings() override { return findings_.TakeFindings(); }
  Counters TakeCounters() override { return findings_.TakeCounters(); }
  std::vector<std::string> TakeLog() override;
  void SetPolicy(const AsyncPolicy& policy) override;

  // Devices and contexts (driver_device.cc).
  cu::Result Init(unsigned flags);
  cu::Result DriverGetVersion(int* version);
  cu::Result GetErrorName(cu::Result error, const char** text);
  cu::Result GetErrorString(cu::Result error, const char** text);
  cu::Result DeviceGetCount(int* count);
  cu::Result DeviceGet(cu::Device* device, int ordinal);
  cu::Result DeviceGetName(char* name, int size, cu::Device device);
  cu::Result DeviceTotalMem(size_t* bytes, cu::Device device);
  cu::Result DeviceGetAttribute(int* value, cu::DeviceAttribute attribute, cu::Device device);
  /// The last release ends a context that has failed; the next retain makes a fresh one.
  cu::Result DevicePrimaryCtxRetain(cu::Context* context, cu::Device device);
  cu::Result DevicePrimaryCtxRelease(cu::Device device);
  cu::Result CtxPushCurrent(cu::Context context);
  cu::Result CtxPopCurrent(cu::Context* context);
  cu::Result CtxGetCurrent(cu::Context* context);
  cu::Result CtxGetDevice(cu::Device* device);
  cu::Result CtxSynchronize();

  // Memory (driver_memory.cc).
  cu::Result MemGetInfo(size_t* free, size_t* total);
  cu::Result MemAlloc(cu::DevicePtr* pointer, size_t bytes);
  cu::Result MemFree(cu::DevicePtr pointer);
  cu::Result MemcpyHtoDAsync(cu::DevicePtr target, const void* source, size_t bytes,
                             cu::Stream stream);
  cu::Result MemcpyDtoHAsync(void* target, cu::DevicePtr source, size_t bytes, cu::Stream stream);
  cu::Result MemcpyDtoDAsync(cu::DevicePtr target, cu::DevicePtr source, size_t bytes,
                             cu::Stream stream);
  cu::Result MemsetD8Async(cu::DevicePtr target, unsigned char value, size_t count,
                           cu::Stream stream);
  cu::Result MemsetD16Async(cu::DevicePtr target, unsigned short value, size_t count,
                            cu::Stream stream);
  cu::Result MemsetD32Async(cu::DevicePtr target, unsigned value, size_t count, cu::Stream stream);
  cu::Result PointerGetAttributes(unsigned count, cu::PointerAttribute* attributes, void** values,
                                  cu::DevicePtr pointer);

  // Streams, graphs, events (driver_stream.cc).
  cu::Result StreamCreate(cu::Stream* stream, unsigned flags);
  cu::Result StreamDestroy(cu::Stream stream);
  cu::Result StreamSynchronize(cu::Stream stream);
  cu::Result StreamGetCtx(cu::Stream stream, cu::Context* context);
  cu::Result StreamIsCapturing(cu::Stream stream, cu::StreamCaptureStatus* status);
  cu::Result StreamBeginCapture(cu::Stream stream, cu::StreamCaptureMode mode);
  cu::Result StreamEndCapture(cu::Stream stream, cu::Graph* graph);
  cu::Result GraphInstantiate(cu::GraphExec* exec, cu::Graph graph, unsigned long long flags);
  cu::Result GraphLaunch(cu::GraphExec exec, cu::Stream stream);
  cu::Result GraphExecDestroy(cu::GraphExec exec);
  cu::Result GraphDestroy(cu::Graph graph);
  cu::Result EventCreate(cu::Event* event, unsigned flags);
  cu::Result EventDestroy(cu::Event event);
  cu::Result EventRecord(cu::Event event, cu::Stream stream);
  cu::Result EventSynchronize(cu::Event event);
  /// Of the host's clock.
  cu::Result EventElapsedTime(float* milliseconds, cu::Event start, cu::Event end);

  // Code and launches (driver_module.cc). Images are PTX.
  cu::Result LibraryLoadData(cu::Library* library, const void* image, void* jit_options,
                             void** jit_values, unsigned jit_count, void* options, void** values,
                             unsigned count);
  cu::Result LibraryUnload(cu::Library library);
  cu::Result LibraryGetKernel(cu::Kernel* kernel, cu::Library library, const char* name);
  cu::Result KernelGetFunction(cu::Function* function, cu::Kernel kernel);
  cu::Result KernelSetAttribute(cu::FunctionAttribute attribute, int value, cu::Kernel kernel,
                                cu::Device device);
  cu::Result ModuleLoadData(cu::Module* module, const void* image);
  cu::Result ModuleUnload(cu::Module module);
  cu::Result ModuleGetFunction(cu::Function* function, cu::Module module, const char* name);
  cu::Result FuncSetAttribute(cu::Function function, cu::FunctionAttribute attribute, int value);
  cu::Result FuncGetAttribute(int* value, cu::FunctionAttribute attribute, cu::Function function);
  cu::Result Occupancy(int* blocks, cu::Function function, int block_size,
                       size_t dynamic_shared_bytes);
  /// A kernel's faults come with later calls, as on a GPU.
  cu::Result LaunchKernel(const cu::LaunchConfig* config, cu::Function function, void** parameters,
                          void** extra);
  cu::Result TensorMapEncodeTiled(cu::TensorMap* map, cu::TensorMapDataType type, uint32_t rank,
                                  void* address, const uint64_t* dims, const uint64_t* strides,
                                  const uint32_t* box, const uint32_t* element_strides,
                                  cu::TensorMapInterleave interleave, cu::TensorMapSwizzle swizzle,
                                  cu::TensorMapL2Promotion promotion, cu::TensorMapOobFill fill);

 private:
  using Lock = std::lock_guard<std::mutex>;
  using ContextPtr = std::shared_ptr<Context>;
  using StreamPtr = std::shared_ptr<Stream>;

  /// The calling thread's contexts of this driver, the current one last.
  std::vector<cu::Context>& Stack() const;
  void Log(std::string line);
  bool IsDevice(cu::Device device) const;

  // With mutex_ held.
  /// The current context; kErrorInvalidContext without one, else what it failed with.
  cu::Result Current(ContextPtr& context) const;
  /// The current context's default stream for null, or a live stream of it.
  cu::Result FindStream(cu::Stream handle, ContextPtr& context, StreamPtr& stream) const;
  /// A call that a capture forbids: invalidates what it would break.
  cu::Result RefuseInCapture();
  /// Work for `stream` while a capture may be on: kSuccess if it is to be done now.
  cu::Result CheckImplicit(const Context& context, const Stream& stream);
  cu::Function AddFunction(std::shared_ptr<const Program> program,
                           std::shared_ptr<ModuleVariables> variables, int ordinal);
  /// A function, or a library's kernel as a function of the current context.
  cu::Result FindFunction(cu::Function handle, std::shared_ptr<Function>& function) const;
  void EndContext(const ContextPtr& context);

  // Without it.
  /// Does the work, or adds it to what the stream captures.
  cu::Result Submit(cu::Stream stream, Work work);
  static cu::Result RunNow(Context& context, Stream& stream, const Work& work);
  cu::Result RunLaunch(Context& context, const Launch& launch);
  cu::Result Load(const void* data, std::shared_ptr<const Image>& image, std::string& log);
  cu::Result SetAttribute(Function& function, cu::FunctionAttribute attribute, int value);
  template <class T>
  cu::Result Fill(cu::DevicePtr target, T value, size_t count, cu::Stream stream);

  const uint64_t id_;  ///< Of this emulator, never used twice.
  const EmulatorOptions options_;
  const std::vector<DeviceModel> models_;
  DriverTable table_;
  int slot_ = -1;
  FindingsBox findings_;

  mutable std::mutex mutex_;
  AsyncPolicy policy_;
  std::vector<std::string> log_;
  HandleNumbers numbers_;
  std::vector<ContextPtr> contexts_;  ///< By device; null while not retained.
  HandleMap<cu::Stream, Stream> streams_;
  HandleMap<cu::Event, Event> events_;
  HandleMap<cu::Graph, Graph> graphs_;
  HandleMap<cu::GraphExec, Graph> graph_execs_;
  HandleMap<cu::Module, Module> modules_;
  HandleMap<cu::Library, Library> libraries_;
  HandleMap<cu::Kernel, Kernel> kernels_;
  HandleMap<cu::Function, Function> functions_;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_DRIVER_DRIVER_H_
