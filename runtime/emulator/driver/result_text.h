// The driver's names and texts for the codes that emulated devices return.
#ifndef ATTNJIT_RUNTIME_EMULATOR_DRIVER_RESULT_TEXT_H_
#define ATTNJIT_RUNTIME_EMULATOR_DRIVER_RESULT_TEXT_H_

#include "runtime/cuda_types.h"

namespace attnjit::emulator {

/// "CUDA_ERROR_INVALID_VALUE"; null for a code that is none of the driver's or never returned here.
const char* ResultName(cu::Result result);
/// "invalid argument"; null likewise.
const char* ResultText(cu::Result result);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_DRIVER_RESULT_TEXT_H_
