// The C interface's questions about a spec: no engine needed, nothing compiled.
#include "generator/emit.h"
#include "generator/plan_json.h"
#include "generator/planner.h"
#include "runtime/capi_internal.h"

namespace {

using attnjit::ArchOf;
using attnjit::Guard;
using attnjit::ReportArgument;
using attnjit::ReportError;

/// A parsed spec and its arch, or the status to return.
struct Question {
  attnjit_status status = ATTNJIT_OK;
  attnjit::AttentionSpec spec;
  attnjit::Arch arch = attnjit::Arch::kSm80;
};

Question Read(const char* spec, size_t spec_bytes, const char* arch, attnjit_error** error) {
  if (spec == nullptr && spec_bytes != 0) {
    return {ReportArgument("spec must not be null", error), {}, {}};
  }
  llvm::Expected<attnjit::AttentionSpec> parsed =
      attnjit::ParseSpec(llvm::StringRef(spec, spec_bytes));
  if (!parsed) return {ReportError(parsed.takeError(), error), {}, {}};
  const std::optional<attnjit::Arch> target = ArchOf(arch, *parsed);
  if (!target) return {ReportArgument(attnjit::kNoArch, error), {}, {}};
  return {ATTNJIT_OK, *parsed, *target};
}

llvm::Expected<attnjit::KernelPlan> Plan(const Question& question) {
  return attnjit::PlanKernel(attnjit::ResolveKernelSpec(question.spec), question.arch);
}

attnjit_status Give(std::string text, attnjit_text** out) {
  *out = new attnjit_text{std::move(text)};
  return ATTNJIT_OK;
}

/// `make` turns a plan into the text to give.
template <typename Make>
attnjit_status TextOfPlan(const char* spec, size_t spec_bytes, const char* arch,
                          attnjit_text** text, attnjit_error** error, Make make) {
  return Guard(error, [&]() -> attnjit_status {
    if (text == nullptr) return ReportArgument("text must not be null", error);
    *text = nullptr;
    const Question question = Read(spec, spec_bytes, arch, error);
    if (question.status != ATTNJIT_OK) return question.status;
    llvm::Expected<attnjit::KernelPlan> plan = Plan(question);
    if (!plan) return ReportError(plan.takeError(), error);
    return Give(make(*plan), text);
  });
}

}  // namespace

extern "C" {

attnjit_status attnjit_supported(const char* spec, size_t spec_bytes, const char* arch,
                                 attnjit_error** error) {
  return Guard(error, [&]() -> attnjit_status {
    const Question question = Read(spec, spec_bytes, arch, error);
    if (question.status != ATTNJIT_OK) return question.status;
    llvm::Expected<attnjit::KernelPlan> plan = Plan(question);
    if (!plan) return ReportError(plan.takeError(), error);
    return ATTNJIT_OK;
  });
}

attnjit_status attnjit_canonical_spec(const char* spec, size_t spec_bytes, attnjit_text** text,
                                      attnjit_error** error) {
  return Guard(error, [&]() -> attnjit_status {
    if (text == nullptr || (spec == nullptr && spec_bytes != 0)) {
      return ReportArgument("spec and text must not be null", error);
    }
    *text = nullptr;
    llvm::Expected<attnjit::AttentionSpec> parsed =
        attnjit::ParseSpec(llvm::StringRef(spec, spec_bytes));
    if (!parsed) return ReportError(parsed.takeError(), error);
    return Give(attnjit::CanonicalJson(*parsed), text);
  });
}

attnjit_status attnjit_source(const char* spec, size_t spec_bytes, const char* arch,
                              attnjit_text** text, attnjit_error** error) {
  return TextOfPlan(spec, spec_bytes, arch, text, error, attnjit::EmitSource);
}

attnjit_status attnjit_explain_json(const char* spec, size_t spec_bytes, const char* arch,
                                    attnjit_text** text, attnjit_error** error) {
  return TextOfPlan(spec, spec_bytes, arch, text, error, attnjit::PlanJson);
}

attnjit_status attnjit_key(attnjit_engine* engine, const char* spec, size_t spec_bytes,
                           const char* arch, attnjit_text** text, attnjit_error** error) {
  return Guard(error, [&]() -> attnjit_status {
    if (engine == nullptr || text == nullptr) {
      return ReportArgument("engine and text must not be null", error);
    }
    *text = nullptr;
    const Question question = Read(spec, spec_bytes, arch, error);
    if (question.status != ATTNJIT_OK) return question.status;
    llvm::Expected<attnjit::CacheKey> key = engine->engine->Key(question.spec, question.arch);
    if (!key) return ReportError(key.takeError(), error);
    return Give(key->request + "-" + key->toolchain, text);
  });
}

const char* attnjit_text_data(const attnjit_text* text) {
  return text != nullptr ? text->text.c_str() : "";
}
size_t attnjit_text_size(const attnjit_text* text) {
  return text != nullptr ? text->text.size() : 0;
}
void attnjit_text_destroy(attnjit_text* text) { delete text; }

}  // extern "C"
