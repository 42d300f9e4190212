#include "tools/problem/run_launch.h"

namespace attnjit {
namespace {

/// A captured launch, destroyed at the end.
class CapturedGraph {
 public:
  explicit CapturedGraph(const DriverTable& driver) : driver_(driver) {}
  ~CapturedGraph() {
    if (exec_ != nullptr) driver_.graph_exec_destroy(exec_);
    if (graph_ != nullptr) driver_.graph_destroy(graph_);
  }

  llvm::Error Capture(const Kernel& kernel, const ForwardArgs& args, cu::Stream stream) {
    if (llvm::Error error = Check("cuStreamBeginCapture",
                                  driver_.stream_begin_capture(stream, cu::kCaptureThreadLocal))) {
      return error;
    }
    llvm::Error launched = kernel.Launch(args, stream);
    // Ends the capture even if the launch was refused.
    llvm::Error ended = Check("cuStreamEndCapture", driver_.stream_end_capture(stream, &graph_));
    if (launched || ended) return llvm::joinErrors(std::move(launched), std::move(ended));
    return Check("cuGraphInstantiateWithFlags", driver_.graph_instantiate(&exec_, graph_, 0));
  }

  llvm::Error Run(cu::Stream stream) {
    return Check("cuGraphLaunch", driver_.graph_launch(exec_, stream));
  }

 private:
  llvm::Error Check(const char* call, cu::Result result) {
    return CheckDriver(driver_, call, result);
  }

  const DriverTable& driver_;
  cu::Graph graph_ = nullptr;
  cu::GraphExec exec_ = nullptr;
};

bool HasGraphs(const DriverTable& driver) {
  return driver.stream_begin_capture != nullptr && driver.stream_end_capture != nullptr &&
         driver.graph_instantiate != nullptr && driver.graph_launch != nullptr &&
         driver.graph_exec_destroy != nullptr && driver.graph_destroy != nullptr;
}

}  // namespace

llvm::Error RunLaunch(const DriverTable& driver, const Kernel& kernel, DeviceImage& device,
                      LaunchImage& image, cu::Stream stream, LaunchMode mode) {
  if (llvm::Error error = device.PrepareWorkspace(kernel, stream)) return error;
  CapturedGraph graph(driver);
  if (mode == LaunchMode::kGraph) {
    if (!HasGraphs(driver)) {
      return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                     "this driver has no stream capture; update it");
    }
    if (llvm::Error error = graph.Capture(kernel, device.args(), stream)) return error;
  }
  if (llvm::Error error = device.PoisonOutputs(stream)) return error;
  llvm::Error launched =
      mode == LaunchMode::kGraph ? graph.Run(stream) : kernel.Launch(device.args(), stream);
  if (launched) return launched;
  // The graph must outlive its run: Download waits.
  return device.Download(image, stream);
}

}  // namespace attnjit
