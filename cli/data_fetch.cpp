// chainrule data fetch: the original files of public sets, into a cache.
#include <chrono>
#include <filesystem>
#include <memory>

#include "chainrule/core/json.h"
#include "cli/args.h"
#include "cli/cache_folder.h"
#include "cli/download.h"
#include "cli/format.h"
#include "cli/interrupt.h"
#include "cli/output_folder.h"
#include "cli/progress.h"
#include "cli/remote_sets.h"
#include "cli/terminal.h"

namespace chainrule::cli {
namespace {

struct FetchFlags {
  std::string name, out;
  std::vector<std::string> mirrors;
  double timeout = 30;
  bool json = false;
};

std::string megabytes(std::uint64_t bytes) {
  return fixed(static_cast<double>(bytes) / 1e6, bytes < 100'000 ? 3 : 1) + " MB";
}

const RemoteSet& set_of(const FetchFlags& flags) {
  if (const RemoteSet* set = find_remote_set(flags.name)) return *set;
  std::vector<std::string> names;
  for (const RemoteSet& set : remote_sets()) names.push_back(set.name);
  throw UsageError(cat("'", flags.name, "' cannot be fetched", did_you_mean(flags.name, names)));
}

std::filesystem::path folder_of(const FetchFlags& flags) {
  if (!flags.out.empty()) return flags.out;
  const std::filesystem::path cache = cache_folder(flags.name);
  if (cache.empty())
    throw UsageError("neither XDG_CACHE_HOME nor HOME says where to put the files: give --out DIR");
  return cache;
}

/// The end of a sentence for those who have no network.
std::string by_hand(const RemoteSet& set, const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const RemoteFile& file : set.files) names.push_back(file.name);
  return cat("; to do it by hand, put ", listed(names), " from ", set.page, " into ",
             folder.string());
}

int fetch(const FetchFlags& flags) {
  const Terminal out(flags.json ? stderr : stdout), err(stderr);
  const RemoteSet& set = set_of(flags);
  if (!(flags.timeout > 0 && flags.timeout <= 3600))
    throw UsageError(cat("--timeout expects seconds above 0, not ", flags.timeout));
  const std::filesystem::path folder = folder_of(flags);
  if (!can_download())
    throw DataError("this program cannot fetch anything without libcurl" + by_hand(set, folder));
  prepare_output_folder(folder);
  out.labelled("data", set.name + "   " + set.content);
  out.labelled("into", folder.string());

  const InterruptGuard guard;
  std::vector<JsonObject> items;
  for (const RemoteFile& file : set.files) {
    ProgressLine line(out);
    const auto start = std::chrono::steady_clock::now();
    std::uint64_t first = UINT64_MAX;
    DownloadOptions options;
    options.mirrors = flags.mirrors.empty() ? set.mirrors : flags.mirrors;
    options.timeout = flags.timeout;
    options.interrupted = &InterruptGuard::mark();
    options.progress = [&](std::uint64_t have) {
      first = std::min(first, have);
      if (!line.due()) return;
      const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
      const double rate = static_cast<double>(have - first) / 1e6 / std::max(time.count(), 0.1);
      line.show(
          file.name, static_cast<double>(have) / static_cast<double>(file.bytes),
          megabytes(have) + " of " + megabytes(file.bytes) + "   " + fixed(rate, 1) + " MB/s");
    };
    options.note = [&](const std::string& what) {
      line.clear();
      err.line(err.dim(what));
    };
    Download result;
    try {
      result = download(file, folder, options);
    } catch (const DataError& e) {
      line.clear();
      throw DataError(e.what() + by_hand(set, folder));
    }
    line.clear();
    if (result == Download::interrupted) {
      err.line("interrupted; the same command goes on from here");
      return kInterrupted;
    }
    const std::string state = result == Download::fetched ? "fetched" : "already there";
    out.labelled("", pad_right(file.name, 28) + pad_left(megabytes(file.bytes), 9) + "   " +
                         (result == Download::fetched ? out.good(state) : state));
    items.push_back(JsonObject()
                        .add("name", file.name)
                        .add("bytes", file.bytes)
                        .add("sha256", file.sha256)
                        .add("state", state));
  }
  out.labelled("next", "chainrule train " + set.name +
                           (flags.out.empty() ? "" : " --data " + shell_word(flags.out)));
  if (flags.json)
    Terminal(stdout).line(JsonObject()
                              .add("data", set.name)
                              .add("folder", folder.string())
                              .add("files", items)
                              .str());
  return kOk;
}

}  // namespace

Command data_fetch_command() {
  Command c;
  c.name = "data fetch";
  c.usage = "NAME [flags]";
  c.summary = "fetch the original files of a public set into a cache folder";
  c.about =
      "Each file is tried at several places, goes on where a broken line stopped, and gets its "
      "name "
      "only when its SHA-256 is that of the original. Commands that read data find it afterwards "
      "by "
      "its name.\n"
      "The folder is $XDG_CACHE_HOME/chainrule/NAME, else ~/.cache/chainrule/NAME; files may also "
      "be "
      "put there by hand.";
  c.examples =
      "  chainrule data fetch mnist\n"
      "  chainrule data fetch cifar-10 --out ~/data/cifar-10\n"
      "  chainrule data fetch kmnist --mirror https://files.example.org/kmnist\n";
  c.notes_title = "Sets";
  for (const RemoteSet& set : remote_sets()) c.notes.push_back({set.name, set.content});
  c.declare = [](Args& args) {
    auto flags = std::make_shared<FetchFlags>();
    args.positional("NAME", &flags->name, "the set, see below");
    args.group("Fetching");
    args.flag("--out", "DIR", &flags->out, "folder for the files, instead of the cache");
    args.flag("--mirror", "URL", &flags->mirrors,
              "where the files lie, instead of the places that are known; may be repeated");
    args.flag("--timeout", "SECONDS", &flags->timeout,
              "give up a server that sends nothing so long");
    args.group("Output");
    args.flag("--json", "", &flags->json,
              "the result as one JSON object on standard output, all else on standard error");
    return [flags] { return fetch(*flags); };
  };
  return c;
}

}  // namespace chainrule::cli
