#include "cli/tuning.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "chainrule/core/json.h"
#include "chainrule/core/thread_pool.h"
#include "chainrule/files/folder_lock.h"
#include "cli/args.h"
#include "cli/describe.h"
#include "cli/format.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/recipe.h"
#include "cli/run_settings.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/train_run.h"
#include "cli/trial.h"
#include "cli/tune_log.h"
#include "cli/tune_search.h"
#include "cli/tune_space.h"

namespace chainrule::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// Seconds of "90s", "5m", "2h".
double seconds_in(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string unit(end, text.data() + text.size());
  const double factor = unit.empty() || unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  if (error != std::errc{} || factor == 0 || !(value > 0) || !(value < 1e7))
    throw UsageError(cat("--budget expects a time such as 60s, 5m or 2h, not '", text, "'"));
  return value * factor;
}

/// One search.
class Tuning {
 public:
  Tuning(const TuneFlags& flags, Settings given, const Terminal& out)
      : flags_(flags), out_(out), seed_(static_cast<std::uint64_t>(flags.train.seed)) {
    const std::set<std::string> own = {"--try", "--budget", "--trials", "--resume",
                                       "--out", "--json",   "--quiet",  "--threads"};
    for (auto& setting : given)
      if (!own.contains(setting.first)) base_.push_back(std::move(setting));
    choices_ = parse_choices(flags.choices.empty() ? default_choices(base_) : flags.choices);
    for (const Choice& choice : choices_) {
      if (!tunable().contains(choice.flag()))
        throw UsageError(cat("--try cannot choose ", choice.flag(),
                             ": it is no setting of a network or of its training"));
      std::erase_if(base_, [&](const auto& s) { return s.first == choice.flag(); });
    }
    asked_ = base_;
  }

  int run() {
    TrainFlags shared = flags_of(base_);
    splits_ = load_run_data(shared, nullptr);
    if (splits_.validation.rows() == 0) {  // too few rows for the default of train
      base_.emplace_back("--validation", "0.2");
      shared = flags_of(base_);
      splits_ = load_run_data(shared, nullptr);
    }
    if (splits_.validation.rows() == 0)
      throw UsageError("there are no validation rows to choose by: leave out --validation 0");
    for (std::int64_t t = 0; t < 8; ++t) check_train_flags(flags_of(with(t)));
    task_ = splits_.full_schema().task;
    epochs_ = fit_options(shared, splits_.train).epochs;
    if (shared.steps > 0) throw UsageError("--steps cannot be tuned; give --epochs");
    test_ = std::exchange(splits_.test, splits_.test.subset({}));  // touched once, at the end
    const FolderLock lock = open_folder();
    Halving search(epochs_, flags_.trials);
    if (!flags_.train.quiet) {
      out_.labelled("data", cat(grouped(splits_.train.rows()), " train / ",
                                grouped(splits_.validation.rows()), " validation   ",
                                describe_rows(splits_.train, task_)));
      std::string names;
      for (const Choice& c : choices_) names += (names.empty() ? "" : ", ") + c.flag().substr(2);
      out_.labelled("tries", names);
      out_.labelled("folder", folder_.string());
      out_.line();
    }
    const bool interrupted = work(search);
    return finish(search, interrupted);
  }

 private:
  Settings with(std::int64_t trial) const {
    Settings settings = base_;
    for (auto& drawn : draw_settings(choices_, seed_, trial)) settings.push_back(std::move(drawn));
    return settings;
  }

  /// The folder of the search: --out, or the first of tune, tune-2, ... that is not there.
  FolderLock open_folder() {
    folder_ = !flags_.resume.empty() ? flags_.resume : flags_.train.out;
    std::error_code unknown;
    for (int n = 1; folder_.empty(); ++n)
      if (const fs::path free = n == 1 ? std::string("tune") : cat("tune-", n);
          !fs::exists(free, unknown))
        folder_ = free;
    if (flags_.resume.empty() && fs::exists(folder_ / "tune.txt", unknown))
      throw UsageError(cat("'", folder_.string(), "' holds a search: chainrule tune --resume ",
                           shell_word(folder_.string()), " goes on with it"));
    std::vector<std::string> words = words_of(asked_);
    for (const std::string& choice : flags_.choices) words.push_back("--try=" + choice);
    if (flags_.trials > 0) words.push_back(cat("--trials=", flags_.trials));
    if (!flags_.budget.empty()) words.push_back("--budget=" + flags_.budget);
    fs::create_directories(folder_, unknown);
    log_ = std::make_unique<TuneLog>(folder_, data_mark(splits_), words);
    return FolderLock(folder_);
  }

  Shown show(const Job& job, const std::atomic<bool>& stop) const {
    const Trial t = run_trial(flags_of(with(job.trial)), splits_, stop, job.epochs);
    constexpr double kWorst = std::numeric_limits<double>::infinity();
    if (!t.failure.empty()) return {{kWorst, kWorst}, std::nan(""), 0};
    const Evaluation& e = t.measured.validation;
    const double value = value_of(e, task_);
    const double rank = figure_of(task_).higher_is_better ? 1 - value : value;
    return {{std::isnan(rank) ? kWorst : rank, std::isnan(e.loss) ? kWorst : e.loss},
            value,
            t.best_epoch};
  }

  /// One worker: takes jobs until there are none.
  void take_jobs(Halving& search, std::atomic<bool>& stop) {
    std::unique_lock lock(mutex_);
    while (!stop) {
      const std::optional<Job> job = search.next();
      if (!job && search.over()) break;
      if (!job) {
        changed_.wait_for(lock, std::chrono::milliseconds(20));
        continue;
      }
      const std::size_t number = search.jobs().size() - 1;
      try {
        Shown shown;
        if (const Shown* known = log_->find(number, *job)) {
          shown = *known;
        } else {
          lock.unlock();
          shown = show(*job, stop);
          lock.lock();
          log_->add(number, *job, shown);
        }
        search.report(number, shown.rank);
        shown_.resize(std::max(shown_.size(), number + 1));
        shown_[number] = shown;
      } catch (const InterruptedTrial&) {
        return;
      } catch (...) {
        if (!lock.owns_lock()) lock.lock();
        failure_ = std::current_exception();
        stop = true;
      }
      changed_.notify_all();
    }
  }

  /// Until the search is over, its time is up, or somebody interrupts: then true.
  bool work(Halving& search) {
    const double budget = !flags_.budget.empty() ? seconds_in(flags_.budget)
                          : flags_.trials > 0    ? std::numeric_limits<double>::infinity()
                                                 : 60.0;
    const InterruptGuard guard;
    const Clock::time_point begin = Clock::now();
    std::atomic<bool> stop = false;
    std::atomic<int> running = 0;
    const int asked = static_cast<int>(flags_.train.threads);
    const int wanted = std::min<int>(asked > 0 ? asked : ThreadPool::available(), Halving::kLag);
    std::vector<std::jthread> workers;
    for (running = wanted; std::ssize(workers) < wanted;)
      workers.emplace_back([&] { take_jobs(search, stop), --running; });
    ProgressLine progress(out_);
    while (running > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      const double spent = std::chrono::duration<double>(Clock::now() - begin).count();
      if (InterruptGuard::mark() || spent >= budget) stop = true;
      if (flags_.train.quiet || !progress.due()) continue;
      const std::lock_guard lock(mutex_);
      progress.note(cat(grouped(std::ssize(shown_)), " networks, ", duration(spent)));
    }
    workers.clear();
    progress.clear();
    if (failure_) std::rethrow_exception(failure_);
    return InterruptGuard::mark();
  }

  /// Numbers of the jobs that show how far each trial came, best first.
  std::vector<std::size_t> ranked(const Halving& search) const {
    std::map<std::int64_t, std::size_t> last;
    for (std::size_t j = 0; j < search.jobs().size(); ++j)
      if (search.rank(j)) {
        auto [it, fresh] = last.try_emplace(search.jobs()[j].trial, j);
        if (search.jobs()[j].rung > search.jobs()[it->second].rung) it->second = j;
      }
    std::vector<std::size_t> order;
    for (const auto& [trial, job] : last) order.push_back(job);
    std::ranges::sort(order, {}, [&](std::size_t j) {
      return std::tuple(-search.jobs()[j].rung, *search.rank(j), search.jobs()[j].trial);
    });
    return order;
  }

  std::string settings_text(std::int64_t trial) const {
    std::string text;
    for (const auto& [name, value] : draw_settings(choices_, seed_, trial))
      text += cat(text.empty() ? "" : " ", name.substr(2), "=", shell_word(value));
    return text;
  }

  void print(const Halving& search, const std::vector<std::size_t>& order) const {
    constexpr std::size_t kShown = 10;
    std::vector<std::vector<std::string>> rows;
    const std::string figure = cat("valid. ", figure_of(task_).name);
    std::vector<ColumnStyle> columns = {{"rank"}, {"trial"}, {"epochs"}, {figure}};
    for (std::size_t i = 0; i < std::min(kShown, order.size()); ++i) {
      const Job& job = search.jobs()[order[i]];
      rows.push_back({std::to_string(i + 1), std::to_string(job.trial + 1), grouped(job.epochs),
                      figure_text(shown_[order[i]].value, task_)});
    }
    const int left = out_.width() - Table(columns, 2).fit(rows).width() - 2;
    columns.push_back({"settings", true});
    for (std::size_t i = 0; i < rows.size(); ++i)
      rows[i].push_back(shorten(settings_text(search.jobs()[order[i]].trial), std::max(left, 20)));
    Table::print(out_, columns, rows, 2);
    out_.line();
  }

  JsonObject json_of(const Halving& search, std::size_t j) const {
    const Job& job = search.jobs()[j];
    JsonObject settings;
    for (const auto& [name, value] : draw_settings(choices_, seed_, job.trial))
      settings.add(name.substr(2), value);
    return JsonObject()
        .add("trial", job.trial + 1)
        .add("settings", settings)
        .add("epochs", job.epochs)
        .add(cat("validation_", figure_of(task_).name), shown_[j].value)
        .add("best_epoch", shown_[j].best_epoch);
  }

  int finish(const Halving& search, bool interrupted) {
    const std::vector<std::size_t> order = ranked(search);
    if (order.empty()) throw DataError("no network was ready in time: a longer --budget is needed");
    const Terminal silent(stderr);
    const Job& best = search.jobs()[order[0]];
    if (!std::isfinite(search.rank(order[0])->first))
      throw NumericError("every network met numbers that are not finite: try lower learning rates");
    if (!flags_.train.quiet) print(search, order);
    if (interrupted) {
      out_.command("next", "chainrule tune --resume " + shell_word(folder_.string()));
      return kInterrupted;
    }
    // The winner is trained again, to its end, and meets the test rows for the first time.
    Settings settings = with(best.trial);
    TrainFlags winner = flags_of(settings);
    winner.out = (folder_ / "best").string();
    winner.quiet = winner.overwrite = true;
    train(winner, settings, silent);
    const RunRecipe made = read_recipe(winner.out);
    const std::string key = cat("test_", figure_of(task_).name);
    const double test = made.result.contains(key) ? made.result.at(key) : std::nan("");
    std::string command = "chainrule train";
    for (const std::string& word : words_of(settings)) command += " " + shell_word(word);
    if (!flags_.train.quiet) {
      out_.labelled("tried", cat(counted(std::ssize(order), "network"), ", ",
                                 counted(std::ssize(search.jobs()), "training")));
      out_.labelled("best",
                    cat("trial ", best.trial + 1, ": validation ", figure_of(task_).name, " ",
                        figure_text(shown_[order[0]].value, task_),
                        std::isnan(test) ? std::string()
                                         : cat(", trained again: test ", figure_of(task_).name, " ",
                                               figure_text(test, task_))));
      out_.labelled("wrote", winner.out);
      out_.command("next", command);
      if (test_.rows() > 0) out_.command("", "chainrule eval " + shell_word(winner.out));
    }
    if (flags_.train.json) {
      std::vector<JsonObject> trials;
      for (const std::size_t j : order) trials.push_back(json_of(search, j));
      JsonObject json = JsonObject()
                            .add("trials", trials)
                            .add("best", json_of(search, order[0]).add(key, test))
                            .add("command", command)
                            .add("run", winner.out)
                            .add("folder", folder_.string());
      Terminal(stdout).line(json.str());
    }
    return kOk;
  }

  const TuneFlags& flags_;
  const Terminal& out_;
  std::uint64_t seed_;
  Settings asked_;  ///< flags of train that all networks share
  Settings base_;   ///< the same, with the validation rows that a search needs
  std::vector<Choice> choices_;
  Splits splits_;
  Dataset test_;
  Task task_ = Task::automatic;
  Index epochs_ = 0;
  fs::path folder_;
  std::unique_ptr<TuneLog> log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Shown> shown_;  ///< by job
  std::exception_ptr failure_;
};

}  // namespace

int tune(const TuneFlags& flags, Settings given, const Terminal& out) {
  return Tuning(flags, std::move(given), out).run();
}

}  // namespace chainrule::cli
