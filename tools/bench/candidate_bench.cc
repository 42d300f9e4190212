// Times the sm90 family's plans for a problem against each other on the GPU at hand.
//
//   attnjit_candidate_bench SET..
//
// SET: "decode", the rows of the decode table; "short", the forward grid to 2k tokens; or
// HEAD_DIM:HEADS_Q:HEADS_KV:MASK:BATCH:SEQLEN_Q:SEQLEN_KV, MASK none or causal. Every plan runs on
// the same random tensors, interleaved, behind an overwritten L2; its o is compared with that of
// the planner's own choice. Prints a line for each plan: median microseconds, GB/s of K and V,
// TFLOP/s, speed against the planner's choice, and the largest difference.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "runtime/launch.h"
#include "runtime/workspace.h"
#include "tests/reference/half.h"
#include "tools/bench/sm90_candidates.h"
#include "tools/problem/opened_gpu.h"
#include "tools/problem/timing.h"
#include "tools/problem/trial_kernel.h"

namespace attnjit {
namespace {

struct Shape {
  int dim, heads_q, heads_kv;
  bool causal;
  int64_t batch, seqlen_q, seqlen_kv;

  bool few() const { return seqlen_q <= 16; }
  std::string Spec() const {
    std::string spec = "{\"head_dim\":" + std::to_string(dim) +
                       ",\"dtype\":\"bf16\",\"heads\":{\"q\":" + std::to_string(heads_q) +
                       ",\"kv\":" + std::to_string(heads_kv) + "},\"mask\":\"" +
                       (causal ? "causal" : "none") + "\",\"align\":\"bottom_right\"";
    if (few()) spec += ",\"hints\":{\"seqlen_q_at_most\":" + std::to_string(seqlen_q) + "}";
    return spec + "}";
  }
  double kv_bytes() const { return 4.0 * dim * batch * heads_kv * seqlen_kv; }
  double flop() const {
    const double pairs = 1.0 * seqlen_q * seqlen_kv * (causal && !few() ? 0.5 : 1);
    return 4.0 * dim * batch * heads_q * pairs;
  }
};

std::vector<Shape> DecodeShapes() {
  std::vector<Shape> shapes;
  for (const auto& [q, kv, dim] :
       {std::array{32, 8, 128}, {64, 8, 64}, {16, 2, 256}, {32, 32, 128}}) {
    for (const auto& [batch, length] :
         {std::pair{1, 32768}, {1, 131072}, {32, 2048}, {128, 2048}}) {
      shapes.push_back({dim, q, kv, false, batch, 1, length});
    }
  }
  return shapes;
}

std::vector<Shape> ShortShapes() {
  std::vector<Shape> shapes;
  for (const int dim : {64, 128, 256}) {
    for (const bool causal : {true, false}) {
      for (const int length : {512, 1024, 2048}) {
        shapes.push_back({dim, 2048 / dim, 2048 / dim, causal, 16384 / length, length, length});
      }
    }
  }
  return shapes;
}

/// Device memory that repeats some millions of normal bf16 numbers.
llvm::Expected<DeviceBuffer> RandomBuffer(const DriverTable& driver, int64_t elements,
                                          cu::Stream stream) {
  static const std::vector<uint16_t> kNumbers = [] {
    std::vector<uint16_t> numbers((1 << 22) + 4099);
    std::mt19937 engine(7);
    std::normal_distribution<float> normal;
    for (uint16_t& x : numbers) x = FloatToBf16(normal(engine));
    return numbers;
  }();
  llvm::Expected<DeviceBuffer> buffer = DeviceBuffer::Allocate(driver, 2 * elements);
  if (!buffer) return buffer.takeError();
  int64_t done = std::min<int64_t>(elements, kNumbers.size());
  if (llvm::Error e = CheckDriver(
          driver, "cuMemcpyHtoDAsync",
          driver.memcpy_htod_async(buffer->pointer(), kNumbers.data(), 2 * done, stream))) {
    return e;
  }
  while (done < elements) {
    const int64_t count = std::min(done, elements - done);
    if (llvm::Error e =
            CheckDriver(driver, "cuMemcpyDtoDAsync",
                        driver.memcpy_dtod_async(buffer->pointer() + 2 * done, buffer->pointer(),
                                                 2 * count, stream))) {
      return e;
    }
    done += count;
  }
  return buffer;
}

/// The candidates of one request, loaded.
struct Field {
  std::vector<Candidate> candidates;
  std::vector<std::string> labels;  ///< Of the kernels.
  std::vector<std::unique_ptr<TrialKernel>> kernels;
};

class Bench {
 public:
  Bench(OpenedGpu gpu, cu::Stream stream, L2Flush flush)
      : gpu_(std::move(gpu)), stream_(stream), flush_(std::move(flush)) {}

  llvm::Error Run(const std::vector<Shape>& shapes, llvm::raw_ostream& os) {
    for (const Shape& shape : shapes) {
      llvm::Expected<Field*> field = FieldOf(shape.Spec());
      if (!field) return field.takeError();
      if (llvm::Error error = Time(shape, **field, os)) return error;
    }
    return llvm::Error::success();
  }

 private:
  llvm::Expected<Field*> FieldOf(const std::string& json);
  llvm::Error Time(const Shape& shape, const Field& field, llvm::raw_ostream& os);
  llvm::Expected<std::vector<uint16_t>> Output(const TrialKernel& kernel, const ForwardArgs& args,
                                               int64_t elements);

  OpenedGpu gpu_;
  cu::Stream stream_;
  L2Flush flush_;
  Compiler compiler_{CompilerOptions{}};
  std::map<std::string, Field> fields_;
};

llvm::Expected<Field*> Bench::FieldOf(const std::string& json) {
  const auto [found, inserted] = fields_.try_emplace(json);
  Field& field = found->second;
  if (!inserted) return &field;
  llvm::Expected<AttentionSpec> spec = ParseSpec(json);
  if (!spec) return spec.takeError();
  field.candidates = Sm90Candidates(ResolveKernelSpec(*spec), Arch::kSm90a);
  std::vector<const KernelPlan*> plans;
  for (const Candidate& candidate : field.candidates) plans.push_back(&candidate.plan);
  const std::vector<CompiledPlan> compiled = CompilePlans(compiler_, plans);
  for (size_t i = 0; i < compiled.size(); ++i) {
    const Candidate& candidate = field.candidates[i];
    if (compiled[i].output == nullptr) {
      llvm::errs() << candidate.label << ": " << compiled[i].problem << '\n';
      continue;
    }
    auto kernel =
        TrialKernel::Load(gpu_, candidate.plan, LaunchDefaultsOf(*spec), *compiled[i].output);
    if (!kernel) return kernel.takeError();
    field.kernels.push_back(std::move(*kernel));
    field.labels.push_back(candidate.label);
  }
  return &field;
}

llvm::Expected<std::vector<uint16_t>> Bench::Output(const TrialKernel& kernel,
                                                    const ForwardArgs& args, int64_t elements) {
  const DriverTable& driver = *gpu_.driver;
  const auto o = reinterpret_cast<cu::DevicePtr>(args.o.data);
  std::vector<uint16_t> host(std::min<int64_t>(elements, 1 << 22));
  if (llvm::Error e = CheckDriver(driver, "cuMemsetD16Async",
                                  driver.memset_d16_async(o, 0x7fa5, elements, stream_))) {
    return e;
  }
  if (llvm::Error e = kernel.Launch(args, stream_)) return e;
  if (llvm::Error e =
          CheckDriver(driver, "cuMemcpyDtoHAsync",
                      driver.memcpy_dtoh_async(host.data(), o, 2 * host.size(), stream_))) {
    return e;
  }
  if (llvm::Error e =
          CheckDriver(driver, "cuStreamSynchronize", driver.stream_synchronize(stream_))) {
    return e;
  }
  return host;
}

float LargestDifference(const std::vector<uint16_t>& a, const std::vector<uint16_t>& b) {
  float largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const float difference = std::fabs(Bf16ToFloat(a[i]) - Bf16ToFloat(b[i]));
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/// Contiguous [batch, seq, heads, dim].
TensorArg Tensor(const DeviceBuffer& buffer, int64_t seq, int64_t heads, int64_t dim) {
  return {reinterpret_cast<void*>(buffer.pointer()), {seq * heads * dim, heads * dim, dim}};
}

llvm::Error Bench::Time(const Shape& shape, const Field& field, llvm::raw_ostream& os) {
  const DriverTable& driver = *gpu_.driver;
  const int64_t elements_q = shape.batch * shape.seqlen_q * shape.heads_q * shape.dim;
  const int64_t elements_kv = shape.batch * shape.seqlen_kv * shape.heads_kv * shape.dim;
  DeviceBuffer buffers[4];
  const int64_t sizes[] = {elements_q, elements_kv, elements_kv, elements_q};
  for (int i = 0; i < 4; ++i) {
    llvm::Expected<DeviceBuffer> buffer = RandomBuffer(driver, sizes[i], stream_);
    if (!buffer) return buffer.takeError();
    buffers[i] = std::move(*buffer);
  }
  ForwardArgs args;
  args.q = Tensor(buffers[0], shape.seqlen_q, shape.heads_q, shape.dim);
  args.k = Tensor(buffers[1], shape.seqlen_kv, shape.heads_kv, shape.dim);
  args.v = Tensor(buffers[2], shape.seqlen_kv, shape.heads_kv, shape.dim);
  args.o = Tensor(buffers[3], shape.seqlen_q, shape.heads_q, shape.dim);
  args.batch = shape.batch;
  args.heads_q = shape.heads_q;
  args.heads_kv = shape.heads_kv;
  args.seqlen_q = shape.seqlen_q;
  args.seqlen_kv = shape.seqlen_kv;
  for (const auto& kernel : field.kernels) {
    llvm::Expected<int64_t> bytes = kernel->WorkspaceBytes(args);
    if (!bytes) return bytes.takeError();
    args.workspace_bytes = std::max(args.workspace_bytes, *bytes);
  }
  DeviceBuffer workspace;
  if (args.workspace_bytes > 0) {
    llvm::Expected<DeviceBuffer> buffer = DeviceBuffer::Allocate(driver, args.workspace_bytes);
    if (!buffer) return buffer.takeError();
    workspace = std::move(*buffer);
    args.workspace = reinterpret_cast<void*>(workspace.pointer());
    driver.memset_d8_async(workspace.pointer(), 0, kSplitCounterBytes, stream_);
  }
  std::vector<float> differences;
  std::vector<uint16_t> truth;
  for (const auto& kernel : field.kernels) {
    llvm::Expected<std::vector<uint16_t>> output = Output(*kernel, args, elements_q);
    if (!output) return output.takeError();
    if (truth.empty()) truth = *output;
    differences.push_back(LargestDifference(truth, *output));
  }
  std::vector<std::vector<double>> times(field.kernels.size());
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < field.kernels.size(); ++i) {
      llvm::Expected<std::vector<double>> some =
          TimeLaunches(driver, *field.kernels[i], args, flush_, stream_, {2, 5});
      if (!some) return some.takeError();
      times[i].insert(times[i].end(), some->begin(), some->end());
    }
  }
  os << llvm::formatv("== d{0} {1}/{2} {3} {4}x{5}x{6}\n", shape.dim, shape.heads_q, shape.heads_kv,
                      shape.causal ? "causal" : "full", shape.batch, shape.seqlen_q,
                      shape.seqlen_kv);
  const double own = Median(times[0]);
  for (size_t i = 0; i < field.kernels.size(); ++i) {
    const double ms = Median(times[i]);
    os << llvm::formatv(
        "{0,-40} {1,9:F1} us {2,6:F0} GB/s {3,5:F0} TFLOP/s  x {4:F3}  diff {5:F4}  regs {6} "
        "spill {7} resident {8}{9}\n",
        field.labels[i], ms * 1e3, shape.kv_bytes() / ms / 1e6, shape.flop() / ms / 1e9, own / ms,
        differences[i], field.kernels[i]->figures().registers,
        field.kernels[i]->figures().spill_store_bytes, field.kernels[i]->resident(),
        field.kernels[i]->figures().serialized_wgmma ? " SERIALISED" : "");
  }
  os.flush();
  return llvm::Error::success();
}

/// The problems of "decode", "short" or numbers between colons.
llvm::Expected<std::vector<Shape>> ParseShapes(llvm::StringRef text) {
  if (text == "decode") return DecodeShapes();
  if (text == "short") return ShortShapes();
  llvm::SmallVector<llvm::StringRef, 7> parts;
  text.split(parts, ':');
  Shape s = {};
  if (parts.size() != 7 || parts[0].getAsInteger(10, s.dim) ||
      parts[1].getAsInteger(10, s.heads_q) || parts[2].getAsInteger(10, s.heads_kv) ||
      parts[4].getAsInteger(10, s.batch) || parts[5].getAsInteger(10, s.seqlen_q) ||
      parts[6].getAsInteger(10, s.seqlen_kv)) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(), "no set of problems: " + text);
  }
  s.causal = parts[3] == "causal";
  return std::vector<Shape>{s};
}

llvm::Error RunAll(const std::vector<llvm::StringRef>& sets, llvm::raw_ostream& os) {
  llvm::Expected<OpenedGpu> gpu = OpenGpu(0);
  if (!gpu) return gpu.takeError();
  ScopedContext current(*gpu->driver, gpu->device->context());
  if (llvm::Error error = current.TakeError()) return error;
  llvm::Expected<DeviceStream> stream = DeviceStream::Create(*gpu->driver);
  if (!stream) return stream.takeError();
  llvm::Expected<L2Flush> flush = L2Flush::Create(*gpu->driver, 64 << 20);
  if (!flush) return flush.takeError();
  Bench bench(*gpu, stream->get(), std::move(*flush));
  for (const llvm::StringRef set : sets) {
    llvm::Expected<std::vector<Shape>> shapes = ParseShapes(set);
    if (!shapes) return shapes.takeError();
    if (llvm::Error error = bench.Run(*shapes, os)) return error;
  }
  return llvm::Error::success();
}

}  // namespace
}  // namespace attnjit

int main(int argc, char** argv) {
  const std::vector<llvm::StringRef> sets(argv + 1, argv + argc);
  if (sets.empty()) {
    std::fprintf(stderr, "usage: attnjit_candidate_bench decode|short|D:HQ:HKV:MASK:B:SQ:SKV ..\n");
    return 2;
  }
  if (llvm::Error error = attnjit::RunAll(sets, llvm::outs())) {
    llvm::errs() << llvm::toString(std::move(error)) << '\n';
    return 1;
  }
  return 0;
}
