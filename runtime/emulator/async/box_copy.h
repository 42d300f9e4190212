// Boxes of tensors: which bytes of global memory belong to which bytes of shared memory (PTX ISA
// 5.5.3, 5.5.7). Plain memory; who may access what is the caller's matter.
//
// In shared memory a box lies row after row, dimension 0 innermost, from a 128-byte aligned
// address; then address bits are exchanged by the swizzle. Rows follow each other without gaps, but
// with a swizzle each begins at a multiple of its width (an H200 says so; rows are never wider). A
// dimension with element stride s has ceil(box / s) elements, at coordinates start, start + s, .. .
#ifndef ATTNJIT_RUNTIME_EMULATOR_ASYNC_BOX_COPY_H_
#define ATTNJIT_RUNTIME_EMULATOR_ASYNC_BOX_COPY_H_

#include <array>
#include <cstdint>
#include <optional>

#include "llvm/ADT/STLFunctionalExtras.h"
#include "runtime/emulator/async/tensor_map.h"

namespace attnjit::emulator {

inline constexpr uint32_t kBoxAlignment = 128;

/// Start of a box in elements; the dimensions from the rank on are 0.
using BoxStart = std::array<int32_t, kMaxTensorRank>;

/// Elements of the box along a dimension.
uint32_t BoxCount(const TensorMapInfo& map, uint32_t dimension);
/// Bytes of the whole box in shared memory: what an mbarrier is told, also of boxes that lie partly
/// or wholly outside of the tensor.
uint32_t BoxBytes(const TensorMapInfo& map);
/// Bytes from the start of one row to the next in shared memory, and of all rows with their gaps.
uint32_t BoxPitch(const TensorMapInfo& map);
uint32_t BoxSpan(const TensorMapInfo& map);

/// One innermost row of a box.
struct BoxRow {
  uint64_t global = 0;   ///< Device address of its first element inside of the tensor.
  uint32_t bytes = 0;    ///< That are inside of the tensor; 0: none.
  uint32_t skipped = 0;  ///< Bytes of the row before those.
  uint32_t offset = 0;   ///< Of the row's first byte in the dense box.
};
/// All rows, in the box's order.
void ForEachBoxRow(const TensorMapInfo& map, const BoxStart& start,
                   llvm::function_ref<void(const BoxRow&)> use);

/// Device addresses from the first to the last byte that the box touches.
struct GlobalSpan {
  uint64_t address = 0;
  uint64_t bytes = 0;
};
/// nullopt: the box lies outside of the tensor.
std::optional<GlobalSpan> TouchedSpan(const TensorMapInfo& map, const BoxStart& start);

/// Fills the box at `offset` of the CTA's shared memory; `shared` is the host's place of window
/// offset 0, `global` that of `span.address`. Outside of the tensor: zero, or a NaN, 0x7ff7 in
/// every 16 bits. Elements of tf32 and tf32_ftz are rounded to 11 significant bits.
void LoadBox(const TensorMapInfo& map, const BoxStart& start, const GlobalSpan& span,
             const uint8_t* global, uint8_t* shared, uint32_t offset);

/// Reads the box at `offset` into `dense`, BoxBytes long, undoing the swizzle.
void ReadBox(const TensorMapInfo& map, const uint8_t* shared, uint32_t offset, uint8_t* dense);

/// The ranges [offset, offset + bytes) of shared memory that the box covers: one where it fills
/// whole lines of 128 bytes, else one for each 8 bytes of what is not a line or has gaps.
void ForEachBoxRange(const TensorMapInfo& map, uint32_t offset,
                     llvm::function_ref<void(uint32_t offset, uint32_t bytes)> use);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_ASYNC_BOX_COPY_H_
