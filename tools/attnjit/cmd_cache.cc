// attnjit cache: what is in the cache on disk.
#include <ctime>
#include <nlohmann/json.hpp>

#include "cache/counters.h"
#include "cache/disk.h"
#include "generator/nearest.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "runtime/engine_settings.h"
#include "tools/attnjit/cache_actions.h"
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
          {"used_unix", item.used_unix},
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
          {"failures", stats.failures},
          {"temporary_files", stats.temporary_files},
          {"temporary_bytes", stats.temporary_bytes}};
}

void PrintJson(const Json& json) {
  llvm::outs() << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
}

int PrintPath(const DiskCache& cache, const CacheArguments& arguments) {
  if (arguments.json) {
    PrintJson({{"path", cache.Path()}});
  } else {
    llvm::outs() << cache.Path() << '\n';
  }
  return kExitDone;
}

int PrintList(const DiskCache& cache, const CacheArguments& arguments) {
  llvm::Expected<std::vector<DiskItem>> items = cache.List();
  if (!items) return ReportError(items.takeError());
  llvm::Expected<std::vector<TuningItem>> tuned = TuningStore(cache.Path()).List();
  if (!tuned) return ReportError(tuned.takeError());
  if (arguments.json) {
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

int PrintStats(const DiskCache& cache, const CacheArguments& arguments) {
  llvm::Expected<DiskStats> stats = cache.Stats();
  if (!stats) return ReportError(stats.takeError());
  llvm::Expected<std::vector<TuningItem>> tuned = TuningStore(cache.Path()).List();
  if (!tuned) return ReportError(tuned.takeError());
  llvm::Expected<CacheCounters> counters = ReadCounters(cache.Directory());
  if (!counters) return ReportError(counters.takeError());
  const double compiled = static_cast<double>(counters->compile_ms) / 1e3;
  const double saved = static_cast<double>(counters->saved_compile_ms) / 1e3;
  if (arguments.json) {
    Json object = StatsJson(*stats);
    object["tuning_records"] = tuned->size();
    object["path"] = cache.Path();
    object["hits"] = counters->hits;
    object["misses"] = counters->misses;
    object["compile_seconds"] = compiled;
    object["saved_compile_seconds"] = saved;
    PrintJson(object);
    return kExitDone;
  }
  llvm::outs() << llvm::formatv(
      "path             {0}\nentries          {1}\nbytes            {2}\n"
      "damaged          {3}\nfailures         {4}\ntemporary files  {5} ({6} bytes)\n"
      "hits             {7}\nmisses           {8}\n"
      "compile seconds  {9:f1}, saved {10:f1}\ntuning records   {11}\n",
      cache.Path(), stats->entries, stats->bytes, stats->damaged, stats->failures,
      stats->temporary_files, stats->temporary_bytes, counters->hits, counters->misses, compiled,
      saved, tuned->size());
  return kExitDone;
}

int Verify(const DiskCache& cache, const CacheArguments& arguments) {
  llvm::Expected<std::vector<DiskItem>> items = cache.Verify();
  if (!items) return ReportError(items.takeError());
  llvm::Expected<std::vector<TuningItem>> tuned = TuningStore(cache.Path()).List();
  if (!tuned) return ReportError(tuned.takeError());
  int64_t damaged = 0;
  Json problems = Json::array();
  for (const TuningItem& item : *tuned) {
    if (item.problem.empty()) continue;
    problems.push_back(TuningJson(item));
    if (!arguments.json) llvm::outs() << item.path << ": " << item.problem << '\n';
  }
  for (const DiskItem& item : *items) {
    if (item.problem.empty()) continue;
    ++damaged;
    problems.push_back(ItemJson(item));
    if (!arguments.json) llvm::outs() << item.path << ": " << item.problem << '\n';
  }
  if (arguments.json) {
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

int Clear(const DiskCache& cache, const CacheArguments& arguments) {
  llvm::Expected<DiskStats> removed = cache.Clear();
  if (!removed) return ReportError(removed.takeError());
  llvm::Expected<int64_t> records = TuningStore(cache.Path()).Clear();
  if (!records) return ReportError(records.takeError());
  if (arguments.json) {
    PrintJson({{"removed", StatsJson(*removed)}, {"tuning_records", *records}});
  } else {
    llvm::outs() << llvm::formatv(
        "removed {0} entries, {1} bytes, and {2} tuning records, from {3}\n", removed->entries,
        removed->bytes + removed->temporary_bytes, *records, cache.Path());
  }
  return kExitDone;
}

/// "90", "90s", "15m", "12h" or "30d", in seconds.
std::optional<int64_t> ParseDuration(llvm::StringRef text) {
  int64_t unit = 1;
  if (text.consume_back("d")) {
    unit = 24 * 3600;
  } else if (text.consume_back("h")) {
    unit = 3600;
  } else if (text.consume_back("m")) {
    unit = 60;
  } else {
    text.consume_back("s");
  }
  uint32_t count = 0;
  if (text.getAsInteger(10, count)) return std::nullopt;
  return count * unit;
}

llvm::Expected<PruneLimits> ReadLimits(const CacheArguments& arguments) {
  PruneLimits limits;
  if (!arguments.max_bytes.empty()) {
    limits.max_bytes = ParseByteCount(arguments.max_bytes);
    if (!limits.max_bytes) {
      return llvm::make_error<UsageError>("--max-bytes " + arguments.max_bytes +
                                          " is not a number of bytes, such as 500M or 2G");
    }
  }
  if (!arguments.max_age.empty()) {
    limits.max_age_seconds = ParseDuration(arguments.max_age);
    if (!limits.max_age_seconds) {
      return llvm::make_error<UsageError>("--max-age " + arguments.max_age +
                                          " is not a time, such as 12h or 30d");
    }
  }
  if (!limits.max_bytes && !limits.max_age_seconds) {
    return llvm::make_error<UsageError>("prune needs --max-bytes, --max-age or both");
  }
  return limits;
}

int Prune(const DiskCache& cache, const CacheArguments& arguments) {
  llvm::Expected<PruneLimits> limits = ReadLimits(arguments);
  if (!limits) return ReportError(limits.takeError());
  llvm::Expected<PruneResult> result = cache.Prune(*limits, std::time(nullptr));
  if (!result) return ReportError(result.takeError());
  if (arguments.json) {
    PrintJson({{"removed", StatsJson(result->removed)},
               {"kept", {{"entries", result->kept.entries}, {"bytes", result->kept.bytes}}}});
  } else {
    llvm::outs() << llvm::formatv("removed {0} entries, {1} bytes; {2} entries, {3} bytes stay\n",
                                  result->removed.entries, result->removed.bytes,
                                  result->kept.entries, result->kept.bytes);
  }
  return kExitDone;
}

struct Action {
  llvm::StringRef name;
  int (*run)(const DiskCache& cache, const CacheArguments& arguments);
  std::vector<llvm::StringRef> options;  ///< Of those that only some actions have.
};

const std::vector<Action>& Actions() {
  static const std::vector<Action>* const actions = new std::vector<Action>{
      {"path", PrintPath, {}},
      {"ls", PrintList, {}},
      {"stats", PrintStats, {}},
      {"verify", Verify, {}},
      {"prune", Prune, {"--max-bytes", "--max-age"}},
      {"clear", Clear, {}},
      {"export", ExportEntries, {"FILE", "--arch", "--split-by-arch", "--sign"}},
      {"import", ImportEntries, {"FILE", "--verify-key"}},
      {"keygen", MakeKeys, {"FILE"}},
  };
  return *actions;
}

std::string ActionNames() {
  std::vector<llvm::StringRef> names;
  for (const Action& action : Actions()) names.push_back(action.name);
  return llvm::join(names, ", ");
}

int UnknownAction(llvm::StringRef name) {
  std::vector<llvm::StringRef> names;
  for (const Action& action : Actions()) names.push_back(action.name);
  const std::string nearest = NearestName(name, names);
  std::string message = ("cache has no action " + name).str();
  message += nearest.empty() ? "." : "; did you mean " + nearest + "?";
  return ReportError(llvm::make_error<UsageError>(message + " There are: " + ActionNames()));
}

/// An option that this action does not have is a mistake, not ignored.
llvm::Error CheckOptions(const Action& action, llvm::ArrayRef<const CLI::Option*> given) {
  for (const CLI::Option* option : given) {
    const std::string name = option->get_name();
    if (option->count() == 0 || llvm::is_contained(action.options, name)) continue;
    return llvm::make_error<UsageError>("cache " + action.name.str() + " has no " + name);
  }
  return llvm::Error::success();
}

}  // namespace

int RunCache(llvm::ArrayRef<std::string> args) {
  std::string name, cache_dir;
  CacheArguments arguments;
  CLI::App app(
      "Looks after the cache on disk.\n"
      "  path    where it is\n"
      "  ls      every kernel and tuning record\n"
      "  stats   how many, how large, how often found, and the compile time that saved\n"
      "  verify  read every entry whole and check its hashes; exit code 1 if one is damaged\n"
      "  prune   remove what was used least recently, down to --max-bytes, or older than "
      "--max-age\n"
      "  clear   remove every entry and tuning record\n"
      "  export  entries into one file, which import puts into another cache\n"
      "  import  the entries of such files, all or none\n"
      "  keygen  keys to sign exports with, in FILE and FILE.pub",
      "cache");
  app.add_option("ACTION", name, ActionNames())->required();
  const std::vector<const CLI::Option*> special = {
      app.add_option("FILE", arguments.files, "export, import, keygen: the file")
          ->allow_extra_args(),
      app.add_option("--max-bytes", arguments.max_bytes, "prune: of all entries, such as 2G"),
      app.add_option("--max-age", arguments.max_age, "prune: since the last use: 12h, 30d"),
      app.add_option("--arch", arguments.arch_list, "export: only these, e.g. sm_80,sm_90a"),
      app.add_flag("--split-by-arch", arguments.split_by_arch,
                   "export: FILE-sm_80.., FILE-sm_90a.. and so on"),
      app.add_option("--sign", arguments.sign_key, "export: with this secret key (keygen)"),
      app.add_option("--verify-key", arguments.verify_key,
                     "import: only what this public key's owner signed"),
  };
  app.add_flag("--json", arguments.json, "Print one line of JSON");
  AddCacheDirOption(app, cache_dir);
  app.footer(Example("attnjit cache ls"));
  if (const std::optional<int> exit_code = ParseArgs(app, args)) return *exit_code;

  const auto action = llvm::find_if(Actions(), [&](const Action& a) { return a.name == name; });
  if (action == Actions().end()) return UnknownAction(name);
  if (llvm::Error error = CheckOptions(*action, special)) return ReportError(std::move(error));
  llvm::Expected<std::string> dir = ResolveCacheDir(cache_dir);
  if (!dir) return ReportError(dir.takeError());
  llvm::Expected<DiskOptions> options = ResolveDiskOptions();
  if (!options) return ReportError(options.takeError());
  return action->run(DiskCache(*dir, *options), arguments);
}

}  // namespace attnjit
