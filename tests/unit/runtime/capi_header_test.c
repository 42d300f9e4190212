/* attnjit.h is C: compiled as C99, with the layouts that it states. */
#include "attnjit/attnjit.h"

#define STATIC_ASSERT(name, condition) typedef char name[(condition) ? 1 : -1]
STATIC_ASSERT(options_size, sizeof(attnjit_engine_options) == 80);
STATIC_ASSERT(options_never, offsetof(attnjit_engine_options, never_compile) == 36);
STATIC_ASSERT(callbacks_size, sizeof(attnjit_callbacks) == 48);
STATIC_ASSERT(event_size, sizeof(attnjit_event) == 56);
STATIC_ASSERT(get_size, sizeof(attnjit_get_options) == 24);
STATIC_ASSERT(async_size, sizeof(attnjit_async_options) == 16);
STATIC_ASSERT(statistics_size, sizeof(attnjit_statistics) == 80);
STATIC_ASSERT(dlpack_size, sizeof(attnjit_dlpack_args) == 112);
STATIC_ASSERT(tensor_size, sizeof(attnjit_tensor) == 40);
STATIC_ASSERT(args_size, sizeof(attnjit_forward_args) == 320);
STATIC_ASSERT(tensor_dtype, offsetof(attnjit_tensor, dtype) == 32);
STATIC_ASSERT(args_q, offsetof(attnjit_forward_args, q) == 8);
STATIC_ASSERT(args_lse, offsetof(attnjit_forward_args, lse) == 168);
STATIC_ASSERT(args_batch, offsetof(attnjit_forward_args, batch) == 208);
STATIC_ASSERT(args_cu_seqlens, offsetof(attnjit_forward_args, cu_seqlens_q) == 248);
STATIC_ASSERT(args_scale, offsetof(attnjit_forward_args, softmax_scale) == 280);
STATIC_ASSERT(args_overrides, offsetof(attnjit_forward_args, overrides) == 296);

uint32_t AbiVersionSeenFromC(void);
uint32_t AbiVersionSeenFromC(void) {
  attnjit_forward_args args = {0};
  args.struct_size = sizeof(args);
  return args.struct_size != 0 ? attnjit_abi_version() : 0;
}
