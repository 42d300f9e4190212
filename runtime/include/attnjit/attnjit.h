/* attnjit: attention kernels made for exactly the computation you describe. The C interface.
 *
 *   attnjit_engine* engine = NULL;
 *   attnjit_kernel* kernel = NULL;
 *   attnjit_error* error = NULL;
 *   const char spec[] = "{\"head_dim\":128,\"dtype\":\"bf16\",\"mask\":\"causal\"}";
 *   if (attnjit_engine_create(NULL, &engine, &error) ||
 *       attnjit_prepare(engine, spec, sizeof(spec) - 1, 0, &kernel, &error)) {
 *     fprintf(stderr, "%s\n", attnjit_error_message(error));
 *   }
 *   attnjit_forward_args args = {.struct_size = sizeof(args), ...};
 *   attnjit_launch_forward(kernel, &args, stream, &error);
 *
 * Rules that hold everywhere
 *  - Every function that can fail returns an attnjit_status and takes an attnjit_error** last. That
 *    may be null; else it receives an error to destroy on failure and null on success.
 *  - No C++ exception leaves this interface, no global state changes, nothing is printed.
 *  - Thread safety: any function may run in any thread at any time, on shared engines and kernels
 *    too, except that an object must not be destroyed while another call uses it. A kernel may
 *    outlive its engine.
 *  - Text is UTF-8. Specs come with their length in bytes and need no terminating zero. Strings
 *    returned are zero-terminated and live as long as the object they were asked of.
 *  - Options and arguments start with struct_size, which the caller sets to sizeof of the struct it
 *    was compiled with. Fields may be appended in later versions; existing ones keep their place,
 *    and a field that the caller's struct lacks has its zero meaning.
 *  - Values of enumerations travel as int32_t. Layouts below are for 64-bit targets, without
 *    padding but where a "reserved" field says so.
 */
#ifndef ATTNJIT_ATTNJIT_H_
#define ATTNJIT_ATTNJIT_H_

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define ATTNJIT_API
#else
#define ATTNJIT_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Rises when a program compiled against an older header would no longer work. */
#define ATTNJIT_ABI_VERSION 1

/* Also the exit codes of the command line. */
typedef int32_t attnjit_status;
enum {
  ATTNJIT_OK = 0,
  ATTNJIT_FAILED = 1,      /* The toolchain, driver or system failed. */
  ATTNJIT_INVALID = 2,     /* The spec or an argument is invalid: nothing was launched. */
  ATTNJIT_UNSUPPORTED = 3, /* A valid spec that this GPU cannot run. */
};

typedef int32_t attnjit_dtype;
enum {
  ATTNJIT_DTYPE_NONE = 0,
  ATTNJIT_DTYPE_FP16 = 1,
  ATTNJIT_DTYPE_BF16 = 2,
  ATTNJIT_DTYPE_FP32 = 3,
};

typedef struct attnjit_engine attnjit_engine;
typedef struct attnjit_kernel attnjit_kernel;
typedef struct attnjit_error attnjit_error;

/* 40 bytes. Null strings and zeros are the defaults; so is a null pointer to the whole. */
typedef struct attnjit_engine_options {
  size_t struct_size;
  const char* cache_dir;  /* Null: $ATTNJIT_CACHE_DIR, $XDG_CACHE_HOME/attnjit, ~/.cache/attnjit. */
  const char* nvrtc_path; /* Null: $ATTNJIT_NVRTC, then the usual places. */
  const char* driver_path; /* Null: libcuda.so.1. */
  int32_t no_disk_cache;   /* 1: keep kernels in memory only. */
  int32_t reserved;        /* 0 */
} attnjit_engine_options;

/* 40 bytes; embedded in attnjit_forward_args, so it never grows. A tensor in device memory of the
 * kernel's device. data is 16-byte aligned (lse: 4); element (b, i, h, d) stands at
 * b * stride_batch + i * stride_seq + h * stride_head + d, in elements. Strides are multiples of 8
 * (lse: any) and not negative; those of a dimension of size 1 are not looked at. stride_batch is
 * not used for packed sequences. */
typedef struct attnjit_tensor {
  void* data;
  int64_t stride_batch;
  int64_t stride_seq;
  int64_t stride_head;
  attnjit_dtype dtype; /* Must be the request's (lse: ATTNJIT_DTYPE_FP32). */
  int32_t reserved;    /* 0 */
} attnjit_tensor;

/* Bits of attnjit_forward_args.overrides: take the argument, not the request's value. */
enum {
  ATTNJIT_OVERRIDE_SOFTMAX_SCALE = 1,
  ATTNJIT_OVERRIDE_WINDOW_LEFT = 2,
  ATTNJIT_OVERRIDE_WINDOW_RIGHT = 4,
};

/* 320 bytes.
 *   q [batch, seqlen_q, heads_q, head_dim.qk]   k [batch, seqlen_kv, heads_kv, head_dim.qk]
 *   o [batch, seqlen_q, heads_q, head_dim.v]    v [batch, seqlen_kv, heads_kv, head_dim.v]
 *   lse [batch, heads_q, seqlen_q], fp32, natural logarithm, stride_seq 1; zeroed where the request
 *   has "lse": false.
 * Packed (layout thd): row i of sequence b is token cu_seqlens[b] + i of total_q (total_kv) tokens;
 * lse is [heads_q, total_q]. Not packed: cu_seqlens are null and the totals 0.
 * workspace: device memory for kernels that split K/V over thread blocks, 16-byte aligned, of
 * attnjit_workspace_bytes; null where that is 0. Zero it once, when you allocate it: launches leave
 * it ready for the next, of any kernel and size, in the same stream. Launches that may run at the
 * same time need one each. */
typedef struct attnjit_forward_args {
  size_t struct_size;
  attnjit_tensor q;
  attnjit_tensor k;
  attnjit_tensor v;
  attnjit_tensor o;
  attnjit_tensor lse;
  int64_t batch;
  int64_t heads_q;
  int64_t heads_kv;
  int64_t seqlen_q;             /* Packed: at least the longest sequence's. */
  int64_t seqlen_kv;            /* Packed: at least the longest sequence's. */
  const int32_t* cu_seqlens_q;  /* Packed: batch + 1 offsets in device memory. */
  const int32_t* cu_seqlens_kv; /* Packed: batch + 1 offsets in device memory. */
  int64_t total_q;              /* Packed: tokens in q and o. */
  int64_t total_kv;             /* Packed: tokens in k and v. */
  double softmax_scale;         /* With ATTNJIT_OVERRIDE_SOFTMAX_SCALE. */
  int32_t window_left;          /* With ATTNJIT_OVERRIDE_WINDOW_LEFT. */
  int32_t window_right;         /* With ATTNJIT_OVERRIDE_WINDOW_RIGHT. */
  uint32_t overrides;
  int32_t reserved; /* 0 */
  void* workspace;
  size_t workspace_bytes;
} attnjit_forward_args;

/* ATTNJIT_ABI_VERSION of the library that runs. */
ATTNJIT_API uint32_t attnjit_abi_version(void);
/* "0.1.0" */
ATTNJIT_API const char* attnjit_version(void);

/* An engine: the cache, the compiler and the driver, each opened when first needed. Building needs
 * no driver, serving from a warm cache needs no NVRTC. */
ATTNJIT_API attnjit_status attnjit_engine_create(const attnjit_engine_options* options,
                                                 attnjit_engine** engine, attnjit_error** error);
ATTNJIT_API void attnjit_engine_destroy(attnjit_engine* engine); /* Null: does nothing. */

/* Makes the kernel of a JSON spec ready on a device (its number among the visible GPUs): taken from
 * memory or cache, else compiled. A repeated request costs microseconds. Not for stream captures.
 * The spec's softmax scale and window sizes hold for launches that override nothing. */
ATTNJIT_API attnjit_status attnjit_prepare(attnjit_engine* engine, const char* spec,
                                           size_t spec_bytes, int32_t device,
                                           attnjit_kernel** kernel, attnjit_error** error);

/* Builds into the cache for an arch ("sm_90a"; null: the spec's own) without GPU or driver. The
 * result answers questions about itself, and launching it is an error. */
ATTNJIT_API attnjit_status attnjit_build(attnjit_engine* engine, const char* spec,
                                         size_t spec_bytes, const char* arch,
                                         attnjit_kernel** kernel, attnjit_error** error);
ATTNJIT_API void attnjit_kernel_destroy(attnjit_kernel* kernel); /* Null: does nothing. */

/* "fwd_sm90a_bf16_d128_causal": the entry symbol and the name in the cache. */
ATTNJIT_API const char* attnjit_kernel_name(const attnjit_kernel* kernel);
/* The cache key: two SHA-256 in hex, "<request>-<toolchain>". */
ATTNJIT_API const char* attnjit_kernel_key(const attnjit_kernel* kernel);
/* A JSON object: name, key, arch, origin ("compiled", "memory", "disk"), path, warning, spec, plan,
 * registers, spills, bytes of shared memory and code, versions, compile seconds. */
ATTNJIT_API const char* attnjit_kernel_info_json(const attnjit_kernel* kernel);
/* The translation unit that was compiled, its PTX and its log. */
ATTNJIT_API const char* attnjit_kernel_source(const attnjit_kernel* kernel);
ATTNJIT_API const char* attnjit_kernel_ptx(const attnjit_kernel* kernel);
ATTNJIT_API const char* attnjit_kernel_compile_log(const attnjit_kernel* kernel);
/* The binary; *bytes receives its size. */
ATTNJIT_API const void* attnjit_kernel_cubin(const attnjit_kernel* kernel, size_t* bytes);

/* *bytes receives the workspace that a launch with these sizes needs: 0 for most kernels. It grows
 * with batch, heads and lengths, so that of the largest launch serves all. Pointers and strides in
 * args are not looked at. */
ATTNJIT_API attnjit_status attnjit_workspace_bytes(const attnjit_kernel* kernel,
                                                   const attnjit_forward_args* args, size_t* bytes,
                                                   attnjit_error** error);

/* Launches on a stream (a CUstream or cudaStream_t; null: the default stream) of the device that
 * the kernel was prepared for. Arguments are checked first: on any error nothing is launched.
 * Allocates no device memory, waits for nothing, and may be captured into a CUDA graph. */
ATTNJIT_API attnjit_status attnjit_launch_forward(const attnjit_kernel* kernel,
                                                  const attnjit_forward_args* args, void* stream,
                                                  attnjit_error** error);

/* What went wrong. Null errors answer ATTNJIT_OK and "". */
ATTNJIT_API attnjit_status attnjit_error_status(const attnjit_error* error);
/* The stage: "argument", "spec", "plan", "compile", "toolchain", "cache", "driver", "launch",
 * "internal". */
ATTNJIT_API const char* attnjit_error_stage(const attnjit_error* error);
/* For people: what is wrong and what to do; a line for each problem. */
ATTNJIT_API const char* attnjit_error_message(const attnjit_error* error);
/* For programs: a JSON array with an object for each problem. Stage "spec": pointer (RFC 6901),
 * value, message, nearest. Stage "launch": argument, value, allowed. Else: message. */
ATTNJIT_API const char* attnjit_error_details_json(const attnjit_error* error);
/* The compiler's log, or "". */
ATTNJIT_API const char* attnjit_error_log(const attnjit_error* error);
ATTNJIT_API void attnjit_error_destroy(attnjit_error* error); /* Null: does nothing. */

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ATTNJIT_ATTNJIT_H_ */
