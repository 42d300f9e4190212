#include "tests/gpu/host_driver.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "tests/reference/half.h"
#include "tests/reference/reference.h"

namespace attnjit {
namespace {

using Captured = std::vector<std::function<void()>>;

HostStream* StreamOf(cu::Stream stream) { return reinterpret_cast<HostStream*>(stream); }

void* Pointer(cu::DevicePtr pointer) { return reinterpret_cast<void*>(pointer); }

void FillMemory(DriverTable& table) {
  table.mem_alloc = [](cu::DevicePtr* pointer, size_t bytes) {
    void* memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    *pointer = reinterpret_cast<cu::DevicePtr>(memory);
    return memory != nullptr ? cu::kSuccess : cu::kErrorOutOfMemory;
  };
  table.mem_free = [](cu::DevicePtr pointer) {
    std::free(Pointer(pointer));
    return cu::kSuccess;
  };
  table.memcpy_htod_async = [](cu::DevicePtr target, const void* source, size_t bytes, cu::Stream) {
    std::memcpy(Pointer(target), source, bytes);
    return cu::kSuccess;
  };
  table.memcpy_dtoh_async = [](void* target, cu::DevicePtr source, size_t bytes, cu::Stream) {
    std::memcpy(target, Pointer(source), bytes);
    return cu::kSuccess;
  };
  table.memset_d16_async = [](cu::DevicePtr target, unsigned short value, size_t count,
                              cu::Stream) {
    std::fill_n(static_cast<uint16_t*>(Pointer(target)), count, value);
    return cu::kSuccess;
  };
  table.memset_d32_async = [](cu::DevicePtr target, unsigned value, size_t count, cu::Stream) {
    std::fill_n(static_cast<uint32_t*>(Pointer(target)), count, value);
    return cu::kSuccess;
  };
}

void FillStreams(DriverTable& table) {
  table.ctx_get_current = [](cu::Context* context) {
    *context = nullptr;
    return cu::kSuccess;
  };
  table.stream_create = [](cu::Stream* stream, unsigned) {
    *stream = reinterpret_cast<cu::Stream>(new HostStream);
    return cu::kSuccess;
  };
  table.stream_destroy = [](cu::Stream stream) {
    delete StreamOf(stream);
    return cu::kSuccess;
  };
  table.stream_synchronize = [](cu::Stream) { return cu::kSuccess; };
  table.event_create = [](cu::Event* event, unsigned) {
    *event = reinterpret_cast<cu::Event>(new char);
    return cu::kSuccess;
  };
  table.event_destroy = [](cu::Event event) {
    delete reinterpret_cast<char*>(event);
    return cu::kSuccess;
  };
  table.event_record = [](cu::Event, cu::Stream) { return cu::kSuccess; };
  table.event_synchronize = [](cu::Event) { return cu::kSuccess; };
  table.event_elapsed_time = [](float* milliseconds, cu::Event, cu::Event) {
    *milliseconds = 0.5f;
    return cu::kSuccess;
  };
}

void FillGraphs(DriverTable& table) {
  table.stream_begin_capture = [](cu::Stream stream, cu::StreamCaptureMode) {
    StreamOf(stream)->capturing = true;
    return cu::kSuccess;
  };
  table.stream_end_capture = [](cu::Stream stream, cu::Graph* graph) {
    StreamOf(stream)->capturing = false;
    *graph =
        reinterpret_cast<cu::Graph>(new Captured(std::exchange(StreamOf(stream)->captured, {})));
    return cu::kSuccess;
  };
  table.graph_instantiate = [](cu::GraphExec* exec, cu::Graph graph, unsigned long long) {
    *exec = reinterpret_cast<cu::GraphExec>(graph);
    return cu::kSuccess;
  };
  table.graph_launch = [](cu::GraphExec exec, cu::Stream) {
    for (const auto& launch : *reinterpret_cast<Captured*>(exec)) launch();
    return cu::kSuccess;
  };
  table.graph_exec_destroy = [](cu::GraphExec) { return cu::kSuccess; };
  table.graph_destroy = [](cu::Graph graph) {
    delete reinterpret_cast<Captured*>(graph);
    return cu::kSuccess;
  };
}

ForwardProblem ProblemOf(const AttentionSpec& spec, const ForwardArgs& args) {
  ForwardProblem problem;
  problem.problem = ResolveKernelSpec(spec).problem;
  problem.batch = args.batch;
  problem.heads_q = args.heads_q;
  problem.heads_kv = args.heads_kv;
  problem.seqlen_q = args.seqlen_q;
  problem.seqlen_kv = args.seqlen_kv;
  if (args.cu_seqlens_q != nullptr) {
    problem.cu_seqlens_q.assign(args.cu_seqlens_q, args.cu_seqlens_q + args.batch + 1);
    problem.cu_seqlens_kv.assign(args.cu_seqlens_kv, args.cu_seqlens_kv + args.batch + 1);
  }
  problem.window_left = args.window_left.value_or(spec.mask.left.value_or(0));
  problem.window_right = args.window_right.value_or(spec.mask.right.value_or(0));
  problem.softmax_scale = args.softmax_scale.value_or(spec.softmax_scale);
  return problem;
}

Tensor16 View(const TensorArg& arg) { return {static_cast<const uint16_t*>(arg.data), arg.stride}; }

/// Columns of V in which some key holds NaN.
std::vector<bool> NanColumns(const ForwardProblem& problem, const ForwardArgs& args, int64_t b,
                             int64_t h) {
  std::vector<bool> columns(problem.problem.head_dim_v, false);
  for (int64_t j = 0; j < problem.SeqlenKv(b); ++j) {
    int64_t at = RowOffset(problem.problem.packed, problem.cu_seqlens_kv, args.v.stride, b, j,
                           h / problem.problem.group);
    for (size_t d = 0; d < columns.size(); ++d) {
      float value = ToFloat(problem.problem.element, View(args.v).data[at + d]);
      columns[d] = columns[d] || std::isnan(value);
    }
  }
  return columns;
}

}  // namespace

const DriverTable& HostDriver() {
  static const DriverTable table = [] {
    DriverTable filled;
    FillMemory(filled);
    FillStreams(filled);
    FillGraphs(filled);
    filled.get_error_name = [](cu::Result error, const char** text) {
      *text = error == cu::kErrorIllegalAddress ? "CUDA_ERROR_ILLEGAL_ADDRESS" : "CUDA_ERROR";
      return cu::kSuccess;
    };
    filled.get_error_string = [](cu::Result, const char** text) {
      *text = "of the host driver";
      return cu::kSuccess;
    };
    return filled;
  }();
  return table;
}

HostKernel::HostKernel(const AttentionSpec& spec, Fault fault) : spec_(spec), fault_(fault) {
  plan_.spec = ResolveKernelSpec(spec);
}

llvm::Error HostKernel::Launch(const ForwardArgs& args, void* stream) const {
  if (fault_ == Fault::kRefuses) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(), "refused");
  }
  if (fault_ == Fault::kLosesDevice) {
    return MakeDriverError(HostDriver(), "cuLaunchKernelEx", cu::kErrorIllegalAddress);
  }
  auto* host_stream = static_cast<HostStream*>(stream);
  if (host_stream->capturing) {
    host_stream->captured.push_back([this, args] { Compute(args); });
  } else {
    Compute(args);
  }
  return llvm::Error::success();
}

void HostKernel::Compute(const ForwardArgs& args) const {
  int launch = launches_++;
  ForwardProblem problem = ProblemOf(spec_, args);
  ForwardProblem computed = problem;
  if (fault_ == Fault::kDropsLastKey && !problem.problem.packed && problem.seqlen_kv > 0) {
    --computed.seqlen_kv;
  }
  Reference reference = ComputeReference(computed, View(args.q), View(args.k), View(args.v), 1);
  auto* o = static_cast<uint16_t*>(args.o.data);
  auto* lse = static_cast<char*>(args.lse.data);
  int dim = problem.problem.head_dim_v;
  Element element = problem.problem.element_o;
  int64_t last = -1;
  for (int64_t b = 0; b < problem.batch; ++b) {
    for (int64_t h = 0; h < problem.heads_q; ++h) {
      std::vector<bool> nan_columns(dim, false);
      if (fault_ == Fault::kSpreadsNan) nan_columns = NanColumns(problem, args, b, h);
      for (int64_t i = 0; i < problem.SeqlenQ(b); ++i) {
        bool is_last =
            b == problem.batch - 1 && h == problem.heads_q - 1 && i == problem.SeqlenQ(b) - 1;
        if (fault_ == Fault::kSkipsRow && is_last) continue;
        int64_t row = reference.Row(b, i, h);
        int64_t at =
            RowOffset(problem.problem.packed, problem.cu_seqlens_q, args.o.stride, b, i, h);
        last = std::max(last, at);
        for (int d = 0; d < dim; ++d) {
          float value = static_cast<float>(reference.o[row * dim + d]);
          o[at + d] = FromFloat(element, nan_columns[d] ? NAN : value);
        }
        if (lse == nullptr) continue;
        float value = static_cast<float>(reference.lse[row]);
        if (fault_ == Fault::kZeroLseForEmpty && std::isinf(value)) value = 0;
        int64_t lse_at =
            RowOffset(problem.problem.packed, problem.cu_seqlens_q, args.lse.stride, b, i, h);
        std::memcpy(lse + lse_at * sizeof(float), &value, sizeof(float));
      }
    }
  }
  if (last < 0) return;
  if (fault_ == Fault::kWritesPastRow) o[last + dim] = 0;
  if (fault_ == Fault::kNotRepeatable && launch % 2 == 1) o[last] ^= 1;
  if (fault_ == Fault::kDependsOnBatch && problem.batch > 1) o[last] ^= 1;
}

}  // namespace attnjit
