// The suite itself, on a device that is host memory: right kernels pass, wrong ones are found.
#include <gtest/gtest.h>

#include <set>

#include "tests/gpu/case_grid.h"
#include "tests/gpu/case_runner.h"
#include "tests/gpu/host_driver.h"
#include "tests/gpu/suite_builder.h"
#include "tests/gpu/suite_report.h"
#include "tests/gpu/suite_selection.h"
#include "tests/gpu/suite_supervisor.h"
#include "tests/gpu/suite_worker.h"
#include "tests/reference/half.h"

namespace attnjit {
namespace {

const std::vector<SuiteCase>& FullGrid() {
  static const std::vector<SuiteCase> grid = MakeCaseGrid({Arch::kSm90a, Arch::kSm90});
  return grid;
}

CaseRunner RunnerWith(Fault fault) {
  return CaseRunner(HostDriver(), [fault](const AttentionSpec& spec) {
    return std::shared_ptr<const Kernel>(std::make_shared<HostKernel>(spec, fault));
  });
}

/// The first case of the grid for which `wanted` holds.
template <typename Predicate>
const SuiteCase& FindCase(Predicate wanted) {
  for (const SuiteCase& suite_case : FullGrid()) {
    if (wanted(suite_case)) return suite_case;
  }
  ADD_FAILURE() << "no such case";
  return FullGrid().front();
}

const SuiteCase& PlainDenseCase() {
  return FindCase([](const SuiteCase& c) {
    return c.category == "dims" && c.seqlen_q > 100 && c.seqlen_q < 400 && c.seqlen_kv > 100 &&
           c.seqlen_kv < 400 && c.spec.find("\"none\"") != std::string::npos;
  });
}

CaseResult RunWith(Fault fault, const SuiteCase& suite_case) {
  return RunnerWith(fault).Run(suite_case, {});
}

TEST(CaseGridTest, HasThousandsOfCasesForBothFamiliesWithUniqueIds) {
  std::set<std::string> ids;
  std::set<std::string> kernels;
  int sm90a = 0;
  for (const SuiteCase& suite_case : FullGrid()) {
    EXPECT_TRUE(ids.insert(suite_case.id).second) << suite_case.id;
    kernels.insert(KernelNameOf(suite_case));
    if (suite_case.id.find("fwd_sm90a_") != std::string::npos) ++sm90a;
  }
  EXPECT_GE(ids.size(), 2500u);
  EXPECT_EQ(static_cast<size_t>(sm90a) * 2, ids.size());
  EXPECT_LE(kernels.size(), 1700u) << "each costs about half a second to compile";
  RecordProperty("cases", static_cast<int>(ids.size()));
  RecordProperty("kernels", static_cast<int>(kernels.size()));
}

TEST(CaseGridTest, IsTheSameEachTime) {
  std::vector<SuiteCase> again = MakeCaseGrid({Arch::kSm90a, Arch::kSm90});
  ASSERT_EQ(again.size(), FullGrid().size());
  for (size_t i = 0; i < again.size(); ++i) ASSERT_EQ(again[i].id, FullGrid()[i].id);
}

TEST(CaseGridTest, AnArchAloneHasTheSameCases) {
  std::set<std::string> ids;
  for (const SuiteCase& suite_case : FullGrid()) ids.insert(suite_case.id);
  for (const SuiteCase& suite_case : MakeCaseGrid({Arch::kSm90})) {
    EXPECT_EQ(ids.count(suite_case.id), 1u) << suite_case.id;
  }
}

TEST(CaseGridTest, CoversEveryHeadDimDtypeMaskLayoutAndGroup) {
  std::set<int> dims, groups;
  std::set<std::pair<Element, Element>> dtypes;
  std::set<std::tuple<Bound, Bound, Diagonal>> masks;
  std::set<Layout> layouts;
  int mixed = 0;
  for (const SuiteCase& suite_case : FullGrid()) {
    AttentionSpec spec = llvm::cantFail(ParseSpec(suite_case.spec));
    Problem problem = ResolveKernelSpec(spec).problem;
    if (spec.head_dim_qk == spec.head_dim_v) dims.insert(spec.head_dim_qk);
    mixed += spec.head_dim_qk != spec.head_dim_v;
    groups.insert(problem.group);
    dtypes.insert({problem.element, problem.element_o});
    masks.insert({problem.left, problem.right, problem.diagonal});
    layouts.insert(spec.layout);
  }
  EXPECT_EQ(dims.size(), 32u);
  EXPECT_EQ(groups, (std::set<int>{1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 48, 65, 96, 128}))
      << "packed heads: beyond, at and below a tile's rows too";
  EXPECT_EQ(dtypes.size(), 4u);
  EXPECT_EQ(masks.size(), 11u) << "2 x 3 bounds, two diagonals where there is a mask";
  EXPECT_EQ(layouts.size(), 3u);
  EXPECT_GE(mixed, 200);
}

TEST(CaseGridTest, EveryKernelCanBePlanned) {
  std::set<std::string> planned;
  for (const SuiteCase& suite_case : FullGrid()) {
    AttentionSpec spec = llvm::cantFail(ParseSpec(suite_case.spec));
    if (!planned.insert(KernelNameOf(suite_case)).second) continue;
    llvm::Expected<KernelPlan> plan = PlanKernel(ResolveKernelSpec(spec), *spec.arch);
    ASSERT_TRUE(static_cast<bool>(plan))
        << suite_case.id << ": " << llvm::toString(plan.takeError());
    EXPECT_EQ(plan->family, *spec.arch == Arch::kSm90a ? Family::kSm90 : Family::kMma)
        << suite_case.id;
  }
}

TEST(CaseRunnerTest, TheRightKernelPassesACaseOfEveryKind) {
  CaseRunner runner = RunnerWith(Fault::kNone);
  std::map<std::string, int> seen;
  for (const SuiteCase& suite_case : FullGrid()) {
    // Two of each category, small, so that this test stays quick; one of each plant and check.
    std::string kind = suite_case.category + std::to_string(static_cast<int>(suite_case.plant)) +
                       std::to_string(static_cast<int>(suite_case.extra)) +
                       std::to_string(static_cast<int>(suite_case.contents)) +
                       (suite_case.seqlens_q.empty() ? "dense" : "packed");
    if (suite_case.storage.batch_stride != 0 || seen[kind] == 2) continue;
    ++seen[kind];
    CaseResult result = runner.Run(suite_case, {});
    EXPECT_EQ(result.status, CaseStatus::kPassed) << suite_case.id << ": " << result.detail;
  }
  EXPECT_GE(seen.size(), 35u);
}

TEST(CaseRunnerTest, AMissingKeyIsFound) {
  CaseResult result = RunWith(Fault::kDropsLastKey, PlainDenseCase());
  EXPECT_EQ(result.status, CaseStatus::kFailed);
}

TEST(CaseRunnerTest, AWritePastARowIsFound) {
  CaseResult result = RunWith(Fault::kWritesPastRow, PlainDenseCase());
  EXPECT_EQ(result.status, CaseStatus::kFailed);
  EXPECT_NE(result.detail.find("o was written outside its rows"), std::string::npos)
      << result.detail;
}

TEST(CaseRunnerTest, ARowLeftUnwrittenIsFound) {
  CaseResult result = RunWith(Fault::kSkipsRow, PlainDenseCase());
  EXPECT_EQ(result.status, CaseStatus::kFailed);
  EXPECT_NE(result.detail.find("was not written"), std::string::npos) << result.detail;
}

TEST(CaseRunnerTest, ASecondRunWithOtherBitsIsFound) {
  CaseResult result = RunWith(Fault::kNotRepeatable, PlainDenseCase());
  EXPECT_EQ(result.status, CaseStatus::kFailed);
  EXPECT_EQ(result.detail, "a second run gives other bits");
}

TEST(CaseRunnerTest, NanThatReachesRowsItMustNotIsFound) {
  const SuiteCase& suite_case = FindCase([](const SuiteCase& c) {
    return c.plant == Plant::kNanInValue && c.spec.find("causal") != std::string::npos;
  });
  EXPECT_EQ(RunWith(Fault::kNone, suite_case).status, CaseStatus::kPassed);
  CaseResult result = RunWith(Fault::kSpreadsNan, suite_case);
  EXPECT_EQ(result.status, CaseStatus::kFailed);
  EXPECT_GT(result.comparison.special_mismatches, 0);
}

TEST(CaseRunnerTest, ASequenceThatDependsOnItsNeighboursIsFound) {
  for (bool packed : {false, true}) {
    const SuiteCase& suite_case = FindCase([&](const SuiteCase& c) {
      return c.extra == ExtraCheck::kAlone && c.plant == Plant::kNothing &&
             c.seqlens_q.empty() != packed;
    });
    EXPECT_EQ(RunWith(Fault::kNone, suite_case).detail, "");
    CaseResult result = RunWith(Fault::kDependsOnBatch, suite_case);
    EXPECT_EQ(result.status, CaseStatus::kFailed);
    EXPECT_NE(result.detail.find("alone gives other bits"), std::string::npos) << result.detail;
  }
}

TEST(CaseRunnerTest, AWrongLseOfAnEmptyRowIsFound) {
  const SuiteCase& suite_case = FindCase([](const SuiteCase& c) {
    return c.category == "empty" && c.seqlens_q.empty() && c.seqlen_q > 0 && c.seqlen_kv == 0;
  });
  EXPECT_EQ(RunWith(Fault::kNone, suite_case).status, CaseStatus::kPassed);
  EXPECT_EQ(RunWith(Fault::kZeroLseForEmpty, suite_case).status, CaseStatus::kFailed);
}

TEST(CaseRunnerTest, ARefusedLaunchFailsAndALostDeviceIsSaid) {
  CaseResult refused = RunWith(Fault::kRefuses, PlainDenseCase());
  EXPECT_EQ(refused.status, CaseStatus::kFailed);
  EXPECT_EQ(refused.detail, "refused");
  EXPECT_FALSE(refused.device_lost);
  CaseResult lost = RunWith(Fault::kLosesDevice, PlainDenseCase());
  EXPECT_EQ(lost.status, CaseStatus::kFailed);
  EXPECT_TRUE(lost.device_lost);
}

TEST(SuiteWorkerTest, RunsEachCaseOnceAndStopsWhenTheDeviceIsLost) {
  std::vector<SuiteCase> cases(20, PlainDenseCase());
  std::vector<size_t> indices;
  for (size_t i = 0; i < cases.size(); ++i) indices.push_back(i);
  std::multiset<size_t> finished;
  WorkerEvents events;
  events.started = [](size_t) {};
  events.finished = [&](size_t index, const CaseResult&) { finished.insert(index); };
  CaseRunner right = RunnerWith(Fault::kNone);
  RunCases(right, HostDriver(), nullptr, cases, indices, {4, 0, 0}, events);
  EXPECT_EQ(finished, std::multiset<size_t>(indices.begin(), indices.end()));
  finished.clear();
  CaseRunner lost = RunnerWith(Fault::kLosesDevice);
  RunCases(lost, HostDriver(), nullptr, cases, indices, {4, 0, 0}, events);
  EXPECT_EQ(finished.size(), 1u);
}

TEST(SuiteSelectionTest, FiltersShardsAndLimits) {
  std::vector<SuiteCase> cases(10);
  for (int i = 0; i < 10; ++i) cases[i].id = (i % 2 ? "odd/" : "even/") + std::to_string(i);
  auto select = [&](SuiteSelection s) { return llvm::cantFail(SelectCases(cases, s)); };
  EXPECT_EQ(select({}).size(), 10u);
  EXPECT_EQ(select({"odd", "", 0}), (std::vector<size_t>{1, 3, 5, 7, 9}));
  EXPECT_EQ(select({"odd", "1/2", 0}), (std::vector<size_t>{3, 7}));
  EXPECT_EQ(select({"=odd/3,even/4", "", 0}), (std::vector<size_t>{3, 4}));
  EXPECT_EQ(select({"=odd", "", 0}), std::vector<size_t>{});
  EXPECT_EQ(select({"", "0/3", 2}), (std::vector<size_t>{0, 3}));
  for (const char* shard : {"3/3", "a/3", "1", "1/0"}) {
    llvm::Expected<std::vector<size_t>> selected = SelectCases(cases, {"", shard, 0});
    EXPECT_FALSE(static_cast<bool>(selected)) << shard;
    llvm::consumeError(selected.takeError());
  }
}

TEST(SuiteReportTest, AResultSurvivesItsLine) {
  CaseResult result;
  result.status = CaseStatus::kFailed;
  result.detail = "line\nand \"quotes\"";
  result.comparison.error_ratio = std::numeric_limits<double>::infinity();
  result.comparison.cosine = 0.5;
  CaseResult back = llvm::cantFail(ParseResult(ResultJson(result)));
  EXPECT_EQ(ResultJson(result).find('\n'), std::string::npos);
  EXPECT_EQ(back.status, result.status);
  EXPECT_EQ(back.detail, result.detail);
  EXPECT_TRUE(std::isinf(back.comparison.error_ratio));
  EXPECT_EQ(back.comparison.cosine, 0.5);
}

TEST(SuiteReportTest, EndsWithTheTotalsAndNamesFailures) {
  std::vector<CaseOutcome> outcomes(4);
  for (CaseOutcome& outcome : outcomes) outcome.suite_case = &PlainDenseCase();
  outcomes[0].result = CaseResult{CaseStatus::kPassed, "", false, {}, 0};
  outcomes[1].result = CaseResult{CaseStatus::kFailed, "wrong", false, {}, 0};
  outcomes[2].result = CaseResult{CaseStatus::kSkipped, "no memory", false, {}, 0};
  std::string text;
  llvm::raw_string_ostream os(text);
  PrintReport(outcomes, "attnjit_gpu_suite", os);
  os.flush();
  EXPECT_TRUE(llvm::StringRef(text).endswith("1 passed, 1 failed, 2 skipped\n")) << text;
  EXPECT_NE(text.find("--filter '=" + PlainDenseCase().id + "'"), std::string::npos) << text;
  EXPECT_NE(text.find("skipped 1: no memory"), std::string::npos) << text;
}

/// A child that runs its cases in order and dies at `fatal`; several threads start three at once.
RunChild FakeChild(size_t fatal, std::vector<int>& threads_used) {
  return [fatal, &threads_used](
             const std::vector<size_t>& indices, int threads,
             const std::function<void(llvm::StringRef)>& line) -> llvm::Expected<ChildEnd> {
    threads_used.push_back(threads);
    auto say = [&](const std::string& text) { line(llvm::StringRef(text).rtrim('\n')); };
    size_t width = threads > 1 ? 3 : 1;
    CaseResult passed;
    passed.status = CaseStatus::kPassed;
    for (size_t n = 0; n < indices.size(); n += width) {
      size_t end = std::min(indices.size(), n + width);
      for (size_t m = n; m < end; ++m) say(StartedLine(indices[m]));
      for (size_t m = n; m < end; ++m) {
        if (indices[m] == fatal) return ChildEnd{false, "signal 9"};
      }
      for (size_t m = n; m < end; ++m) say(ResultLine(indices[m], passed));
    }
    return ChildEnd{true, "exit code 0"};
  };
}

TEST(SuiteSupervisorTest, OnlyTheCaseThatKillsItsProcessFails) {
  std::vector<size_t> indices = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  std::vector<int> threads_used;
  std::map<size_t, CaseStatus> results;
  llvm::cantFail(Supervise(indices, {8, 20}, FakeChild(4, threads_used),
                           [&](size_t index, const CaseResult& result) {
                             EXPECT_TRUE(results.emplace(index, result.status).second) << index;
                           }));
  ASSERT_EQ(results.size(), 10u);
  for (size_t index : indices) {
    EXPECT_EQ(results[index], index == 4 ? CaseStatus::kFailed : CaseStatus::kPassed) << index;
  }
  EXPECT_EQ(threads_used, (std::vector<int>{8, 1, 1, 8}));
}

TEST(SuiteSupervisorTest, AProcessThatCannotStartIsAnError) {
  RunChild dead = [](const std::vector<size_t>&, int, const std::function<void(llvm::StringRef)>&) {
    return ChildEnd{false, "exit code 127"};
  };
  llvm::Error error = Supervise({1, 2}, {8, 20}, dead, [](size_t, const CaseResult&) {});
  EXPECT_NE(llvm::toString(std::move(error)).find("exit code 127"), std::string::npos);
}

TEST(SuiteSupervisorTest, AProcessGetsItsCasesAndIsHeard) {
  std::vector<std::string> lines;
  auto take = [&](llvm::StringRef line) { lines.push_back(line.str()); };
  ChildEnd end = llvm::cantFail(RunProcess({"/bin/cat"}, {3, 1, 4}, 0, take));
  EXPECT_TRUE(end.clean);
  EXPECT_EQ(lines, (std::vector<std::string>{"3", "1", "4"}));
  end = llvm::cantFail(RunProcess({"/bin/sh", "-c", "exit 3"}, {}, 0, take));
  EXPECT_FALSE(end.clean);
  EXPECT_EQ(end.description, "exit code 3");
}

TEST(HostTensorTest, FarBatchesAreKeptApart) {
  TensorGeometry geometry;
  geometry.batch = 2;
  geometry.rows = 4;
  geometry.columns = 8;
  geometry.stride = {int64_t{1} << 32, 8, 8};
  HostTensor tensor(geometry);
  ASSERT_EQ(tensor.slabs().size(), 2u);
  EXPECT_EQ(tensor.slabs()[1].device_offset, int64_t{1} << 33);
  EXPECT_EQ(tensor.host_stride().batch, 32 + 2 * kGuardUnits);
  EXPECT_EQ(tensor.device_bytes(), (int64_t{1} << 33) + (32 + 2 * kGuardUnits) * 2);
  EXPECT_EQ(static_cast<int64_t>(tensor.units().size()), 2 * (32 + 2 * kGuardUnits));
}

TEST(FillInputsTest, ASequenceHoldsTheSameAloneAndInABatch) {
  const SuiteCase& suite_case = FindCase([](const SuiteCase& c) {
    return c.extra == ExtraCheck::kAlone && !c.seqlens_q.empty() && c.plant == Plant::kNothing;
  });
  AttentionSpec spec = llvm::cantFail(ParseSpec(suite_case.spec));
  LaunchImage all = MakeCaseImage(suite_case, spec, {});
  LaunchImage alone = MakeCaseImage(suite_case, spec, {1});
  int dim = spec.head_dim_qk;
  for (int64_t i = 0; i < alone.problem.SeqlenQ(0); ++i) {
    ASSERT_TRUE(std::equal(all.RowQ(1, i, 1), all.RowQ(1, i, 1) + dim, alone.RowQ(0, i, 1))) << i;
  }
  ASSERT_TRUE(std::equal(all.RowV(1, 5, 0), all.RowV(1, 5, 0) + dim, alone.RowV(0, 5, 0)));
}

TEST(FillInputsTest, InputsAreNormal) {
  const SuiteCase& suite_case = PlainDenseCase();
  AttentionSpec spec = llvm::cantFail(ParseSpec(suite_case.spec));
  LaunchImage image = MakeCaseImage(suite_case, spec, {});
  double sum = 0, squares = 0, count = 0;
  for (int64_t b = 0; b < image.problem.batch; ++b) {
    for (int64_t i = 0; i < image.problem.seqlen_q; ++i) {
      for (int d = 0; d < spec.head_dim_qk; ++d, ++count) {
        double x = ToFloat(spec.element_q, image.RowQ(b, i, 0)[d]);
        sum += x;
        squares += x * x;
      }
    }
  }
  EXPECT_NEAR(sum / count, 0, 6 / std::sqrt(count));
  EXPECT_NEAR(squares / count, 1, 10 / std::sqrt(count));
}

}  // namespace
}  // namespace attnjit
