// Language features that make PTX of every kind: initialised variables, addresses in them, calls
// with aggregates, switches, local arrays, constant memory, atomics, inline assembly with scopes.
struct Mixed {
  int a;
  float b;
  double c;
  char d[5];
};
struct Holder {
  char pad;
  int* pointer;
  short last;
};
#pragma pack(push, 1)
struct Packed {
  char pad;
  int* pointer;
  short last;
};
#pragma pack(pop)

__constant__ float table[16] = {1, 2, 3};
__device__ int grid[4][3] = {{1, 2}, {3}};
__device__ int* inside = &grid[1][2];
__device__ double number = 1.5;
__device__ const char* text = "hello";
__device__ Mixed mixed = {1, 2.5f, 3.25, {1, 2, 3, 4, 5}};
__device__ Holder holder = {1, &grid[0][1], 7};
__device__ Packed packed = {1, &grid[0][1], 7};

__device__ __noinline__ float Scale(float x, Mixed m) { return x * m.b + m.a; }
__device__ __noinline__ Mixed Make(int a) {
  Mixed m;
  m.a = a;
  m.b = a * 2.f;
  m.c = a;
  for (int i = 0; i < 5; ++i) m.d[i] = a + i;
  return m;
}
__device__ __noinline__ void Increment(float* p) { *p += 1; }
__device__ __noinline__ float4 Combine(float4 a, float2 b) {
  return make_float4(a.x + b.x, a.y, a.z, a.w + b.y);
}

__device__ float Choose(int n, const float* in) {
  switch (n) {
    case 0:
      return in[3];
    case 1:
      return sinf(in[0]);
    case 2:
      return table[n + 1];
    case 3:
      return __expf(in[3]);
    case 4:
      return powf(in[2], 3.3f);
    case 5:
      return tanhf(in[1]) + erff(in[4]);
    case 6:
      return rsqrtf(in[1]);
    default:
      return __fdividef(in[1], in[2]);
  }
}

extern __shared__ __align__(128) unsigned char dynamic[];

extern "C" __global__ void __launch_bounds__(256, 2)
    torture(float* out, const Mixed* in, int n, const __grid_constant__ Mixed by_value) {
  __shared__ float fixed[64];
  float local[40];
  for (int i = 0; i < 40; ++i) local[i] = in[i].b;
  local[n % 40] = 3;
  fixed[threadIdx.x & 63] = out[threadIdx.x] + local[(n + 1) % 40];
  dynamic[threadIdx.x] = n;
  __syncthreads();
  Increment(out + 1);
  out[10] = Scale(out[3], Make(n)) + fixed[(threadIdx.x + 1) & 63] + by_value.b + Choose(n, out);
  atomicAdd(out, 1.f);
  atomicCAS(reinterpret_cast<int*>(out) + 1, 1, 2);
  atomicMax(reinterpret_cast<int*>(out), n);
  atomicAdd(reinterpret_cast<double*>(out), 2.0);
  out[11] = mixed.b + grid[n][1] + number + text[n] + *inside + *holder.pointer + *packed.pointer;
  reinterpret_cast<float4*>(out)[1] =
      Combine(reinterpret_cast<float4*>(out)[0], reinterpret_cast<float2*>(out)[1]);
  out[12] = __shfl_xor_sync(~0u, out[1], 3) + __ballot_sync(~0u, n > 3) + __popc(n) + __clz(n) +
            __brev(n) + __byte_perm(n, n, 0x123) + __reduce_add_sync(~0u, n);
  unsigned long long q = static_cast<unsigned long long>(n) * 12345 % (n + 3);
  out[15] = q + (n / 7) * (n % 5) + __mulhi(n, 77) + __ldg(out + 1) + clock64();
  asm volatile(
      "{ .reg .pred p; .reg .b32 t<3>; setp.ne.b32 p, %1, 0; @p bra L; mov.b32 t0, 1; add.u32 t1, "
      "t0, t0; mov.b32 %0, t1; L: }"
      : "=r"(n)
      : "r"(n));
  asm volatile("{ .reg .pred p; L: setp.ne.b32 p, %0, 0; @!p bra L; }" ::"r"(n));
  out[17] = n;
  if (n == 77) asm volatile("trap;");
  __threadfence();
  __syncwarp();
}
