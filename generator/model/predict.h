// A problem's tiles counted exactly, and the time that the resource model predicts for them.
#ifndef ATTNJIT_GENERATOR_MODEL_PREDICT_H_
#define ATTNJIT_GENERATOR_MODEL_PREDICT_H_

#include <cstdint>
#include <vector>

#include "generator/model/balance.h"

namespace attnjit {

/// The run-time half of a request. Packed sequences count as ones of equal length.
struct ProblemShape {
  int64_t batch = 1;
  int64_t heads_q = 1;
  int64_t heads_kv = 1;
  int64_t seqlen_q = 0;
  int64_t seqlen_kv = 0;
  int64_t window_left = 0;  ///< Read where the plan's bound is kRuntime.
  int64_t window_right = 0;
};

/// One thread block's turn: a tile, or a piece of one.
struct TileSteps {
  int64_t blocks = 0;
  int64_t boundary_blocks = 0;
  int64_t rows = 0;    ///< Query rows: tokens times heads of the tile.
  bool piece = false;  ///< One of several of its tile.
};

/// What the tiles of one query head of one sequence do, in the order in which they start: by
/// templates/common/mask.h and split.h, the kernel's own arithmetic.
std::vector<TileSteps> StepsOfHead(const KernelPlan& plan, const ProblemShape& shape);

/// Visible pairs of queries and keys, of all heads.
double VisiblePairs(const KernelPlan& plan, const ProblemShape& shape);

/// All tiles of a problem together: what the emulator counts when it runs it.
Amounts TotalWork(const KernelPlan& plan, const ProblemShape& shape);

struct Prediction {
  int64_t turns = 0;  ///< Tiles, or pieces of tiles.
  int64_t blocks = 0;
  int64_t boundary_blocks = 0;
  int64_t rounds = 0;          ///< Turns of the thread block that has most.
  double balance = 1;          ///< Mean work of a thread block / the most.
  double visible_share = 1;    ///< Visible pairs of what the blocks compute.
  double compute_seconds = 0;  ///< Of the SM that is busy longest, from its first load on.
  double memory_seconds = 0;   ///< Q, K, V, O, lse moved once, and partial results.
  double seconds = 0;          ///< Both, and the launch.
  double tflops = 0;           ///< Of the visible pairs.
  Resource bottleneck = Resource::kMatrix;
};

Prediction Predict(const KernelPlan& plan, const ProblemShape& shape, const GpuInfo& gpu);

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_MODEL_PREDICT_H_
