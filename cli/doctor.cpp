// chainrule doctor: why does this run not learn?
#include "chainrule/doctor/doctor.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "chainrule/core/atomic_file.h"
#include "chainrule/core/json.h"
#include "chainrule/picture/flow_picture.h"
#include "cli/args.h"
#include "cli/describe.h"
#include "cli/format.h"
#include "cli/output_folder.h"
#include "cli/terminal.h"
#include "cli/train_flags.h"

namespace chainrule::cli {
namespace {

std::string painted(const Terminal& out, Severity severity, const std::string& text) {
  if (severity == Severity::serious) return out.bad(text);
  return severity == Severity::warning ? out.warn(text) : out.dim(text);
}

void print(const Terminal& out, const Diagnosis& d, const TrainFlags& flags) {
  int number = 0, width = 0;
  for (const Finding& f : d.findings) width = std::max(width, display_width(f.cause));
  for (const Finding& f : d.findings) {
    const std::string head = pad_left(std::to_string(++number), 2) + "  " +
                             pad_right(f.cause, width) + "  " +
                             pad_right(std::string(to_string(f.severity)), 7) + "  ";
    const std::string place = f.at.empty() ? "" : f.at + ": ";
    const std::string lines =
        wrap(head + place + f.detail + ".", std::min(out.width(), 100), width + 15);
    const std::size_t name = lines.find(f.cause);
    out.line(lines.substr(0, name) + painted(out, f.severity, f.cause) +
             lines.substr(name + f.cause.size()));
    out.line(wrap(std::string(static_cast<std::size_t>(width) + 15, ' ') + "try: " + f.advice,
                  std::min(out.width(), 100), width + 15));
  }
  if (d.findings.empty()) out.line(out.good("nothing is wrong with this run"));
  out.line();
  if (!d.healthy.empty()) out.labelled("healthy", listed(d.healthy));
  out.labelled("loss",
               cat(compact(d.first_loss), " at first, ", compact(d.last_loss), " at the end"));
  if (d.suggested_rate > 0)
    out.labelled("rates",
                 cat("a few steps lower the loss furthest with --lr ", d.suggested_rate, " (",
                     shell_word((std::filesystem::path(flags.out) / "rates.svg").string()), ")"));
  out.labelled("layers",
               shell_word((std::filesystem::path(flags.out) / "gradient-flow.svg").string()));
}

JsonObject to_object(const Diagnosis& d) {
  std::vector<JsonObject> findings, rates;
  for (const Finding& f : d.findings) {
    JsonObject evidence;
    for (const auto& [name, value] : f.evidence) evidence.add(name, value);
    findings.push_back(JsonObject()
                           .add("cause", f.cause)
                           .add("severity", to_string(f.severity))
                           .add("at", f.at)
                           .add("detail", f.detail)
                           .add("evidence", evidence)
                           .add("advice", f.advice));
  }
  for (const RateTrial& t : d.rates)
    rates.push_back(JsonObject().add("rate", t.rate).add("loss", t.loss));
  JsonObject json;
  json.add("findings", findings).add("healthy", d.healthy);
  json.add("first_loss", d.first_loss).add("last_loss", d.last_loss);
  json.add("suggested_rate", d.suggested_rate).add("rates", rates);
  return json;
}

int run(const TrainFlags& flags) {
  const Terminal out(flags.json ? stderr : stdout);
  check_train_flags(flags);
  const Splits splits = load_data(flags.data);
  Model model = make_model(flags.model, splits.train, static_cast<std::uint64_t>(flags.seed),
                           splits.schema.task);
  DoctorOptions options{.run = fit_options(flags, splits.train)};
  if (options.run.steps == 0) options.run.steps = 300;
  if (!flags.quiet) {
    out.labelled("data", describe_splits(splits));
    out.labelled("model", describe_model(model) + "   " + model.options().loss);
    out.labelled("run", describe_training(flags, options.run));
    out.line();
  }
  prepare_output_folder(flags.out);
  const Diagnosis d = diagnose(model, splits, options);
  const std::string svg = rates_svg(d, options.run.optimizer.lr());
  write_file(std::filesystem::path(flags.out) / "rates.svg", {std::as_bytes(std::span(svg))});
  write_file(std::filesystem::path(flags.out) / "gradient-flow.svg",
             flow_picture(d.flow, svg::shortened("Gradient flow: " + model.text(), 110)).str());
  if (!flags.quiet) print(out, d, flags);
  if (flags.json) Terminal(stdout).line(to_object(d).str());
  return kOk;
}

}  // namespace

Command doctor_command() {
  Command c;
  c.name = "doctor";
  c.usage = "DATA [flags]";
  c.summary = "find out why a run does not learn";
  c.about =
      "Runs a few hundred steps of the training that the same flags describe for chainrule train, "
      "watches values, gradients and updates in every layer, tries other learning rates, and lists "
      "what is wrong: cause, evidence, what to try. The most severe comes first. Writes the curve "
      "of the learning rates to rates.svg and what reaches each layer to gradient-flow.svg, in the "
      "folder --out.";
  c.examples =
      "  chainrule doctor digits --model 'linear 32, relu, linear 10' --optimizer sgd --lr 10 "
      "--steps 300\n"
      "  chainrule doctor mnist --data ~/mnist --model 'linear 50, sigmoid, linear 10, softmax' "
      "--json\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<TrainFlags>();
    declare_train_flags(args, *flags);
    return [flags] { return run(*flags); };
  };
  return c;
}

}  // namespace chainrule::cli
