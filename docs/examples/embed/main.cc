// Attention inside a C++ program: describe it, prepare the kernel, launch it on a stream.
#include <cstdio>
#include <string>

#include "attnjit/attnjit.hpp"

#ifdef EMBED_HAS_CUDART
#include <cuda_runtime_api.h>
#endif

namespace {

constexpr char kSpec[] = R"({
  "head_dim": 128, "dtype": "bf16", "heads": {"q": 32, "kv": 8},
  "mask": "causal", "align": "bottom_right", "lse": true
})";

int Fail(const attnjit::Error& error) {
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(error.stage().size()), error.stage().data(),
               static_cast<int>(error.message().size()), error.message().data());
  return static_cast<int>(error.code());
}

void Describe(const attnjit::Kernel& kernel) {
  std::printf("%s\n%s\n", std::string(kernel.name()).c_str(),
              std::string(kernel.info_json()).c_str());
}

#ifdef EMBED_HAS_CUDART
/// One launch on tensors of zeros.
int Run(const attnjit::Kernel& kernel) {
  constexpr int64_t kBatch = 2, kSeqlen = 1024, kHeadsQ = 32, kHeadsKv = 8, kHeadDim = 128;
  const size_t q_bytes = kBatch * kSeqlen * kHeadsQ * kHeadDim * 2;
  const size_t kv_bytes = kBatch * kSeqlen * kHeadsKv * kHeadDim * 2;
  const size_t lse_bytes = kBatch * kHeadsQ * kSeqlen * sizeof(float);
  void *q = nullptr, *k = nullptr, *v = nullptr, *o = nullptr;
  float* lse = nullptr;
  cudaStream_t stream = nullptr;
  if (cudaMalloc(&q, q_bytes) != cudaSuccess || cudaMalloc(&k, kv_bytes) != cudaSuccess ||
      cudaMalloc(&v, kv_bytes) != cudaSuccess || cudaMalloc(&o, q_bytes) != cudaSuccess ||
      cudaMalloc(reinterpret_cast<void**>(&lse), lse_bytes) != cudaSuccess ||
      cudaStreamCreate(&stream) != cudaSuccess) {
    std::fprintf(stderr, "no device memory\n");
    return 1;
  }
  cudaMemsetAsync(q, 0, q_bytes, stream);
  cudaMemsetAsync(k, 0, kv_bytes, stream);
  cudaMemsetAsync(v, 0, kv_bytes, stream);

  attnjit::ForwardArgs args;
  args.q = attnjit::Bshd(q, attnjit::DType::kBf16, kSeqlen, kHeadsQ, kHeadDim);
  args.k = attnjit::Bshd(k, attnjit::DType::kBf16, kSeqlen, kHeadsKv, kHeadDim);
  args.v = attnjit::Bshd(v, attnjit::DType::kBf16, kSeqlen, kHeadsKv, kHeadDim);
  args.o = attnjit::Bshd(o, attnjit::DType::kBf16, kSeqlen, kHeadsQ, kHeadDim);
  args.lse = attnjit::Lse(lse, kHeadsQ, kSeqlen);
  args.batch = kBatch;
  args.heads_q = kHeadsQ;
  args.heads_kv = kHeadsKv;
  args.seqlen_q = args.seqlen_kv = kSeqlen;
  if (const attnjit::Status status = kernel.Launch(args, stream); !status) {
    return Fail(status.error());
  }

  // Equal scores: row i attends to i + 1 keys alike, so its lse is ln(i + 1).
  float last = 0;
  cudaMemcpyAsync(&last, lse + kSeqlen - 1, sizeof(last), cudaMemcpyDeviceToHost, stream);
  const cudaError_t done = cudaStreamSynchronize(stream);
  std::printf("launched: %s; lse of row %d is %.4f, ln(%d) is 6.9315\n", cudaGetErrorString(done),
              static_cast<int>(kSeqlen - 1), last, static_cast<int>(kSeqlen));
  return done == cudaSuccess ? 0 : 1;
}
#endif

}  // namespace

int main() {
  attnjit::Result<attnjit::Engine> engine = attnjit::Engine::Create();
  if (!engine) return Fail(engine.error());

  attnjit::Result<attnjit::Kernel> kernel = engine->Prepare(kSpec, /*device=*/0);
  if (kernel) {
    Describe(*kernel);
#ifdef EMBED_HAS_CUDART
    return Run(*kernel);
#else
    return 0;
#endif
  }
  if (kernel.error().stage() != "driver") return Fail(kernel.error());

  // No GPU here: fill the cache for one elsewhere.
  std::printf("no GPU (%s); building for sm_90a\n", std::string(kernel.error().message()).c_str());
  attnjit::Result<attnjit::Kernel> built = engine->Build(kSpec, "sm_90a");
  if (!built) return Fail(built.error());
  Describe(*built);
  return 0;
}
