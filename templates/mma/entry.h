// The entry point of an `mma` kernel. The source that includes this has defined
// ATTNJIT_KERNEL_NAME and attnjit::kPlan.
#pragma once

#ifndef ATTNJIT_KERNEL_NAME
#include "mma/sample_plan.h"
#define ATTNJIT_KERNEL_NAME attnjit_mma_sample
#endif

#include "mma/forward.h"

extern "C" __global__ void __launch_bounds__(attnjit::kPlan.threads(),
                                             attnjit::kPlan.min_blocks_per_sm)
    ATTNJIT_KERNEL_NAME(const __grid_constant__ attnjit::ForwardParams params) {
  extern __shared__ __align__(1024) attnjit::u8 smem[];
  attnjit::Forward<attnjit::kPlan>(params, smem);
}
