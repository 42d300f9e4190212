// One launch: what a caller passes, checked and turned into kernel parameters.
#ifndef ATTNJIT_RUNTIME_LAUNCH_H_
#define ATTNJIT_RUNTIME_LAUNCH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

#include "generator/planner.h"
#include "llvm/Support/Error.h"
#include "runtime/device.h"
#include "runtime/forward_args.h"
#include "runtime/module.h"

namespace attnjit {

/// An argument that the kernel cannot take; nothing was launched. Command line exit code 2.
class LaunchError : public llvm::ErrorInfo<LaunchError> {
 public:
  static char ID;
  LaunchError(std::string argument, std::string value, std::string allowed)
      : argument_(std::move(argument)), value_(std::move(value)), allowed_(std::move(allowed)) {}
  const std::string& argument() const { return argument_; }  ///< "k.stride.seq"
  const std::string& value() const { return value_; }        ///< As given: "130".
  const std::string& allowed() const { return allowed_; }    ///< "must be a multiple of 8 ...".
  void log(llvm::raw_ostream& os) const override;
  std::error_code convertToErrorCode() const override;

 private:
  std::string argument_;
  std::string value_;
  std::string allowed_;
};

/// The run-time half of a request: what holds where a launch says nothing else.
struct LaunchDefaults {
  double softmax_scale = 0;
  std::optional<int32_t> window_left;
  std::optional<int32_t> window_right;
  bool equal_lengths = false;    ///< The request named no align: seqlen_q must be seqlen_kv.
  int64_t seqlen_q_at_most = 0;  ///< As hinted; 0: any.
};
LaunchDefaults LaunchDefaultsOf(const AttentionSpec& spec);

/// A loaded kernel on one device, as launching sees it. The referenced objects outlive it.
struct LaunchTarget {
  const KernelPlan* plan = nullptr;
  const Device* device = nullptr;
  DeviceFunction function;
  bool check_pointers = true;  ///< Ask the driver which device each pointer belongs to.
};

/// Checks `args` and fills the kernel's parameters. num_tiles is 0 where there is nothing to
/// compute: the tensors are not looked at then. Pure. Errors: LaunchError.
///
/// What is asked of args, beyond runtime/forward_args.h: heads_q is the request's group times
/// heads_kv; no count is negative or beyond int32; strides are >= 0 and below 2^39 elements, and
/// not 0 in o and lse; strides of dimensions of size 1 are free; hinted multiples hold (dense
/// layouts); cu_seqlens are given where the layout is thd and nowhere else, lse where the request
/// has it and nowhere else; k and v may be null where seqlen_kv or total_kv is 0; the workspace is
/// as large as ForwardWorkspaceBytes says.
llvm::Expected<ForwardParams> MakeForwardParams(const KernelPlan& plan,
                                                const LaunchDefaults& defaults,
                                                const ForwardArgs& args);

/// Bytes of workspace that a launch with these sizes needs; 0: none. Pointers and strides are not
/// looked at. Errors: LaunchError.
llvm::Expected<int64_t> ForwardWorkspaceBytes(const KernelPlan& plan,
                                              const LaunchDefaults& defaults,
                                              const ForwardArgs& args);

/// Launches on `stream`, in the current context if it is one of the target's device, else in the
/// device's primary context. Allocates nothing, waits for nothing, and makes only calls that are
/// allowed in a stream capture. Errors: LaunchError, DriverError; nothing was launched.
llvm::Error LaunchForward(const LaunchTarget& target, const LaunchDefaults& defaults,
                          const ForwardArgs& args, cu::Stream stream);

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_LAUNCH_H_
