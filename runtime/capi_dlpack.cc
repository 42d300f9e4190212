// Launching on tensors as DLPack describes them.
#include "runtime/capi_internal.h"
#include "runtime/dlpack.h"
#include "runtime/launch.h"

namespace {

using attnjit::Guard;
using attnjit::Layout;
using attnjit::ReadStruct;
using attnjit::ReportArgument;
using attnjit::ReportError;

llvm::Error Wrong(const char* argument, std::string value, std::string allowed) {
  return llvm::make_error<attnjit::LaunchError>(argument, std::move(value), std::move(allowed));
}

/// Where an axis of q, k, v and o stands in a layout; -1: it has none.
struct Axes {
  int batch, seq, head, dim;
};

Axes AxesOf(Layout layout) {
  switch (layout) {
    case Layout::kBshd:
      return {0, 1, 2, 3};
    case Layout::kBhsd:
      return {0, 2, 1, 3};
    case Layout::kThd:
      return {-1, 0, 1, 2};
  }
  return {0, 1, 2, 3};
}

int64_t StrideOf(const attnjit::dlpack::Tensor& tensor, int axis) {
  if (axis < 0) return 0;
  if (tensor.strides != nullptr) return tensor.strides[axis];
  int64_t stride = 1;
  for (int i = tensor.ndim - 1; i > axis; --i) stride *= tensor.shape[i];
  return stride;
}

int64_t ExtentOf(const attnjit::dlpack::Tensor& tensor, int axis) {
  return axis < 0 ? 1 : tensor.shape[axis];
}

std::optional<attnjit_dtype> DTypeOf(const attnjit::dlpack::DataType& type) {
  namespace dl = attnjit::dlpack;
  if (type.lanes != 1) return std::nullopt;
  if (type.code == dl::kFloat && type.bits == 16) return ATTNJIT_DTYPE_FP16;
  if (type.code == dl::kFloat && type.bits == 32) return ATTNJIT_DTYPE_FP32;
  if (type.code == dl::kBfloat && type.bits == 16) return ATTNJIT_DTYPE_BF16;
  return std::nullopt;
}

/// Reads the tensors of one launch; the first thing wrong is kept.
class Reader {
 public:
  Reader(int32_t device, Layout layout) : device_(device), axes_(AxesOf(layout)) {}

  const attnjit::dlpack::Tensor* Check(const char* name, const struct DLTensor* given, int ndim) {
    const auto* tensor = reinterpret_cast<const attnjit::dlpack::Tensor*>(given);
    if (error_) return nullptr;
    if (tensor == nullptr) {
      error_ = Wrong(name, "null", "must be given");
    } else if (tensor->ndim != ndim) {
      error_ =
          Wrong(name, std::to_string(tensor->ndim) + " axes", "must have " + std::to_string(ndim));
    } else if ((tensor->device.type != attnjit::dlpack::kCuda &&
                tensor->device.type != attnjit::dlpack::kCudaManaged) ||
               tensor->device.id != device_) {
      error_ =
          Wrong(name, "on another device", "must be on CUDA device " + std::to_string(device_));
    }
    return error_ ? nullptr : tensor;
  }

  static void* Data(const attnjit::dlpack::Tensor& tensor) {
    return static_cast<char*>(tensor.data) + tensor.byte_offset;
  }

  /// One of q, k, v, o.
  const attnjit::dlpack::Tensor* Read(const char* name, const struct DLTensor* given,
                                      attnjit_tensor& out) {
    const auto* tensor = Check(name, given, axes_.dim + 1);
    if (tensor == nullptr) return nullptr;
    const std::optional<attnjit_dtype> dtype = DTypeOf(tensor->dtype);
    if (!dtype || StrideOf(*tensor, axes_.dim) != 1) {
      error_ = Wrong(name, !dtype ? "its dtype" : "its last stride",
                     !dtype ? "must be fp16, bf16 or fp32" : "must be 1");
      return nullptr;
    }
    out = {Data(*tensor),
           StrideOf(*tensor, axes_.batch),
           StrideOf(*tensor, axes_.seq),
           StrideOf(*tensor, axes_.head),
           *dtype,
           0};
    return tensor;
  }

  void ReadLse(const struct DLTensor* given, attnjit_tensor& out) {
    const bool packed = axes_.batch < 0;
    const auto* tensor = Check("lse", given, packed ? 2 : 3);
    if (tensor == nullptr) return;
    const int head = packed ? 0 : 1;
    if (DTypeOf(tensor->dtype) != ATTNJIT_DTYPE_FP32 || StrideOf(*tensor, head + 1) != 1) {
      error_ = Wrong("lse", "its dtype or last stride", "must be fp32 and 1");
      return;
    }
    out = {Data(*tensor),
           packed ? 0 : StrideOf(*tensor, 0),
           1,
           StrideOf(*tensor, head),
           ATTNJIT_DTYPE_FP32,
           0};
  }

  const int32_t* ReadOffsets(const char* name, const struct DLTensor* given, int64_t* batch) {
    const auto* tensor = Check(name, given, 1);
    if (tensor == nullptr) return nullptr;
    namespace dl = attnjit::dlpack;
    if (tensor->dtype.code != dl::kInt || tensor->dtype.bits != 32 || tensor->dtype.lanes != 1 ||
        StrideOf(*tensor, 0) != 1 || tensor->shape[0] < 1) {
      error_ = Wrong(name, "its dtype, shape or stride", "must be contiguous int32 [batch + 1]");
      return nullptr;
    }
    if (*batch >= 0 && *batch != tensor->shape[0] - 1) {
      error_ = Wrong(name, std::to_string(tensor->shape[0]), "must have the other's length");
    }
    *batch = tensor->shape[0] - 1;
    return static_cast<const int32_t*>(Data(*tensor));
  }

  /// Extents that must agree.
  void Same(const char* name, int64_t found, int64_t wanted) {
    if (!error_ && found != wanted) {
      error_ = Wrong(name, std::to_string(found), "must be " + std::to_string(wanted));
    }
  }

  const Axes& axes() const { return axes_; }
  llvm::Error Finish() { return std::move(error_); }

 private:
  const int32_t device_;
  const Axes axes_;
  llvm::Error error_ = llvm::Error::success();
};

/// Shapes to sizes; those of k and v, and of q and o, must agree.
llvm::Error ReadTensors(const attnjit_dlpack_args& args, const attnjit_kernel& kernel,
                        attnjit_forward_args& out) {
  Reader reader(kernel.device, kernel.layout);
  const auto* q = reader.Read("q", args.q, out.q);
  const auto* k = reader.Read("k", args.k, out.k);
  const auto* v = reader.Read("v", args.v, out.v);
  const auto* o = reader.Read("o", args.o, out.o);
  const attnjit::Problem& problem = kernel.kernel->plan().spec.problem;
  if (problem.lse) reader.ReadLse(args.lse, out.lse);
  int64_t batch = -1;
  if (problem.packed) {
    out.cu_seqlens_q = reader.ReadOffsets("cu_seqlens_q", args.cu_seqlens_q, &batch);
    out.cu_seqlens_kv = reader.ReadOffsets("cu_seqlens_kv", args.cu_seqlens_kv, &batch);
  }
  if (llvm::Error error = reader.Finish()) return error;
  const Axes& axes = reader.axes();
  reader.Same("q.shape: head_dim", ExtentOf(*q, axes.dim), problem.head_dim_qk);
  reader.Same("k.shape: head_dim", ExtentOf(*k, axes.dim), problem.head_dim_qk);
  reader.Same("v.shape: head_dim", ExtentOf(*v, axes.dim), problem.head_dim_v);
  reader.Same("o.shape: head_dim", ExtentOf(*o, axes.dim), problem.head_dim_v);
  for (const int axis : {axes.batch, axes.seq, axes.head}) {
    reader.Same("v.shape", ExtentOf(*v, axis), ExtentOf(*k, axis));
    reader.Same("o.shape", ExtentOf(*o, axis), ExtentOf(*q, axis));
  }
  reader.Same("k.shape: batch", ExtentOf(*k, axes.batch), ExtentOf(*q, axes.batch));
  out.batch = problem.packed ? batch : ExtentOf(*q, axes.batch);
  out.heads_q = ExtentOf(*q, axes.head);
  out.heads_kv = ExtentOf(*k, axes.head);
  out.seqlen_q = problem.packed ? args.max_seqlen_q : ExtentOf(*q, axes.seq);
  out.seqlen_kv = problem.packed ? args.max_seqlen_kv : ExtentOf(*k, axes.seq);
  if (problem.packed) {
    out.total_q = ExtentOf(*q, axes.seq);
    out.total_kv = ExtentOf(*k, axes.seq);
  }
  return reader.Finish();
}

}  // namespace

extern "C" attnjit_status attnjit_launch_forward_dlpack(const attnjit_kernel* kernel,
                                                        const attnjit_dlpack_args* args,
                                                        void* stream, attnjit_error** error) {
  return Guard(error, [&]() -> attnjit_status {
    if (kernel == nullptr || args == nullptr) {
      return ReportArgument("kernel and args must not be null", error);
    }
    if (kernel->kernel == nullptr) {
      return ReportArgument(
          "the kernel comes from attnjit_build and is on no device: attnjit_prepare it", error);
    }
    attnjit_dlpack_args c;
    if (const char* wrong = ReadStruct(args, c)) return ReportArgument(wrong, error);
    if ((c.overrides & ~uint32_t{ATTNJIT_OVERRIDE_SOFTMAX_SCALE}) != 0) {
      return ReportArgument("overrides may be ATTNJIT_OVERRIDE_SOFTMAX_SCALE or 0 here", error);
    }
    attnjit_forward_args forward = {};
    if (llvm::Error e = ReadTensors(c, *kernel, forward)) return ReportError(std::move(e), error);
    forward.struct_size = sizeof(forward);
    forward.softmax_scale = c.softmax_scale;
    forward.overrides = c.overrides;
    forward.workspace = c.workspace;
    forward.workspace_bytes = c.workspace_bytes;
    return attnjit::LaunchChecked(*kernel, forward, stream, error);
  });
}
