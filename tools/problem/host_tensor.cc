#include "tools/problem/host_tensor.h"

#include <algorithm>

namespace attnjit {
namespace {

constexpr int64_t kFarApart = int64_t{1} << 22;  // Elements.

/// Elements from the first to the last of one batch.
int64_t SpanOfBatch(const TensorGeometry& g) {
  if (g.batch == 0 || g.rows == 0 || g.heads == 0) return 0;
  return (g.rows - 1) * g.stride.seq + (g.heads - 1) * g.stride.head + g.columns;
}

}  // namespace

HostTensor::HostTensor(const TensorGeometry& geometry)
    : geometry_(geometry), host_stride_(geometry.stride) {
  int64_t span = SpanOfBatch(geometry);
  int64_t between = geometry.stride.batch;
  bool apart = geometry.batch > 1 && between > kFarApart && between > 2 * span;
  int64_t slabs = apart ? geometry.batch : 1;
  int64_t slab_span = apart || span == 0 ? span : span + (geometry.batch - 1) * between;
  int64_t slab_units = slab_span * geometry.units_per_element + 2 * kGuardUnits;
  if (apart) host_stride_.batch = slab_units / geometry.units_per_element;
  for (int64_t s = 0; s < slabs; ++s) {
    slabs_.push_back({s * slab_units, slab_units, s * between * geometry.units_per_element * 2});
  }
  device_bytes_ = slabs_.back().device_offset + slab_units * 2;
  units_.assign(slabs * slab_units, kPoison);
}

void HostTensor::Poison() { std::fill(units_.begin(), units_.end(), kPoison); }

}  // namespace attnjit
