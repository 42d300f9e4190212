#include "tests/emulator/micro/batch.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "llvm/ADT/StringExtras.h"
#include "tests/gpu/suite_supervisor.h"

namespace attnjit::micro {
namespace {

constexpr size_t kCasesInModule = 24;

llvm::Error Failed(const std::string& text) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), "%s", text.c_str());
}

std::vector<const Case*> Pointers(const std::vector<Case>& cases,
                                  const std::vector<size_t>& indices) {
  std::vector<const Case*> pointers;
  for (size_t index : indices) pointers.push_back(&cases[index]);
  return pointers;
}

struct Events {
  std::function<void(size_t index)> started;
  CaseFinished finished;
  bool stop_at_failure = false;
};

/// False: a case failed in its launch, and `events` says to stop there.
bool RunModule(Executor& executor, const std::vector<Case>& cases,
               const std::vector<size_t>& indices, const Events& events) {
  events.started(indices[0]);
  llvm::Expected<cu::Module> module = executor.Load(Pointers(cases, indices));
  if (!module) {
    if (indices.size() == 1) {
      events.finished(indices[0], module.takeError());
      return true;
    }
    llvm::consumeError(module.takeError());
    return std::all_of(indices.begin(), indices.end(),
                       [&](size_t index) { return RunModule(executor, cases, {index}, events); });
  }
  bool good = true;
  for (size_t index : indices) {
    events.started(index);
    llvm::Expected<Bytes> output = executor.Run(*module, cases[index]);
    good = static_cast<bool>(output);
    events.finished(index, std::move(output));
    if (!good && events.stop_at_failure) return false;
  }
  executor.Unload(*module);
  return true;
}

void WriteLine(const std::string& line) {
  std::fputs((line + "\n").c_str(), stdout);
  std::fflush(stdout);
}

/// What one child has said, and what that means for the cases it was given.
class ChildSession {
 public:
  ChildSession(std::set<size_t>& pending, std::mutex& mutex, const CaseFinished& finished)
      : pending_(pending), mutex_(mutex), finished_(finished) {}

  void TakeLine(llvm::StringRef line) {
    auto [kind, rest] = line.split(' ');
    auto [number, value] = rest.split(' ');
    size_t index = 0;
    if (number.getAsInteger(10, index)) return;
    if (kind == "S") {
      current_ = index;
      in_case_ = true;
      return;
    }
    if (kind != "R" && kind != "E") return;
    heard_ = true;
    in_case_ = false;
    pending_.erase(index);
    std::lock_guard<std::mutex> lock(mutex_);
    if (kind == "E") return finished_(index, Failed(value.str()));
    std::string bytes = llvm::fromHex(value);
    finished_(index, Bytes(bytes.begin(), bytes.end()));
  }

  /// Blames the case that the child died in. False: it died without having begun one.
  bool Blame(const std::string& how) {
    if (!in_case_) return heard_;
    pending_.erase(current_);
    std::lock_guard<std::mutex> lock(mutex_);
    finished_(current_, Failed("the process died or hung in this case: " + how));
    return true;
  }

 private:
  std::set<size_t>& pending_;
  std::mutex& mutex_;
  const CaseFinished& finished_;
  size_t current_ = 0;
  bool in_case_ = false;
  bool heard_ = false;
};

void RunShare(const std::vector<std::string>& command, double timeout, std::set<size_t> pending,
              std::mutex& mutex, const CaseFinished& finished) {
  while (!pending.empty()) {
    ChildSession session(pending, mutex, finished);
    std::vector<size_t> indices(pending.begin(), pending.end());
    llvm::Expected<ChildEnd> end = RunProcess(
        command, indices, timeout, [&](llvm::StringRef line) { session.TakeLine(line); });
    std::string how = end ? end->description : llvm::toString(end.takeError());
    if (pending.empty()) return;
    if (!session.Blame(how)) {
      std::lock_guard<std::mutex> lock(mutex);
      for (size_t index : pending) finished(index, Failed("not run: a process failed: " + how));
      return;
    }
  }
}

}  // namespace

std::vector<std::vector<size_t>> GroupIntoModules(const std::vector<Case>& cases,
                                                  const std::vector<size_t>& indices,
                                                  size_t max_cases) {
  std::map<std::pair<std::string, std::string>, size_t> open;  // Module now being filled.
  std::vector<std::vector<size_t>> modules;
  std::vector<std::vector<size_t>> risky;
  for (size_t index : indices) {
    const Case& c = cases[index];
    if (c.risky) {
      risky.push_back({index});
      continue;
    }
    auto [at, added] = open.try_emplace({c.family, c.target}, modules.size());
    if (added || modules[at->second].size() >= max_cases) {
      at->second = modules.size();
      modules.emplace_back();
    }
    modules[at->second].push_back(index);
  }
  modules.insert(modules.end(), risky.begin(), risky.end());
  return modules;
}

void RunInProcess(Executor& executor, const std::vector<Case>& cases,
                  const std::vector<size_t>& indices, size_t max_cases,
                  const CaseFinished& finished) {
  Events events = {[](size_t) {}, finished};
  for (const std::vector<size_t>& module : GroupIntoModules(cases, indices, max_cases)) {
    RunModule(executor, cases, module, events);
  }
}

void RunInChildren(const std::vector<std::string>& command, int children, double timeout,
                   const std::vector<Case>& cases, const std::vector<size_t>& indices,
                   const CaseFinished& finished) {
  std::vector<std::set<size_t>> shares(std::max(children, 1));
  size_t next = 0;
  for (const std::vector<size_t>& module : GroupIntoModules(cases, indices, kCasesInModule)) {
    shares[next++ % shares.size()].insert(module.begin(), module.end());
  }
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (const std::set<size_t>& share : shares) {
    threads.emplace_back([&, share] { RunShare(command, timeout, share, mutex, finished); });
  }
  for (std::thread& thread : threads) thread.join();
}

bool ServeBatch(Executor& executor, const std::vector<Case>& cases) {
  std::vector<size_t> indices;
  for (size_t index; std::cin >> index;) {
    if (index < cases.size()) indices.push_back(index);
  }
  Events events;
  events.stop_at_failure = true;
  events.started = [](size_t index) { WriteLine("S " + std::to_string(index)); };
  events.finished = [](size_t index, llvm::Expected<Bytes> output) {
    std::string number = std::to_string(index);
    if (output) {
      WriteLine("R " + number + " " + llvm::toHex(*output, /*LowerCase=*/true));
    } else {
      std::string text = llvm::toString(output.takeError());
      std::replace(text.begin(), text.end(), '\n', ' ');
      WriteLine("E " + number + " " + text);
    }
  };
  for (const std::vector<size_t>& module : GroupIntoModules(cases, indices, kCasesInModule)) {
    if (!RunModule(executor, cases, module, events)) return false;
  }
  return true;
}

}  // namespace attnjit::micro
