// KernelPlan -> CUDA source: one self-contained translation unit, byte for byte what NVRTC
// compiles.
#ifndef ATTNJIT_GENERATOR_EMIT_H_
#define ATTNJIT_GENERATOR_EMIT_H_

#include <string>
#include <vector>

#include "generator/planner.h"

namespace attnjit {

/// The source: a comment with the canonical kernel spec, the headers that the family's entry.h
/// includes (each once, in order, from the templates embedded at build time), the plan as a
/// constexpr, and the entry point named plan.name. Also accepted by plain nvcc -std=c++20.
std::string EmitSource(const KernelPlan& plan);

/// NVRTC's options for this plan, arch included, in order: part of the key.
std::vector<std::string> CompileOptions(const KernelPlan& plan);

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_EMIT_H_
