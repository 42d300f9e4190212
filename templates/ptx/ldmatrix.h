// Loads of 8 x 8 matrices of 16-bit elements from shared memory. PTX ISA 9.7.14.5.15 "ldmatrix".
//
// Lane 8 * i + r gives the address of row r of matrix i: 16 contiguous bytes, 16-byte aligned. Lane
// l receives elements 2 * (l % 4) and + 1 of row l / 4 of matrix i in result[i]; transposed, of
// column l / 4.
#pragma once

#include "types.h"

namespace attnjit {

ATTNJIT_DEVICE void LoadMatrix4(u32 (&result)[4], u32 address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(result[0]), "=r"(result[1]), "=r"(result[2]), "=r"(result[3])
               : "r"(address)
               : "memory");
}

ATTNJIT_DEVICE void LoadMatrix4Transposed(u32 (&result)[4], u32 address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(result[0]), "=r"(result[1]), "=r"(result[2]), "=r"(result[3])
               : "r"(address)
               : "memory");
}

/// Two matrices: the addresses of lanes 16-31 are not used.
ATTNJIT_DEVICE void LoadMatrix2Transposed(u32 (&result)[2], u32 address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
               : "=r"(result[0]), "=r"(result[1])
               : "r"(address)
               : "memory");
}

}  // namespace attnjit
