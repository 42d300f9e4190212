/* A server's use of attnjit in C: prepare in the background before the first request, and never compile
 * inside one. Without a GPU it fills the cache for one elsewhere. */
#include <stdio.h>
#include <string.h>

#include "attnjit/attnjit.h"

static const char kSpec[] = "{\"head_dim\": 64, \"dtype\": \"bf16\", \"mask\": \"causal\"}";

static void OnLog(void* user, attnjit_log_level level, const char* message) {
  fprintf((FILE*)user, "%s: %s\n", level == ATTNJIT_LOG_ERROR ? "error" : "warning", message);
}

static int Fail(attnjit_error* error) {
  const int code = attnjit_error_status(error);
  fprintf(stderr, "%s: %s\n", attnjit_error_stage(error), attnjit_error_message(error));
  attnjit_error_destroy(error);
  return code;
}

/* No GPU here: into the cache, for one elsewhere. */
static int BuildAhead(attnjit_engine* engine) {
  attnjit_kernel* kernel = NULL;
  attnjit_error* error = NULL;
  if (attnjit_build(engine, kSpec, strlen(kSpec), "sm_90a", &kernel, &error)) return Fail(error);
  printf("built %s\n", attnjit_kernel_name(kernel));
  attnjit_kernel_destroy(kernel);
  return 0;
}

/* In a request: a kernel that is there, or an error at once. */
static int Serve(attnjit_engine* engine) {
  attnjit_kernel* kernel = NULL;
  attnjit_error* error = NULL;
  if (attnjit_get(engine, kSpec, strlen(kSpec), /*device=*/0, NULL, &kernel, &error)) {
    return Fail(error);
  }
  printf("serving with %s\n", attnjit_kernel_name(kernel));
  attnjit_kernel_destroy(kernel);
  return 0;
}

int main(void) {
  attnjit_callbacks callbacks = {0};
  attnjit_engine_options options = {0};
  attnjit_engine* engine = NULL;
  attnjit_future* future = NULL;
  attnjit_error* error = NULL;
  int code = 0;
  if (attnjit_abi_version() != ATTNJIT_ABI_VERSION) {
    fprintf(stderr, "the library is of another version than attnjit.h\n");
    return 1;
  }
  callbacks.struct_size = sizeof(callbacks);
  callbacks.user = stderr;
  callbacks.log = OnLog;
  options.struct_size = sizeof(options);
  options.callbacks = &callbacks;
  if (attnjit_engine_create(&options, &engine, &error)) return Fail(error);

  /* While the server starts; requests come later. */
  if (attnjit_prepare_async(engine, kSpec, strlen(kSpec), 0, NULL, &future, &error)) {
    code = Fail(error);
  } else if (attnjit_future_wait(future, /*timeout_ns=*/-1, NULL, &error) == ATTNJIT_OK) {
    code = Serve(engine);
  } else if (strcmp(attnjit_error_stage(error), "driver") == 0) {
    printf("no GPU here\n");
    attnjit_error_destroy(error);
    code = BuildAhead(engine);
  } else {
    code = Fail(error);
  }
  attnjit_future_destroy(future);
  attnjit_engine_destroy(engine);
  return code;
}
