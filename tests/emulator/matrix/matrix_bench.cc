// Times one wgmma and one tcgen05.mma on memory that stays in the cache.
#include <chrono>
#include <cstdio>
#include <vector>

#include "runtime/emulator/matrix/tensor_product.h"
#include "runtime/emulator/matrix/warp_product.h"

namespace attnjit::emulator {
namespace {

template <class Function>
void Time(const char* what, Function function) {
  double best = 1e9;
  for (int round = 0; round < 20; ++round) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; ++i) function();
    std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best = elapsed.count() / 1000 < best ? elapsed.count() / 1000 : best;
  }
  std::printf("%-40s %6.2f us\n", what, best * 1e6);
}

void TimeWarpgroup(const char* what, Major major, bool registers) {
  std::vector<uint8_t> memory(64 << 10, 0x3C);
  std::vector<std::vector<uint32_t>> words(4 * 64 + 16, std::vector<uint32_t>(32));
  std::vector<uint32_t*> pointers;
  for (auto& reg : words) pointers.push_back(reg.data());
  WarpgroupProduct product;
  product.n = 128;
  product.a_in_registers = registers;
  for (int i = 0; i < 16; ++i) product.a_registers[i / 4][i % 4] = pointers[256 + i];
  product.a = {1024, 0, 1024, Swizzle::k128B, 0};
  product.b = {32768, 2048, 1024, Swizzle::k128B, 0};
  product.b_major = major;
  product.window = {memory.data(), 0, 64 << 10};
  product.d = pointers.data();
  Time(what, [&] { llvm::cantFail(ComputeWarpgroupProduct(product)); });
}

void TimeTensor() {
  std::vector<uint8_t> memory(64 << 10, 0x3C);
  TensorMemory tensor;
  tensor.AllocateAt(0, 512);
  TensorProduct product;
  product.descriptor = {
      ElementType::kBf16, ElementType::kBf16, true, false, false, false, false, 128, 128, 16};
  product.a = {{memory.data(), 0, 64 << 10}, {1024, 0, 1024, Swizzle::k128B, 0}};
  product.b[0] = {{memory.data(), 0, 64 << 10}, {32768, 0, 1024, Swizzle::k128B, 0}};
  Time("tcgen05.mma m128n128k16 bf16 SS",
       [&] { llvm::cantFail(ComputeTensorProduct(tensor, product)); });
}

void TimeWarp() {
  std::vector<std::vector<uint32_t>> words(10, std::vector<uint32_t>(32));
  WarpProduct product;
  for (int i = 0; i < 4; ++i) {
    product.a[i] = words[i].data();
    product.c[i] = product.d[i] = words[6 + i].data();
  }
  product.b[0] = words[4].data();
  product.b[1] = words[5].data();
  Time("mma.sync m16n8k16 f16", [&] { ComputeWarpProduct(product); });
}

}  // namespace
}  // namespace attnjit::emulator

int main() {
  using attnjit::emulator::Major;
  attnjit::emulator::TimeWarpgroup("wgmma m64n128k16 bf16 SS", Major::kK, false);
  attnjit::emulator::TimeWarpgroup("wgmma m64n128k16 bf16 SS, B transposed", Major::kMn, false);
  attnjit::emulator::TimeWarpgroup("wgmma m64n128k16 bf16 RS, B transposed", Major::kMn, true);
  attnjit::emulator::TimeTensor();
  attnjit::emulator::TimeWarp();
  return 0;
}
