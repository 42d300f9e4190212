#include "runtime/capi_error.h"

#include <exception>
#include <new>

#include "cache/error.h"
#include "generator/error.h"
#include "nlohmann/json.hpp"
#include "runtime/compiler.h"
#include "runtime/driver.h"
#include "runtime/engine.h"
#include "runtime/engine_settings.h"
#include "runtime/launch.h"
#include "runtime/not_built.h"

namespace attnjit {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Fills an attnjit_error from each stage's error; the details gather in an array.
class Filler {
 public:
  explicit Filler(attnjit_error& out) : out_(out) {}

  void Fill(llvm::Error error) {
    llvm::handleAllErrors(
        std::move(error), [this](const SpecError& e) { Spec(e); },
        [this](const PlanError& e) { Plan(e); }, [this](const LaunchError& e) { Launch(e); },
        [this](const CompileError& e) {
          Begin(ATTNJIT_FAILED, "compile", e);
          out_.log = e.compile_log();
          details_.push_back({{"message", e.first_error()},
                              {"source", e.source_path()},
                              {"command", e.command_path()}});
        },
        [this](const ToolchainError& e) {
          Begin(ATTNJIT_FAILED, "toolchain", e);
          for (const std::string& line : e.tried()) details_.push_back({{"message", line}});
        },
        [this](const DriverError& e) {
          Begin(ATTNJIT_FAILED, "driver", e);
          details_.push_back({{"message", e.text()},
                              {"call", e.call()},
                              {"code", e.code()},
                              {"advice", e.advice()}});
        },
        [this](const NotBuiltError& e) {
          Begin(ATTNJIT_NOT_BUILT, "not_built", e);
          details_.push_back({{"message", e.message()},
                              {"spec", Json::parse(e.spec(), nullptr, false)},
                              {"arch", e.arch()},
                              {"command", e.command()}});
        },
        [this](const NotReadyInCaptureError& e) {
          Begin(ATTNJIT_NOT_READY_IN_CAPTURE, "capture", e);
          details_.push_back({{"message", e.message()}});
        },
        [this](const SettingError& e) {
          Begin(ATTNJIT_INVALID, "argument", e);
          details_.push_back({{"message", e.message()}});
        },
        [this](const CacheError& e) { Other("cache", e); },
        [this](const llvm::ErrorInfoBase& e) { Other("internal", e); });
    out_.details = Dump(details_);
  }

 private:
  void Begin(attnjit_status status, const char* stage, const llvm::ErrorInfoBase& error) {
    out_.status = status;
    out_.stage = stage;
    if (!out_.message.empty()) out_.message += '\n';
    out_.message += error.message();
  }
  void Spec(const SpecError& e) {
    Begin(ATTNJIT_INVALID, "spec", e);
    for (const SpecDiagnostic& d : e.diagnostics()) {
      details_.push_back({{"pointer", d.pointer},
                          {"value", d.value},
                          {"message", d.message},
                          {"nearest", d.nearest}});
    }
  }
  void Plan(const PlanError& e) {
    Begin(ATTNJIT_UNSUPPORTED, "plan", e);
    for (const std::string& line : e.unmet()) details_.push_back({{"message", line}});
  }
  void Launch(const LaunchError& e) {
    Begin(ATTNJIT_INVALID, "launch", e);
    details_.push_back(
        {{"argument", e.argument()}, {"value", e.value()}, {"allowed", e.allowed()}});
  }
  void Other(const char* stage, const llvm::ErrorInfoBase& e) {
    Begin(ATTNJIT_FAILED, stage, e);
    details_.push_back({{"message", e.message()}});
  }

  attnjit_error& out_;
  Json details_ = Json::array();
};

}  // namespace

attnjit_status ReportError(llvm::Error error, attnjit_error** out) {
  auto report = std::make_unique<attnjit_error>();
  Filler(*report).Fill(std::move(error));
  const attnjit_status status = report->status;
  if (out != nullptr) *out = report.release();
  return status;
}

attnjit_status ReportArgument(const char* message, attnjit_error** out) {
  if (out != nullptr) {
    *out = new attnjit_error{ATTNJIT_INVALID, "argument", message,
                             Dump(Json::array({{{"message", message}}})), ""};
  }
  return ATTNJIT_INVALID;
}

attnjit_status ReportException(attnjit_error** out) noexcept {
  if (out == nullptr) return ATTNJIT_FAILED;
  std::string what = "unknown exception";
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return ATTNJIT_FAILED;  // No memory to say more.
  } catch (const std::exception& e) {
    what = e.what();
  } catch (...) {
  }
  *out = new (std::nothrow)
      attnjit_error{ATTNJIT_FAILED, "internal", what, Dump(Json::array({{{"message", what}}})), ""};
  return ATTNJIT_FAILED;
}

}  // namespace attnjit
