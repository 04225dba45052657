// chainrule doctor: why does this run not learn?
#include "chainrule/doctor/doctor.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "chainrule/core/json.h"
#include "chainrule/files/atomic_file.h"
#include "chainrule/picture/flow_picture.h"
#include "cli/args.h"
#include "cli/describe.h"
#include "cli/diagnosis.h"
#include "cli/format.h"
#include "cli/output_folder.h"
#include "cli/recipe.h"
#include "cli/terminal.h"
#include "cli/train_flags.h"

namespace chainrule::cli {
namespace {

struct DoctorFlags {
  TrainFlags train;
  bool fix = false;
};

/// The flags with the changes of a fix.
TrainFlags with_fix(TrainFlags f, const Flags& fix) {
  for (const auto& [flag, value] : fix) {
    if (flag == "--model") f.model.text = value, f.model.hidden.clear();
    if (flag == "--loss") f.model.loss = value;
    if (flag == "--init") f.model.init = value;
    if (flag == "--l1") f.model.l1.push_back(value);
    if (flag == "--l2") f.model.l2.push_back(value);
    if (flag == "--optimizer") f.optimizer = value, f.momentum.reset(), f.weight_decay.reset();
    if (flag == "--lr") f.lr = std::stod(value);
    if (flag == "--momentum") f.momentum = std::stod(value);
    if (flag == "--weight-decay") f.weight_decay = std::stod(value);
    if (flag == "--clip-norm") f.clip_norm = std::stod(value);
    if (flag == "--clip-value") f.clip_value = std::stod(value);
    if (flag == "--batch") f.batch = std::stoll(value);
    if (flag == "--seed") f.seed = std::stoll(value);
    if (flag == "--steps") f.steps = std::stoll(value), f.epochs = 0;
    if (flag == "--scaling") f.data.scaling = value;
  }
  return f;
}

/// What the doctor looks at: as many steps as the flags say, a few hundred when they do not.
DoctorOptions options_of(const TrainFlags& flags, const Dataset& train) {
  DoctorOptions options{.run = fit_options(flags, train)};
  if (flags.steps == 0 && flags.epochs > 0) {
    const Index batch = options.run.batch;
    options.run.steps = flags.epochs * ((train.rows() + batch - 1) / batch);
  }
  if (flags.momentum) options.settings["momentum"] = *flags.momentum;
  if (flags.weight_decay) options.settings["weight_decay"] = *flags.weight_decay;
  return options;
}

Diagnosis examine(const Terminal& out, const TrainFlags& flags) {
  check_train_flags(flags);
  const Splits splits = load_data(flags.data);
  Model model = make_model(flags.model, splits.train, static_cast<std::uint64_t>(flags.seed),
                           splits.schema.task);
  const DoctorOptions options = options_of(flags, splits.train);
  if (!flags.quiet) {
    FitOptions shown = options.run;
    if (shown.steps == 0) shown.steps = 300;
    out.labelled("data", describe_splits(splits));
    out.labelled("model", describe_model(model) + "   " + model.options().loss);
    out.labelled("run", describe_training(flags, shown));
    out.line();
  }
  prepare_output_folder(flags.out);
  const Diagnosis d = diagnose(model, splits, options);
  const std::string svg = rates_svg(d, options.run.optimizer.lr());
  write_file(std::filesystem::path(flags.out) / "rates.svg", {std::as_bytes(std::span(svg))});
  write_file(std::filesystem::path(flags.out) / "gradient-flow.svg",
             flow_picture(d.flow, svg::shortened("Gradient flow: " + model.text(), 110)).str());
  if (!flags.quiet) print_diagnosis(out, d, flags.out);
  return d;
}

/// The flags that differ from those with which the run began.
struct Fixed {
  Flags flags;
  double before = 0, after = 0;
  bool learned = false;
};

/// Makes the first fix and looks again, until it learns or nothing helps.
Fixed fix(const Terminal& out, TrainFlags flags, const Diagnosis& first, Diagnosis& last) {
  Fixed done{.flags = {}, .before = first.answer.score, .after = first.answer.score};
  last = first;
  constexpr int kMost = 3;
  for (int round = 0; round < kMost && !last.findings.empty(); ++round) {
    const std::vector<Tried>& tried = last.findings[0].tried;
    if (tried.empty()) break;
    flags = with_fix(flags, tried[0].flags);
    for (const auto& change : tried[0].flags) {
      std::erase_if(done.flags, [&](const auto& f) { return f.first == change.first; });
      done.flags.push_back(change);
    }
    if (!flags.quiet) {
      out.line();
      out.line(out.bold("with " + flags_text(done.flags)));
    }
    last = examine(out, flags);
  }
  done.after = last.answer.score, done.learned = last.answer.learned;
  return done;
}

int run(const DoctorFlags& flags) {
  const TrainFlags& train = flags.train;
  const Terminal out(train.json ? stderr : stdout);
  const Diagnosis d = examine(out, train);
  JsonObject json = diagnosis_json(d);
  if (flags.fix) {
    Diagnosis last;
    const Fixed f = fix(out, train, d, last);
    if (!train.quiet) {
      out.line();
      out.labelled("before", d.answer.sentence);
      out.labelled("after", f.flags.empty() ? std::string("nothing that was tried helps")
                                            : last.answer.sentence);
      if (!f.flags.empty())
        out.labelled("repeat", cat("chainrule train ", shell_word(train.data.name), " … with ",
                                   flags_text(f.flags)));
    }
    json.add("fixed", JsonObject()
                          .add("flags", flags_text(f.flags))
                          .add("before", f.before)
                          .add("after", f.after)
                          .add("learned", f.learned));
  }
  if (train.json) Terminal(stdout).line(json.str());
  return kOk;
}

}  // namespace

Command doctor_command() {
  Command c;
  c.name = "doctor";
  c.usage = "DATA | RUN [flags]";
  c.summary = "find out why a run does not learn";
  c.about =
      "Says first whether the training that the same flags describe for chainrule train learns "
      "anything, compared with the best constant answer, a straight line and the nearest rows. "
      "Watches values, gradients and updates in every layer, tries other learning rates, and when "
      "the run did not learn, changes one thing at a time: what changes the outcome is the cause, "
      "and its flags are the fix. The most severe comes first. Writes the curve of the learning "
      "rates to rates.svg and what reaches each layer to gradient-flow.svg, in the folder --out.\n"
      "RUN is the folder of a run that chainrule train wrote: the same data and flags.";
  c.examples =
      "  chainrule doctor digits --model 'linear 32, relu, linear 10' --optimizer sgd --lr 10 "
      "--steps 300\n"
      "  chainrule doctor circles --model 'linear 1' --fix\n"
      "  chainrule doctor run --json\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<DoctorFlags>();
    declare_train_flags(args, flags->train);
    args.flag("--fix", "", &flags->fix, "make the fix that helps, and show before and after");
    return [flags, &args] {
      if (is_run_folder(flags->train.data.name))
        flags->train = flags_for_doctor(flags->train.data.name, args.given());
      if (flags->train.out.empty()) flags->train.out = "run";
      return run(*flags);
    };
  };
  return c;
}

}  // namespace chainrule::cli
