// What a cubin says of itself, by its ELF headers alone: checked before a driver sees the bytes.
//
// A cubin is an ELF64 file of machine EM_CUDA. Where its e_flags hold the compute capability
// depends on the ELF ABI version: bits 0 to 7 up to version 7 (CUDA 12), bits 8 to 15 from version
// 8 (CUDA 13). Read off the output of ptxas 12.8 and 13.0.
#ifndef ATTNJIT_CACHE_CUBIN_H_
#define ATTNJIT_CACHE_CUBIN_H_

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

/// `cubin` is an ELF file for CUDA whose compute capability is that of `arch` ("sm_90a"; the letter
/// leaves no trace in the header), and which defines the function `entry`. Every offset is checked
/// against the size: any bytes may be passed. Pure and thread safe. Errors: CacheError (kDamaged)
/// saying what is wrong.
llvm::Error CheckCubin(llvm::StringRef cubin, llvm::StringRef arch, llvm::StringRef entry);

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_CUBIN_H_
