// Comparisons.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_PREDICATE_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_PREDICATE_H_

#include "llvm/ADT/ArrayRef.h"
#include "runtime/emulator/ops/form_table.h"

namespace attnjit::emulator {

/// setp and set.
llvm::ArrayRef<OpcodeDecoder> PredicateDecoders();
/// testp.
void AddPropertyForms(FormTable& table);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_PREDICATE_H_
