// The part of a tile's work that all families share: the arithmetic on a block of S in registers.
#ifndef ATTNJIT_GENERATOR_MODEL_SOFTMAX_WORK_H_
#define ATTNJIT_GENERATOR_MODEL_SOFTMAX_WORK_H_

#include "generator/model/work.h"

namespace attnjit {

/// A fragment in the registers of its warps.
struct Fragment {
  double rows = 0;     ///< Of S and O, all warps.
  double columns = 0;  ///< tile_n.
  double head_dim_v = 0;
  double lanes_of_row = 4;  ///< That share a row, as mma and wgmma lay it out; tcgen05: 1.
  /// Rows, counted once by each of the lanes that share it.
  double row_states() const { return lanes_of_row * rows; }
};

/// One block: for each element of S a max, a scale-and-subtract, an exponential, a sum and half a
/// conversion; for each row's state its exponential and `kStateSteps` others. `rescales_o`: O
/// shrinks in every block, not only where a maximum grew by much.
Amounts SoftmaxWork(const Fragment& f, bool rescales_o);

/// A boundary block's comparison and choice for each element of S.
Amounts MaskWork(const Fragment& f, int bounds);

/// The end of a tile: O times 1 / sum, rounded; the sum over lanes; lse.
Amounts FinishWork(const Fragment& f, bool lse);

/// Bytes that come from device memory through L2, or go there.
void AddGlobal(Amounts& work, double bytes);

/// Adds to `issue` what the arithmetic in `work` takes of it.
void AddIssue(Amounts& work);

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_MODEL_SOFTMAX_WORK_H_
