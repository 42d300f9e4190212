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

/* 0 to 3 are also the exit codes of the command line. */
typedef int32_t attnjit_status;
enum {
  ATTNJIT_OK = 0,
  ATTNJIT_FAILED = 1,      /* The toolchain, driver or system failed. */
  ATTNJIT_INVALID = 2,     /* The spec or an argument is invalid: nothing was launched. */
  ATTNJIT_UNSUPPORTED = 3, /* A valid spec that this GPU cannot run. */
  ATTNJIT_NOT_BUILT = 5,   /* In no cache, and compiling was not allowed. */
  ATTNJIT_PENDING = 6,     /* Not done yet. */
  ATTNJIT_CANCELLED = 7,
  ATTNJIT_NOT_READY_IN_CAPTURE = 8, /* Not loaded, and the stream is being captured. */
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
typedef struct attnjit_text attnjit_text;     /* A string that the caller owns. */
typedef struct attnjit_future attnjit_future; /* A kernel that is being prepared. */

typedef int32_t attnjit_event_kind;
enum {
  ATTNJIT_EVENT_HIT = 0,  /* Found in a cache; origin: "disk", "layer", "remote". */
  ATTNJIT_EVENT_MISS = 1, /* In no cache. */
  ATTNJIT_EVENT_COMPILE_BEGIN = 2,
  ATTNJIT_EVENT_COMPILE_END = 3, /* seconds; text: "" or what went wrong. */
  ATTNJIT_EVENT_LOAD = 4,        /* A driver has loaded it. */
  ATTNJIT_EVENT_WARNING = 5,     /* text, also given to log. */
};

/* 56 bytes. Strings live as long as the call; they are never null. */
typedef struct attnjit_event {
  size_t struct_size;
  attnjit_event_kind kind;
  int32_t reserved;
  const char* kernel; /* Its name. */
  const char* key;
  const char* origin;
  const char* text;
  double seconds;
} attnjit_event;

typedef int32_t attnjit_log_level;
enum { ATTNJIT_LOG_WARNING = 1, ATTNJIT_LOG_ERROR = 2 };

/* 48 bytes. Functions that an engine calls, each with user; null ones are not called. They run in
 * whatever thread uses the engine, several at a time, must not use the engine, and must not throw.
 */
typedef struct attnjit_callbacks {
  size_t struct_size;
  void* user;
  void (*log)(void* user, attnjit_log_level level, const char* message);
  void (*event)(void* user, const attnjit_event* event);
  /* Workspace for launches whose arguments have none: zeroed device memory of the device, 16-byte
   * aligned, good for work in the stream; null: the launch fails. It is given back right after the
   * launch was enqueued: free it in the order of the stream. */
  void* (*allocate)(void* user, size_t bytes, int32_t device, void* stream);
  void (*release)(void* user, void* memory, int32_t device, void* stream);
} attnjit_callbacks;

/* 80 bytes. Null strings and zeros are the defaults; so is a null pointer to the whole. Where the
 * defaults leave something open, the environment decides (docs/fleet.md). */
typedef struct attnjit_engine_options {
  size_t struct_size;
  const char* cache_dir;  /* Null: $ATTNJIT_CACHE_DIR, $XDG_CACHE_HOME/attnjit, ~/.cache/attnjit. */
  const char* nvrtc_path; /* Null: $ATTNJIT_NVRTC, then the usual places. */
  const char* driver_path; /* Null: libcuda.so.1. */
  int32_t no_disk_cache;   /* 1: keep kernels in memory only. */
  int32_t never_compile;   /* 1: kernels come out of the cache or not at all (ATTNJIT_NOT_BUILT). */
  const attnjit_callbacks* callbacks; /* Copied; null: none. */
  const char* read_only_cache_dirs;   /* Separated by ':'; null: $ATTNJIT_CACHE_LAYERS. */
  uint64_t cache_max_bytes;           /* 0: $ATTNJIT_CACHE_MAX_BYTES, else no cap. */
  int32_t group_shared_cache;         /* 1: the user's group shares the directory. */
  int32_t trust_cache_owners;         /* 1: use the directories whoever owns them. */
  int32_t async_threads;              /* For attnjit_prepare_async; 0: 2. */
  int32_t reserved;                   /* 0 */
} attnjit_engine_options;

/* 24 bytes. */
typedef struct attnjit_get_options {
  size_t struct_size;
  void* stream;          /* Where it is to be launched next; null: not said. */
  int32_t allow_compile; /* 1: compile what no cache has. 0: ATTNJIT_NOT_BUILT then, at once. */
  int32_t reserved;      /* 0 */
} attnjit_get_options;

/* 16 bytes. */
typedef struct attnjit_async_options {
  size_t struct_size;
  int32_t priority; /* Higher ones first; of equal ones the older. */
  int32_t reserved; /* 0 */
} attnjit_async_options;

/* 80 bytes. Counts since the engine was made. */
typedef struct attnjit_statistics {
  size_t struct_size;
  uint64_t loaded_hits; /* Prepared before, by this text: answered without any work. */
  uint64_t disk_hits;
  uint64_t layer_hits; /* In a read-only directory. */
  uint64_t remote_hits;
  uint64_t misses;
  uint64_t compilations;
  uint64_t failed_compilations;
  uint64_t compile_nanoseconds;
  uint64_t loads;
} attnjit_statistics;

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

/* As attnjit_prepare, for the path of a request: without allow_compile it never compiles and never
 * waits for a compiler, and while options->stream is being captured it gives loaded kernels only
 * (else ATTNJIT_NOT_READY_IN_CAPTURE, with nothing done). Null options: all zeros. */
ATTNJIT_API attnjit_status attnjit_get(attnjit_engine* engine, const char* spec, size_t spec_bytes,
                                       int32_t device, const attnjit_get_options* options,
                                       attnjit_kernel** kernel, attnjit_error** error);

/* As attnjit_prepare, in a thread of the engine's. The spec is parsed now, so that its mistakes are
 * errors of this call. Null options: priority 0. */
ATTNJIT_API attnjit_status attnjit_prepare_async(attnjit_engine* engine, const char* spec,
                                                 size_t spec_bytes, int32_t device,
                                                 const attnjit_async_options* options,
                                                 attnjit_future** future, attnjit_error** error);
/* Waits for at most timeout_ns (0: looks; negative: until it is done). ATTNJIT_OK: *kernel is a new
 * handle, each time. ATTNJIT_PENDING: not yet. ATTNJIT_CANCELLED: it was, or the engine has ended.
 * Else as attnjit_prepare. kernel may be null. */
ATTNJIT_API attnjit_status attnjit_future_wait(attnjit_future* future, int64_t timeout_ns,
                                               attnjit_kernel** kernel, attnjit_error** error);
/* What waits in line is not begun; what is being compiled goes on into the cache, for the next who
 * asks. Waiting gives ATTNJIT_CANCELLED from now on, unless it was done. */
ATTNJIT_API void attnjit_future_cancel(attnjit_future* future);
/* Does not cancel. Null: does nothing. */
ATTNJIT_API void attnjit_future_destroy(attnjit_future* future);

/* ATTNJIT_OK: there is a kernel for it on arch (null: the spec's own). ATTNJIT_UNSUPPORTED: the
 * error's details say what every kernel family lacks. Nothing is compiled. */
ATTNJIT_API attnjit_status attnjit_supported(const char* spec, size_t spec_bytes, const char* arch,
                                             attnjit_error** error);
/* One line of JSON: defaults filled, aliases resolved, keys sorted; equal for equal requests. */
ATTNJIT_API attnjit_status attnjit_canonical_spec(const char* spec, size_t spec_bytes,
                                                  attnjit_text** text, attnjit_error** error);
/* The CUDA source of a spec's kernel, and its plan with the reasons for it, as JSON. */
ATTNJIT_API attnjit_status attnjit_source(const char* spec, size_t spec_bytes, const char* arch,
                                          attnjit_text** text, attnjit_error** error);
ATTNJIT_API attnjit_status attnjit_explain_json(const char* spec, size_t spec_bytes,
                                                const char* arch, attnjit_text** text,
                                                attnjit_error** error);
/* "<request>-<toolchain>"; the second part is empty where there is no NVRTC. */
ATTNJIT_API attnjit_status attnjit_key(attnjit_engine* engine, const char* spec, size_t spec_bytes,
                                       const char* arch, attnjit_text** text,
                                       attnjit_error** error);
ATTNJIT_API const char* attnjit_text_data(const attnjit_text* text); /* Null: "". */
ATTNJIT_API size_t attnjit_text_size(const attnjit_text* text);      /* Without the zero. */
ATTNJIT_API void attnjit_text_destroy(attnjit_text* text);           /* Null: does nothing. */

/* Fills as much of *statistics as its struct_size says. */
ATTNJIT_API attnjit_status attnjit_engine_statistics(const attnjit_engine* engine,
                                                     attnjit_statistics* statistics,
                                                     attnjit_error** error);

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

/* The same for tensors as DLPack's DLTensor describes them: shapes, strides (null: contiguous) and
 * dtypes come from there. q, k, v and o have the axes of the request's layout (bshd, bhsd, or for
 * thd tokens, heads, head_dim); lse [batch, heads_q, seqlen_q], or packed [heads_q, total_q]. All
 * are on the kernel's device. 112 bytes. */
struct DLTensor;
typedef struct attnjit_dlpack_args {
  size_t struct_size;
  const struct DLTensor* q;
  const struct DLTensor* k;
  const struct DLTensor* v;
  const struct DLTensor* o;
  const struct DLTensor* lse;           /* Null where the request has "lse": false. */
  const struct DLTensor* cu_seqlens_q;  /* Packed: int32 [batch + 1]; else null. */
  const struct DLTensor* cu_seqlens_kv; /* Packed: int32 [batch + 1]; else null. */
  int64_t max_seqlen_q;                 /* Packed: at least the longest sequence's. */
  int64_t max_seqlen_kv;                /* Packed: at least the longest sequence's. */
  double softmax_scale;                 /* With ATTNJIT_OVERRIDE_SOFTMAX_SCALE. */
  uint32_t overrides;                   /* ATTNJIT_OVERRIDE_SOFTMAX_SCALE or 0. */
  int32_t reserved;                     /* 0 */
  void* workspace;                      /* As in attnjit_forward_args. */
  size_t workspace_bytes;
} attnjit_dlpack_args;
ATTNJIT_API attnjit_status attnjit_launch_forward_dlpack(const attnjit_kernel* kernel,
                                                         const attnjit_dlpack_args* args,
                                                         void* stream, attnjit_error** error);

/* What went wrong. Null errors answer ATTNJIT_OK and "". */
ATTNJIT_API attnjit_status attnjit_error_status(const attnjit_error* error);
/* The stage: "argument", "spec", "plan", "compile", "toolchain", "cache", "driver", "launch",
 * "not_built", "capture", "internal". */
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
