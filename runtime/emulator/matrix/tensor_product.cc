#include "runtime/emulator/matrix/tensor_product.h"

#include <bit>
#include <cmath>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/matrix/product.h"
#include "runtime/emulator/matrix/tensor_layout.h"

namespace attnjit::emulator {
namespace {

constexpr int kMaxK = 32;
constexpr int kMaxN = 256;
constexpr int kBlockRows = 64;

template <class... Args>
llvm::Error Fail(const char* format, Args&&... args) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 llvm::formatv(format, std::forward<Args>(args)...).str());
}

OperandShape AShape(const TensorProduct& product) {
  const InstructionDescriptor& descriptor = product.descriptor;
  return {descriptor.a, descriptor.m / product.cta_group, descriptor.k,
          descriptor.transpose_a ? Major::kMn : Major::kK, descriptor.negate_a};
}

OperandShape BShape(const TensorProduct& product) {
  const InstructionDescriptor& descriptor = product.descriptor;
  return {descriptor.b, descriptor.n / product.cta_group, descriptor.k,
          descriptor.transpose_b ? Major::kMn : Major::kK, descriptor.negate_b};
}

/// One block's 64 rows of A from tensor memory into panel[k * kBlockRows + row].
void GatherTensorA(const TensorMemory& memory, const TensorProduct& product, const LaneBlock& block,
                   float* panel) {
  const ElementType type = product.descriptor.a;
  const int per = 4 / ElementBytes(type);
  float values[4 * 16];
  for (int column = 0; column < ProductAColumns(product); ++column) {
    const uint32_t* words =
        memory.Column(product.a_address.column + column) + product.a_address.lane + block.lane;
    for (int quarter = 0; quarter < 4; ++quarter) {
      DecodeWords(type, words + quarter * block.block_stride, 16, values);
      for (int row = 0; row < 16; ++row) {
        for (int i = 0; i < per; ++i) {
          float value = values[row * per + i];
          panel[(column * per + i) * kBlockRows + 16 * quarter + row] =
              product.descriptor.negate_a ? -value : value;
        }
      }
    }
  }
}

int LaneOf(const TensorProduct& product, const LaneBlock& block, int row) {
  return product.d.lane + block.lane + row / 16 * block.block_stride + row % 16;
}

/// D's old value as an f32.
uint32_t Widen(const TensorProduct& product, uint32_t word) {
  if (!product.accumulate) return 0;
  float value = product.descriptor.d_f32 ? std::bit_cast<float>(word)
                                         : HalfToFloat(static_cast<uint16_t>(word));
  return std::bit_cast<uint32_t>(std::ldexp(value, -product.scale_shift));
}

uint32_t Narrow(const TensorProduct& product, uint32_t word) {
  return product.descriptor.d_f32 ? word : FloatToHalf(std::bit_cast<float>(word));
}

/// A block whose D is not simply accumulated in place: f16, scaled, or with lanes left out.
void ComputeAside(TensorMemory& memory, const TensorProduct& product, const LaneBlock& block,
                  const float* a, int a_stride, const float* b, int b_stride) {
  uint32_t sums[kMaxN * kBlockRows];
  for (int j = 0; j < block.n; ++j) {
    const uint32_t* column = memory.Column(product.d.column + j);
    for (int row = 0; row < kBlockRows; ++row) {
      sums[j * kBlockRows + row] = Widen(product, column[LaneOf(product, block, row)]);
    }
  }
  LaneProduct(a, a_stride, b, b_stride, product.descriptor.k, block.n, sums, kBlockRows, 16);
  for (int j = 0; j < block.n; ++j) {
    uint32_t* column = memory.Column(product.d.column + j);
    for (int row = 0; row < kBlockRows; ++row) {
      int lane = LaneOf(product, block, row);
      if (!product.disabled[lane]) column[lane] = Narrow(product, sums[j * kBlockRows + row]);
    }
  }
}

void ComputeInPlace(TensorMemory& memory, const TensorProduct& product, const LaneBlock& block,
                    const float* a, int a_stride, const float* b, int b_stride) {
  int lane = product.d.lane + block.lane;
  if (!product.accumulate) {
    for (int j = 0; j < block.n; ++j) {
      uint32_t* column = memory.Column(product.d.column + j) + lane;
      for (int i = 0; i < 4; ++i) std::fill_n(column + i * block.block_stride, 16, 0u);
    }
  }
  LaneProduct(a, a_stride, b, b_stride, product.descriptor.k, block.n,
              memory.Column(product.d.column) + lane, kTensorLanes, block.block_stride);
}

void MarkInitialised(TensorMemory& memory, const TensorProduct& product, const LaneBlock& block) {
  std::bitset<kTensorLanes> lanes;
  for (int row = 0; row < kBlockRows; ++row) lanes.set(LaneOf(product, block, row));
  lanes &= ~product.disabled;
  for (int j = 0; j < block.n; ++j) memory.Initialised(product.d.column + j) |= lanes;
}

}  // namespace

int ProductDColumns(const TensorProduct& product) {
  return ProductBlocks(product.cta_group, product.descriptor.m, product.descriptor.n)[0].n;
}

int ProductAColumns(const TensorProduct& product) {
  return product.descriptor.k * ElementBytes(product.descriptor.a) / 4;
}

llvm::Error CheckTensorProduct(const TensorMemory& memory, const TensorProduct& product) {
  const InstructionDescriptor& descriptor = product.descriptor;
  bool half_lanes = product.cta_group == 1 && descriptor.m == 64;
  if (product.d.lane != 0 && !(half_lanes && product.d.lane == 16)) {
    return Fail("D starts at lane {0}; M = {1} with cta_group::{2} starts at lane 0{3}",
                product.d.lane, descriptor.m, product.cta_group, half_lanes ? " or 16" : "");
  }
  int lanes = half_lanes ? 112 : kTensorLanes;  // The last of four blocks of 32 is half used.
  if (llvm::Error error = memory.CheckRange(product.d, lanes, ProductDColumns(product))) {
    return error;
  }
  if (product.a_in_tensor_memory) {
    if (descriptor.transpose_a) return Fail("A in tensor memory cannot be transposed");
    if (product.a_address.lane != product.d.lane) {
      return Fail("A starts at lane {0}, D at lane {1}", product.a_address.lane, product.d.lane);
    }
    if (llvm::Error error = memory.CheckRange(product.a_address, lanes, ProductAColumns(product))) {
      return error;
    }
  } else if (llvm::Error error = CheckOperand(product.a.matrix, AShape(product), true)) {
    return error;
  }
  return CheckOperand(product.b[0].matrix, BShape(product), true);
}

llvm::Error ComputeTensorProduct(TensorMemory& memory, const TensorProduct& product) {
  const InstructionDescriptor& descriptor = product.descriptor;
  float b[kMaxK * kMaxN];
  OperandShape b_shape = BShape(product);
  for (int cta = 0; cta < product.cta_group; ++cta) {
    if (llvm::Error error =
            GatherShared(product.b[cta].window, product.b[cta].matrix, b_shape,
                         PanelOrder::kNatural, b + cta * b_shape.rows, descriptor.n)) {
      return error;
    }
  }
  float a[kMaxK * kTensorLanes];
  int a_stride = product.a_in_tensor_memory ? kBlockRows : AShape(product).rows;
  if (!product.a_in_tensor_memory) {
    if (llvm::Error error = GatherShared(product.a.window, product.a.matrix, AShape(product),
                                         PanelOrder::kNatural, a, a_stride)) {
      return error;
    }
  }
  bool in_place = descriptor.d_f32 && product.disabled.none() &&
                  (product.scale_shift == 0 || !product.accumulate);
  for (const LaneBlock& block : ProductBlocks(product.cta_group, descriptor.m, descriptor.n)) {
    const float* block_a = a + block.row;
    if (product.a_in_tensor_memory) {
      GatherTensorA(memory, product, block, a);
      block_a = a;
    }
    auto compute = in_place ? ComputeInPlace : ComputeAside;
    compute(memory, product, block, block_a, a_stride, b + block.first_n, descriptor.n);
    MarkInitialised(memory, product, block);
  }
  return llvm::Error::success();
}

}  // namespace attnjit::emulator
