// attnjit_micro: runs the PTX micro-programs on a device, keeps its answers or compares with kept
// ones. docs/emulator-verification.md says how to use it.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"
#include "tests/emulator/micro/batch.h"
#include "tests/emulator/micro/catalog.h"
#include "tests/emulator/micro/judge.h"

namespace attnjit::micro {
namespace {

constexpr int kExitDifferent = 4;

struct Options {
  DeviceOptions device;
  std::string write_dir;
  std::string compare_dir;
  std::string dump_dir;
  std::string filter;
  int jobs = 8;
  double timeout = 30;
  bool whole = false;
  bool list = false;
  bool json = false;
  bool worker = false;
};

int Fail(llvm::Error error) {
  llvm::errs() << "attnjit_micro: " << llvm::toString(std::move(error)) << "\n";
  return 1;
}

/// Cases whose "family/name" the filter's regular expression matches.
std::vector<size_t> Select(const std::vector<Case>& cases, const std::string& filter) {
  llvm::Regex regex(filter);
  std::vector<size_t> indices;
  for (size_t i = 0; i < cases.size(); ++i) {
    if (filter.empty() || regex.match(cases[i].family + "/" + cases[i].name)) indices.push_back(i);
  }
  return indices;
}

int List(const std::vector<Case>& cases, const std::vector<size_t>& indices) {
  std::map<std::string, size_t> families;
  for (size_t index : indices) {
    ++families[cases[index].family];
    llvm::outs() << cases[index].family << "/" << cases[index].name << " " << cases[index].target
                 << "\n";
  }
  llvm::outs() << indices.size() << " cases in " << families.size() << " families\n";
  return 0;
}

/// The texts as modules, for an assembler to check.
int Dump(const std::vector<Case>& cases, const std::vector<size_t>& indices,
         const std::string& directory) {
  constexpr size_t kCasesInFile = 64;
  llvm::sys::fs::create_directories(directory);
  size_t number = 0;
  for (const std::vector<size_t>& module : GroupIntoModules(cases, indices, kCasesInFile)) {
    std::vector<const Case*> kernels;
    for (size_t index : module) {
      if (cases[index].encodes.empty()) kernels.push_back(&cases[index]);
    }
    if (kernels.empty()) continue;
    const Case& first = *kernels.front();
    std::string path =
        llvm::formatv("{0}/{1}_{2}.{3}.ptx", directory, first.family, number++, first.target);
    std::error_code error;
    llvm::raw_fd_ostream file(path, error);
    if (error) return Fail(llvm::errorCodeToError(error));
    file << ModuleText(kernels);
  }
  return 0;
}

bool RunsOn(const Case& c, int capability) {
  return llvm::StringRef(c.target).contains(std::to_string(capability));
}

struct Results {
  std::map<size_t, Bytes> outputs;
  std::map<size_t, std::string> failures;
};

std::vector<std::string> WorkerCommand(const Options& options) {
  std::string self = llvm::sys::fs::getMainExecutable(nullptr, nullptr);
  std::vector<std::string> command = {
      self, "--worker", "--driver", options.device.name, "--async", options.device.async};
  if (options.device.sanitize) command.push_back("--sanitize");
  return command;
}

llvm::Error StoreAnswers(const std::vector<Case>& cases, const Results& results,
                         const std::string& device, const Options& options) {
  std::map<std::string, std::map<std::string, size_t>> families;
  for (size_t i = 0; i < cases.size(); ++i) families[cases[i].family][cases[i].name] = i;
  for (const auto& [family, names] : families) {
    llvm::Expected<FamilyAnswers> answers = ReadAnswers(options.write_dir, family);
    if (!answers) return answers.takeError();
    bool changed = false;
    for (const auto& [name, index] : names) {
      auto output = results.outputs.find(index);
      if (output == results.outputs.end()) continue;
      answers->by_case[name] = MakeAnswer(cases[index], output->second, options.whole);
      changed = true;
    }
    if (!changed) continue;
    answers->device = device;
    for (auto at = answers->by_case.begin(); at != answers->by_case.end();) {
      at = names.count(at->first) ? std::next(at) : answers->by_case.erase(at);
    }
    if (llvm::Error error = WriteAnswers(options.write_dir, family, *answers)) return error;
  }
  return llvm::Error::success();
}

/// Judges every output; what fails goes to results.failures. Returns how many had no answer.
llvm::Expected<size_t> Compare(const std::vector<Case>& cases, Results& results,
                               const std::string& directory) {
  std::map<std::string, FamilyAnswers> families;
  size_t unanswered = 0;
  for (const auto& [index, output] : results.outputs) {
    const Case& c = cases[index];
    auto [at, added] = families.try_emplace(c.family);
    if (added && !directory.empty()) {
      llvm::Expected<FamilyAnswers> read = ReadAnswers(directory, c.family);
      if (!read) return read.takeError();
      at->second = std::move(*read);
    }
    auto answer = at->second.by_case.find(c.name);
    bool known = answer != at->second.by_case.end();
    Judgement judgement = directory.empty() && !c.oracle
                              ? JudgeAlone(c, output)
                              : Judge(c, output, known ? &answer->second : nullptr);
    if (judgement.verdict == Verdict::kDifferent) results.failures[index] = judgement.detail;
    unanswered += judgement.verdict == Verdict::kNoAnswer || judgement.verdict == Verdict::kStale;
  }
  return unanswered;
}

void Report(const std::vector<Case>& cases, const Results& results, const std::string& device,
            size_t run, size_t unanswered, bool json) {
  if (json) {
    nlohmann::json failures = nlohmann::json::array();
    for (const auto& [index, detail] : results.failures) {
      failures.push_back(
          {{"family", cases[index].family}, {"case", cases[index].name}, {"detail", detail}});
    }
    nlohmann::json report = {
        {"device", device}, {"cases", run}, {"failed", failures}, {"without_answer", unanswered}};
    llvm::outs() << report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    return;
  }
  for (const auto& [index, detail] : results.failures) {
    llvm::outs() << "FAILED " << cases[index].family << "/" << cases[index].name << ": " << detail
                 << "\n";
  }
  llvm::outs() << device << ": " << run << " cases, " << results.failures.size() << " failed, "
               << unanswered << " without an answer\n";
}

int Serve(const std::vector<Case>& cases, const Options& options) {
  llvm::Expected<Device> opened = OpenDevice(options.device);
  if (!opened) return Fail(opened.takeError());
  auto executor = Executor::Create(std::move(*opened));
  if (!executor) return Fail(executor.takeError());
  return ServeBatch(**executor, cases) ? 0 : 1;
}

int RunAll(const std::vector<Case>& cases, std::vector<size_t> indices, const Options& options) {
  llvm::Expected<Device> opened = OpenDevice(options.device);
  if (!opened) return Fail(opened.takeError());
  auto executor = Executor::Create(std::move(*opened));
  if (!executor) return Fail(executor.takeError());
  llvm::erase_if(indices,
                 [&](size_t index) { return !RunsOn(cases[index], (*executor)->capability()); });
  Results results;
  auto finished = [&](size_t index, llvm::Expected<Bytes> output) {
    if (output) {
      results.outputs[index] = std::move(*output);
      return;
    }
    std::string error = llvm::toString(output.takeError());
    if (!IsRefusal(cases[index], error)) results.failures[index] = std::move(error);
  };
  RunInChildren(WorkerCommand(options), options.jobs, options.timeout, cases, indices, finished);
  const std::string& device = (*executor)->description();
  if (!options.write_dir.empty()) {
    if (llvm::Error error = StoreAnswers(cases, results, device, options)) {
      return Fail(std::move(error));
    }
  }
  llvm::Expected<size_t> unanswered = Compare(cases, results, options.compare_dir);
  if (!unanswered) return Fail(unanswered.takeError());
  Report(cases, results, device, indices.size(), *unanswered, options.json);
  return results.failures.empty() ? 0 : kExitDifferent;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Runs the PTX micro-programs on a device");
  app.add_option("--driver", options.device.name, "cuda, emulator or emulator:ARCH");
  app.add_option("--async", options.device.async, "Of the emulator: eager, late or seed=N");
  app.add_flag("--sanitize", options.device.sanitize,
               "Of the emulator: a finding of its sanitizer fails the case");
  app.add_option("--write", options.write_dir, "Keep the answers in this directory");
  app.add_option("--compare", options.compare_dir, "Compare with the answers in this directory");
  app.add_option("--dump", options.dump_dir, "Write the PTX texts to this directory; run nothing");
  app.add_option("--filter", options.filter, "A regular expression for \"family/name\"");
  app.add_option("--jobs", options.jobs, "Processes at once");
  app.add_option("--timeout", options.timeout, "Seconds after which a silent process is killed");
  app.add_flag("--whole", options.whole, "Keep outputs whole, however big");
  app.add_flag("--list", options.list, "List the cases");
  app.add_flag("--json", options.json, "Report as JSON");
  app.add_flag("--worker", options.worker)->group("");
  CLI11_PARSE(app, argc, argv);
  std::vector<Case> cases = AllCases();
  if (options.worker) return Serve(cases, options);
  std::vector<size_t> indices = Select(cases, options.filter);
  if (options.list) return List(cases, indices);
  if (!options.dump_dir.empty()) return Dump(cases, indices, options.dump_dir);
  return RunAll(cases, std::move(indices), options);
}

}  // namespace
}  // namespace attnjit::micro

int main(int argc, char** argv) { return attnjit::micro::Main(argc, argv); }
