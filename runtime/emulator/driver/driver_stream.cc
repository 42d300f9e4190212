// Streams, captures, graphs and events of the emulated driver.
#include "runtime/emulator/driver/driver.h"

namespace attnjit::emulator {
namespace {

/// CU_STREAM_LEGACY: the default stream by a name of its own.
const auto kLegacyStream = reinterpret_cast<cu::Stream>(uintptr_t{1});
constexpr unsigned kEventDisableTiming = 2;

void Invalidate(Stream& stream) {
  if (stream.capture == cu::kCaptureActive) stream.capture = cu::kCaptureInvalidated;
}

}  // namespace

cu::Result Driver::FindStream(cu::Stream handle, ContextPtr& context, StreamPtr& stream) const {
  if (cu::Result result = Current(context)) return result;
  if (handle == nullptr || handle == kLegacyStream) {
    stream = context->legacy;
    return cu::kSuccess;
  }
  stream = streams_.Find(handle);
  if (stream == nullptr || stream->context.lock() != context) return cu::kErrorInvalidHandle;
  return cu::kSuccess;
}

cu::Result Driver::RefuseInCapture() {
  cu::Result refused = cu::kSuccess;
  for (const auto& [handle, stream] : streams_) {
    const bool forbids =
        stream->capture == cu::kCaptureActive &&
        (stream->mode == cu::kCaptureGlobal || (stream->mode == cu::kCaptureThreadLocal &&
                                                stream->capturer == std::this_thread::get_id()));
    if (!forbids) continue;
    Invalidate(*stream);
    refused = cu::kErrorStreamCaptureUnsupported;
  }
  return refused;
}

cu::Result Driver::CheckImplicit(const Context& context, const Stream& stream) {
  if (stream.kind != Stream::Kind::kLegacy) return cu::kSuccess;
  cu::Result refused = cu::kSuccess;
  for (const auto& [handle, other] : streams_) {
    if (other->context.lock().get() != &context || other->kind != Stream::Kind::kBlocking ||
        other->capture != cu::kCaptureActive) {
      continue;
    }
    Invalidate(*other);
    refused = cu::kErrorStreamCaptureImplicit;
  }
  return refused;
}

cu::Result Driver::Submit(cu::Stream handle, Work work) {
  ContextPtr context;
  StreamPtr stream;
  {
    Lock lock(mutex_);
    if (cu::Result result = FindStream(handle, context, stream)) return result;
    if (cu::Result result = CheckImplicit(*context, *stream)) return result;
    if (stream->capture == cu::kCaptureInvalidated) return cu::kErrorStreamCaptureInvalidated;
    if (stream->capture == cu::kCaptureActive) {
      stream->graph->steps.push_back(std::move(work));
      return cu::kSuccess;
    }
  }
  return RunNow(*context, *stream, work);
}

cu::Result Driver::RunNow(Context& context, Stream& stream, const Work& work) {
  Lock running(stream.running);
  std::unique_lock<std::shared_mutex> alone(context.order, std::defer_lock);
  std::shared_lock<std::shared_mutex> beside(context.order, std::defer_lock);
  if (stream.kind == Stream::Kind::kLegacy) alone.lock();
  if (stream.kind == Stream::Kind::kBlocking) beside.lock();
  if (context.failure != cu::kSuccess) return context.failure;
  return work(context);
}

cu::Result Driver::StreamCreate(cu::Stream* stream, unsigned flags) {
  if (stream == nullptr || (flags & ~cu::kStreamNonBlocking) != 0) return cu::kErrorInvalidValue;
  Lock lock(mutex_);
  ContextPtr context;
  if (cu::Result result = Current(context)) return result;
  auto made = std::make_shared<Stream>();
  made->context = context;
  if (flags == cu::kStreamNonBlocking) made->kind = Stream::Kind::kNonBlocking;
  *stream = numbers_.Next<cu::Stream>();
  streams_.Add(*stream, std::move(made));
  return cu::kSuccess;
}

cu::Result Driver::StreamDestroy(cu::Stream stream) {
  Lock lock(mutex_);
  return streams_.Remove(stream) != nullptr ? cu::kSuccess : cu::kErrorInvalidHandle;
}

cu::Result Driver::StreamSynchronize(cu::Stream handle) {
  ContextPtr context;
  StreamPtr stream;
  {
    Lock lock(mutex_);
    if (cu::Result result = FindStream(handle, context, stream)) return result;
    if (cu::Result result = CheckImplicit(*context, *stream)) return result;
    if (stream->capture != cu::kCaptureNone) {
      Invalidate(*stream);
      return cu::kErrorStreamCaptureUnsupported;
    }
  }
  return RunNow(*context, *stream, [](Context&) { return cu::kSuccess; });
}

cu::Result Driver::StreamGetCtx(cu::Stream handle, cu::Context* context) {
  if (context == nullptr) return cu::kErrorInvalidValue;
  Lock lock(mutex_);
  ContextPtr owner;
  if (const StreamPtr stream = streams_.Find(handle)) {
    owner = stream->context.lock();
  } else {
    StreamPtr legacy;
    if (cu::Result result = FindStream(handle, owner, legacy)) return result;
  }
  *context = owner->handle;
  return cu::kSuccess;
}

cu::Result Driver::StreamIsCapturing(cu::Stream handle, cu::StreamCaptureStatus* status) {
  if (status == nullptr) return cu::kErrorInvalidValue;
  Lock lock(mutex_);
  ContextPtr context;
  StreamPtr stream;
  if (cu::Result result = FindStream(handle, context, stream)) return result;
  if (cu::Result result = CheckImplicit(*context, *stream)) return result;
  *status = stream->capture;
  return cu::kSuccess;
}

cu::Result Driver::StreamBeginCapture(cu::Stream handle, cu::StreamCaptureMode mode) {
  if (mode < cu::kCaptureGlobal || mode > cu::kCaptureRelaxed) return cu::kErrorInvalidValue;
  Lock lock(mutex_);
  ContextPtr context;
  StreamPtr stream;
  if (cu::Result result = FindStream(handle, context, stream)) return result;
  if (stream->kind == Stream::Kind::kLegacy) return cu::kErrorStreamCaptureUnsupported;
  if (stream->capture != cu::kCaptureNone) return cu::kErrorIllegalState;
  stream->capture = cu::kCaptureActive;
  stream->mode = mode;
  stream->capturer = std::this_thread::get_id();
  stream->graph = std::make_shared<Graph>();
  stream->graph->context = context;
  return cu::kSuccess;
}

cu::Result Driver::StreamEndCapture(cu::Stream handle, cu::Graph* graph) {
  if (graph == nullptr) return cu::kErrorInvalidValue;
  *graph = nullptr;
  Lock lock(mutex_);
  ContextPtr context;
  StreamPtr stream;
  if (cu::Result result = FindStream(handle, context, stream)) return result;
  if (stream->capture == cu::kCaptureNone) return cu::kErrorIllegalState;
  if (stream->mode != cu::kCaptureRelaxed && stream->capturer != std::this_thread::get_id()) {
    return cu::kErrorStreamCaptureWrongThread;
  }
  const bool invalidated = stream->capture == cu::kCaptureInvalidated;
  stream->capture = cu::kCaptureNone;
  std::shared_ptr<Graph> captured = std::move(stream->graph);
  if (invalidated) return cu::kErrorStreamCaptureInvalidated;
  *graph = numbers_.Next<cu::Graph>();
  graphs_.Add(*graph, std::move(captured));
  return cu::kSuccess;
}

cu::Result Driver::GraphInstantiate(cu::GraphExec* exec, cu::Graph graph,
                                    unsigned long long flags) {
  if (exec == nullptr) return cu::kErrorInvalidValue;
  if (flags != 0) return cu::kErrorNotSupported;
  Lock lock(mutex_);
  const std::shared_ptr<Graph> found = graphs_.Find(graph);
  if (found == nullptr) return cu::kErrorInvalidValue;
  *exec = numbers_.Next<cu::GraphExec>();
  graph_execs_.Add(*exec, std::make_shared<Graph>(*found));
  return cu::kSuccess;
}

cu::Result Driver::GraphLaunch(cu::GraphExec exec, cu::Stream stream) {
  std::shared_ptr<Graph> graph;
  {
    Lock lock(mutex_);
    graph = graph_execs_.Find(exec);
    ContextPtr context;
    if (cu::Result result = Current(context)) return result;
    if (graph == nullptr || graph->context.lock() != context) return cu::kErrorInvalidValue;
  }
  return Submit(stream, [graph](Context& context) {
    for (const Work& step : graph->steps) {
      if (context.failure != cu::kSuccess) break;
      // What was checked when it was captured has gone since: a fault of the graph.
      if (step(context) != cu::kSuccess && context.failure == cu::kSuccess) {
        context.failure = cu::kErrorIllegalAddress;
      }
    }
    return cu::kSuccess;
  });
}

cu::Result Driver::GraphExecDestroy(cu::GraphExec exec) {
  Lock lock(mutex_);
  return graph_execs_.Remove(exec) != nullptr ? cu::kSuccess : cu::kErrorInvalidValue;
}

cu::Result Driver::GraphDestroy(cu::Graph graph) {
  Lock lock(mutex_);
  return graphs_.Remove(graph) != nullptr ? cu::kSuccess : cu::kErrorInvalidValue;
}

cu::Result Driver::EventCreate(cu::Event* event, unsigned flags) {
  if (event == nullptr) return cu::kErrorInvalidValue;
  Lock lock(mutex_);
  ContextPtr context;
  if (cu::Result result = Current(context)) return result;
  auto made = std::make_shared<Event>();
  made->context = context;
  made->timed = (flags & kEventDisableTiming) == 0;
  *event = numbers_.Next<cu::Event>();
  events_.Add(*event, std::move(made));
  return cu::kSuccess;
}

cu::Result Driver::EventDestroy(cu::Event event) {
  Lock lock(mutex_);
  return events_.Remove(event) != nullptr ? cu::kSuccess : cu::kErrorInvalidHandle;
}

cu::Result Driver::EventRecord(cu::Event event, cu::Stream handle) {
  ContextPtr context;
  StreamPtr stream;
  std::shared_ptr<Event> found;
  {
    Lock lock(mutex_);
    if (cu::Result result = FindStream(handle, context, stream)) return result;
    found = events_.Find(event);
    if (found == nullptr || found->context.lock() != context) return cu::kErrorInvalidHandle;
    if (cu::Result result = CheckImplicit(*context, *stream)) return result;
    if (stream->capture == cu::kCaptureInvalidated) return cu::kErrorStreamCaptureInvalidated;
    found->captured = stream->capture == cu::kCaptureActive;
    if (found->captured) return cu::kSuccess;
  }
  return RunNow(*context, *stream, [&](Context&) {
    Lock lock(mutex_);
    found->time = std::chrono::steady_clock::now();
    return cu::kSuccess;
  });
}

cu::Result Driver::EventSynchronize(cu::Event event) {
  Lock lock(mutex_);
  const std::shared_ptr<Event> found = events_.Find(event);
  if (found == nullptr) return cu::kErrorInvalidHandle;
  if (found->captured) return cu::kErrorCapturedEvent;
  const ContextPtr context = found->context.lock();
  return context != nullptr ? context->failure.load() : cu::kErrorInvalidContext;
}

cu::Result Driver::EventElapsedTime(float* milliseconds, cu::Event start, cu::Event end) {
  if (milliseconds == nullptr) return cu::kErrorInvalidValue;
  Lock lock(mutex_);
  const std::shared_ptr<Event> from = events_.Find(start), to = events_.Find(end);
  for (const std::shared_ptr<Event>& event : {from, to}) {
    if (event == nullptr || !event->timed) return cu::kErrorInvalidHandle;
    if (event->captured) return cu::kErrorCapturedEvent;
    if (!event->time) return cu::kErrorInvalidHandle;
  }
  *milliseconds = std::chrono::duration<float, std::milli>(*to->time - *from->time).count();
  return cu::kSuccess;
}

}  // namespace attnjit::emulator
