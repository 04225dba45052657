// chainrule data make: built-in data as files that any program reads.
#include <array>
#include <charconv>
#include <filesystem>
#include <memory>

#include "chainrule/data/write_idx.h"
#include "chainrule/files/atomic_file.h"
#include "cli/args.h"
#include "cli/describe.h"
#include "cli/format.h"
#include "cli/load_data.h"
#include "cli/output_folder.h"
#include "cli/terminal.h"

namespace chainrule::cli {
namespace {

struct MakeFlags {
  DataFlags data;
  std::string out;
};

/// The shortest text that reads back as the same number.
std::string exact(float value) {
  std::array<char, 32> buffer;
  return {buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr};
}

/// A column per input, and the class; training rows first, then the test rows that are others.
std::string csv_text(const Splits& splits) {
  const Dataset& train = splits.train;
  std::string text;
  for (const std::string& name : train.feature_names) text += name + ",";
  text += "class\n";
  std::vector<const Dataset*> parts = {&train};
  if (splits.test.floats != train.floats) parts.push_back(&splits.test);
  for (const Dataset* part : parts) {
    const auto width = static_cast<std::size_t>(part->features.size());
    for (std::size_t r = 0; r < part->classes.size(); ++r) {
      for (std::size_t j = 0; j < width; ++j) text += exact(part->floats[r * width + j]) + ",";
      text += part->class_names[static_cast<std::size_t>(part->classes[r])] + "\n";
    }
  }
  return text;
}

int run(const MakeFlags& flags) {
  const Terminal out(stdout);
  const Splits splits = load_data(flags.data);
  const bool pictures = splits.train.image.rank() == 2;
  if (!pictures && splits.train.feature_names.empty())
    throw UsageError(cat("'", flags.data.name, "' is a file already"));
  const std::filesystem::path path =
      !flags.out.empty() ? flags.out : flags.data.name + (pictures ? "" : ".csv");
  const std::string word = shell_word(path.string());
  out.labelled("data", describe_splits(splits));
  if (pictures) {
    prepare_output_folder(path);
    data::write_mnist(path, splits);
    out.labelled("wrote", word + "/train-images-idx3-ubyte.gz and three more");
    out.labelled(
        "next", std::string("chainrule train ") + (word.find('/') == word.npos ? "./" : "") + word);
  } else {
    write_file(path, csv_text(splits));
    out.labelled("wrote", word);
    out.labelled("next", "chainrule train " + word + " --target class");
  }
  return kOk;
}

}  // namespace

Command data_make_command() {
  Command c;
  c.name = "data make";
  c.usage = "NAME [flags]";
  c.summary = "write built-in data to files: digits as IDX, small sets as CSV";
  c.about =
      "Pictures become the four gzip files of MNIST's format in the folder --out, small sets a "
      "table "
      "with a column 'class'.";
  c.examples =
      "  chainrule data make digits --out my_digits\n"
      "  chainrule data make spiral --out spiral.csv\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<MakeFlags>();
    args.positional("NAME", &flags->data.name,
                    "digits, spiral, moons, circles, blobs, and, or, xor");
    args.group("Data");
    args.flag("--limit", "N", &flags->data.limit, "N training rows and a sixth as many to test");
    args.flag("--data-seed", "N", &flags->data.seed, "another number, other data");
    args.group("Output");
    args.flag("--out", "PATH", &flags->out, "folder or file; by default named like the data");
    return [flags] { return run(*flags); };
  };
  return c;
}

}  // namespace chainrule::cli
