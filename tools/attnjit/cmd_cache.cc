// attnjit cache: what is in the cache on disk.
#include <ctime>
#include <nlohmann/json.hpp>

#include "cache/disk.h"
#include "generator/nearest.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "tools/attnjit/cache_tuning.h"
#include "tools/attnjit/cli.h"
#include "tools/attnjit/commands.h"
#include "tools/attnjit/engine_options.h"
#include "tools/attnjit/text_table.h"

namespace attnjit {
namespace {

using Json = nlohmann::ordered_json;

std::string Date(int64_t unix_time) {
  const std::time_t time = unix_time;
  std::tm utc = {};
  if (gmtime_r(&time, &utc) == nullptr) return std::to_string(unix_time);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &utc);
  return text;
}

Json ItemJson(const DiskItem& item) {
  return {{"path", item.path},
          {"bytes", item.file_bytes},
          {"key", {{"request", item.key.request}, {"toolchain", item.key.toolchain}}},
          {"name", item.info.name},
          {"arch", item.info.arch},
          {"attnjit_version", item.info.attnjit_version},
          {"nvrtc_version", item.info.nvrtc_version},
          {"registers", item.info.registers},
          {"spill_store_bytes", item.info.spill_store_bytes},
          {"spill_load_bytes", item.info.spill_load_bytes},
          {"smem_dynamic_bytes", item.info.smem_dynamic_bytes},
          {"compile_seconds", item.info.compile_seconds},
          {"created_unix", item.info.created_unix},
          {"problem", item.problem}};
}

Json StatsJson(const DiskStats& stats) {
  return {{"entries", stats.entries},
          {"bytes", stats.bytes},
          {"damaged", stats.damaged},
          {"temporary_files", stats.temporary_files},
          {"temporary_bytes", stats.temporary_bytes}};
}

void PrintJson(const Json& json) {
  llvm::outs() << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
}

int PrintPath(const DiskCache& cache, bool json) {
  if (json) {
    PrintJson({{"path", cache.Path()}});
  } else {
    llvm::outs() << cache.Path() << '\n';
  }
  return kExitDone;
}

int PrintList(const DiskCache& cache, bool json) {
  llvm::Expected<std::vector<DiskItem>> items = cache.List();
  if (!items) return ReportError(items.takeError());
  llvm::Expected<std::vector<TuningItem>> tuned = TuningStore(cache.Path()).List();
  if (!tuned) return ReportError(tuned.takeError());
  if (json) {
    Json list = Json::array();
    for (const DiskItem& item : *items) list.push_back(ItemJson(item));
    for (const TuningItem& item : *tuned) list.push_back(TuningJson(item));
    PrintJson(list);
    return kExitDone;
  }
  TextTable table({"kernel", "NVRTC", ">registers", ">spill bytes", ">file bytes", "made (UTC)",
                   "key", "problem"});
  for (const DiskItem& item : *items) {
    const EntryInfo& info = item.info;
    const bool readable = item.problem.empty();
    table.Add({readable ? info.name : "?", readable ? info.nvrtc_version : "?",
               readable ? std::to_string(info.registers) : "?",
               readable ? std::to_string(info.spill_store_bytes + info.spill_load_bytes) : "?",
               std::to_string(item.file_bytes), readable ? Date(info.created_unix) : "?",
               item.key.request.substr(0, 12) + "-" + item.key.toolchain.substr(0, 12),
               item.problem});
  }
  if (table.empty() && tuned->empty()) {
    llvm::errs() << "the cache is empty: " << cache.Path() << '\n';
  }
  if (!table.empty()) table.PrintAligned(llvm::outs());
  PrintTuningRecords(*tuned, llvm::outs());
  return kExitDone;
}

int PrintStats(const DiskCache& cache, bool json) {
  llvm::Expected<DiskStats> stats = cache.Stats();
  if (!stats) return ReportError(stats.takeError());
  llvm::Expected<std::vector<TuningItem>> tuned = TuningStore(cache.Path()).List();
  if (!tuned) return ReportError(tuned.takeError());
  if (json) {
    Json object = StatsJson(*stats);
    object["tuning_records"] = tuned->size();
    object["path"] = cache.Path();
    PrintJson(object);
    return kExitDone;
  }
  llvm::outs() << llvm::formatv(
      "path             {0}\nentries          {1}\nbytes            {2}\n"
      "damaged          {3}\ntemporary files  {4} ({5} bytes)\ntuning records   {6}\n",
      cache.Path(), stats->entries, stats->bytes, stats->damaged, stats->temporary_files,
      stats->temporary_bytes, tuned->size());
  return kExitDone;
}

int Verify(const DiskCache& cache, bool json) {
  llvm::Expected<std::vector<DiskItem>> items = cache.Verify();
  if (!items) return ReportError(items.takeError());
  llvm::Expected<std::vector<TuningItem>> tuned = TuningStore(cache.Path()).List();
  if (!tuned) return ReportError(tuned.takeError());
  int64_t damaged = 0;
  Json problems = Json::array();
  for (const TuningItem& item : *tuned) {
    if (item.problem.empty()) continue;
    problems.push_back(TuningJson(item));
    if (!json) llvm::outs() << item.path << ": " << item.problem << '\n';
  }
  for (const DiskItem& item : *items) {
    if (item.problem.empty()) continue;
    ++damaged;
    problems.push_back(ItemJson(item));
    if (!json) llvm::outs() << item.path << ": " << item.problem << '\n';
  }
  if (json) {
    PrintJson({{"entries", items->size()},
               {"damaged", damaged},
               {"tuning_records", tuned->size()},
               {"problems", problems}});
  } else {
    llvm::outs() << llvm::formatv("{0} of {1} entries are whole\n", items->size() - damaged,
                                  items->size());
    if (damaged != 0) llvm::errs() << "damaged entries are rebuilt when they are next asked for\n";
  }
  const int64_t records = DamagedRecords(*tuned);
  if (records != 0) llvm::errs() << "damaged tuning records are not used; `attnjit tune` again\n";
  return damaged + records == 0 ? kExitDone : kExitFailed;
}

int Clear(const DiskCache& cache, bool json) {
  llvm::Expected<DiskStats> removed = cache.Clear();
  if (!removed) return ReportError(removed.takeError());
  llvm::Expected<int64_t> records = TuningStore(cache.Path()).Clear();
  if (!records) return ReportError(records.takeError());
  if (json) {
    PrintJson({{"removed", StatsJson(*removed)}, {"tuning_records", *records}});
  } else {
    llvm::outs() << llvm::formatv(
        "removed {0} entries, {1} bytes, and {2} tuning records, from {3}\n", removed->entries,
        removed->bytes + removed->temporary_bytes, *records, cache.Path());
  }
  return kExitDone;
}

struct Action {
  llvm::StringRef name;
  int (*run)(const DiskCache& cache, bool json);
};
constexpr Action kActions[] = {
    {"path", PrintPath}, {"ls", PrintList}, {"stats", PrintStats},
    {"verify", Verify},  {"clear", Clear},
};

int UnknownAction(llvm::StringRef name) {
  std::vector<llvm::StringRef> names;
  for (const Action& action : kActions) names.push_back(action.name);
  const std::string nearest = NearestName(name, names);
  std::string message = ("cache has no action " + name).str();
  message += nearest.empty() ? "." : "; did you mean " + nearest + "?";
  return ReportError(
      llvm::make_error<UsageError>(message + " There are: path, ls, stats, verify, clear"));
}

}  // namespace

int RunCache(llvm::ArrayRef<std::string> args) {
  std::string name, cache_dir;
  bool json = false;
  CLI::App app(
      "Looks at the cache on disk.\n"
      "  path    where it is\n"
      "  ls      every kernel and tuning record\n"
      "  stats   how many and how large\n"
      "  verify  read every entry whole and check its hashes; exit code 1 if one is damaged\n"
      "  clear   remove every entry and tuning record",
      "cache");
  app.add_option("ACTION", name, "path, ls, stats, verify or clear")->required();
  app.add_flag("--json", json, "Print one line of JSON");
  AddCacheDirOption(app, cache_dir);
  app.footer(Example("attnjit cache ls"));
  if (const std::optional<int> exit_code = ParseArgs(app, args)) return *exit_code;

  const Action* action =
      llvm::find_if(kActions, [&](const Action& entry) { return entry.name == name; });
  if (action == std::end(kActions)) return UnknownAction(name);
  llvm::Expected<std::string> dir = ResolveCacheDir(cache_dir);
  if (!dir) return ReportError(dir.takeError());
  return action->run(DiskCache(*dir), json);
}

}  // namespace attnjit
