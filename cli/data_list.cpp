// chainrule data list: what can be learnt from.
#include <memory>

#include "chainrule/core/json.h"
#include "cli/args.h"
#include "cli/load_data.h"
#include "cli/table.h"

namespace chainrule::cli {
namespace {

int run(bool json) {
  if (json) {
    std::vector<JsonObject> items;
    for (const NamedData& d : named_data())
      items.push_back(
          JsonObject().add("name", d.name).add("content", d.content).add("about", d.about));
    Terminal(stdout).line(JsonObject().add("data", items).str());
    return kOk;
  }
  const Terminal out(stdout);
  std::vector<std::vector<std::string>> rows;
  for (const NamedData& d : named_data()) rows.push_back({d.name, d.content, d.about});
  Table::print(out, {{"name", true}, {"content", true}, {"about", true}}, rows);
  out.line();
  out.labelled("next", "chainrule data show digits");
  out.labelled("", "chainrule train digits");
  return kOk;
}

}  // namespace

Command data_list_command() {
  Command c;
  c.name = "data list";
  c.usage = "[flags]";
  c.summary = "list the data that are built in and the files that can be read";
  c.examples = "  chainrule data list\n";
  c.declare = [](Args& args) {
    auto json = std::make_shared<bool>(false);
    args.group("Output");
    args.flag("--json", "", json.get(), "the list as one JSON object on standard output");
    return [json] { return run(*json); };
  };
  return c;
}

}  // namespace chainrule::cli
