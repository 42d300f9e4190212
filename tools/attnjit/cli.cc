#include "tools/attnjit/cli.h"

#include <algorithm>
#include <vector>

#include "generator/error.h"
#include "generator/nearest.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/raw_ostream.h"
#include "runtime/engine_settings.h"
#include "runtime/launch.h"

namespace attnjit {
namespace {

/// Every spelling of every option: "--json", "-o".
std::vector<std::string> OptionNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

int UnexpectedArgument(const CLI::App& app, const std::string& argument) {
  llvm::errs() << "attnjit " << app.get_name() << ": ";
  if (llvm::StringRef(argument).startswith("-")) {
    const std::vector<std::string> names = OptionNames(app);
    const std::string nearest =
        NearestName(argument, std::vector<llvm::StringRef>(names.begin(), names.end()));
    llvm::errs() << "no option " << argument;
    if (!nearest.empty()) llvm::errs() << "; did you mean " << nearest << "?";
  } else {
    llvm::errs() << "unexpected argument " << argument;
  }
  llvm::errs() << "\nattnjit " << app.get_name() << " --help shows the usage\n";
  return kExitUsage;
}

int ExitCodeOf(const llvm::ErrorInfoBase& error) {
  if (error.isA<UsageError>() || error.isA<SpecError>() || error.isA<LaunchError>() ||
      error.isA<SettingError>()) {
    return kExitUsage;
  }
  return error.isA<PlanError>() ? kExitUnsupported : kExitFailed;
}

/// What goes between the subject and the lines of the error, where they need an introduction.
llvm::StringRef Introduction(const llvm::ErrorInfoBase& error) {
  if (error.isA<SpecError>()) return "the request is not valid:";
  if (error.isA<PlanError>()) return "no kernel for this request on this GPU:";
  return "";
}

}  // namespace

char UsageError::ID = 0;

void UsageError::log(llvm::raw_ostream& os) const { os << message_; }

std::error_code UsageError::convertToErrorCode() const {
  return std::make_error_code(std::errc::invalid_argument);
}

std::optional<int> ParseArgs(CLI::App& app, llvm::ArrayRef<std::string> args) {
  app.allow_extras();  // Reported below, with the nearest option.
  std::vector<std::string> reversed(args.rbegin(), args.rend());  // As CLI11 wants them.
  std::string problem;
  bool help = false;
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    help = true;
  } catch (const CLI::ParseError& error) {
    problem = error.what();
  }
  if (help) {
    llvm::outs() << app.help("attnjit");
    return kExitDone;
  }
  const std::vector<std::string> extras = app.remaining();
  if (!extras.empty()) return UnexpectedArgument(app, extras.front());
  if (problem.empty()) return std::nullopt;
  llvm::errs() << "attnjit " << app.get_name() << ": " << problem << "\nattnjit " << app.get_name()
               << " --help shows the usage\n";
  return kExitUsage;
}

int ReportError(llvm::Error error, llvm::StringRef subject) {
  int exit_code = kExitDone;
  llvm::handleAllErrors(std::move(error), [&](const llvm::ErrorInfoBase& info) {
    exit_code = std::max(exit_code, ExitCodeOf(info));
    // A usage error names what it is about itself.
    const bool with_subject = !subject.empty() && !info.isA<UsageError>();
    llvm::errs() << "attnjit: " << (with_subject ? subject : "") << (with_subject ? ": " : "");
    const std::string text = info.message();
    const llvm::StringRef introduction = Introduction(info);
    if (introduction.empty()) {
      llvm::errs() << text << '\n';
      return;
    }
    llvm::errs() << introduction << '\n';
    llvm::SmallVector<llvm::StringRef> lines;
    llvm::StringRef(text).split(lines, '\n');
    for (llvm::StringRef line : lines) llvm::errs() << "  " << line << '\n';
  });
  return exit_code;
}

std::string Example(llvm::StringRef text) { return ("Example:\n  " + text).str(); }

}  // namespace attnjit
