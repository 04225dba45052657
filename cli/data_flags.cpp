// The flags about data, and what the words after them mean.
#include <map>

#include "chainrule/core/plain_text.h"
#include "cli/format.h"
#include "cli/load_data.h"

namespace chainrule::cli {

void declare_table_flags(Args& args, TableFlags& flags) {
  args.group("Tables (found out where it is not told)");
  args.flag("--header", "", &flags.header, "the first row has the names of the columns");
  args.flag("--no-header", "", &flags.no_header,
            "it has none: the columns are column1, column2, ...");
  args.flag("--delimiter", "SIGN", &flags.delimiter,
            "between cells: one character, or comma, semicolon, tab, bar, blanks");
  args.flag("--decimal", "SIGN", &flags.decimal, "of numbers: point or comma");
  args.flag("--quote", "SIGN", &flags.quote, "around cells: one character, or none");
  args.flag("--comment", "SIGN", &flags.comment, "begins lines that are no rows, or none");
  args.flag("--encoding", "NAME", &flags.encoding,
            "utf-8, utf-16, utf-16-be, windows-1252 or latin-1");
  args.flag("--missing-value", "[COLUMN=]X", &flags.missing,
            "what else stands for a missing value, in all columns or in one; may be repeated");
}

data::TableOptions table_options(const TableFlags& flags) {
  data::TableOptions o;
  const auto sign = [](const char* flag, const std::string& word,
                       const std::map<std::string, char>& names) -> std::optional<char> {
    if (word.empty()) return {};
    if (const auto it = names.find(word); it != names.end()) return it->second;
    if (word.size() == 1 && word != "\n" && word != "\r") return word[0];
    std::vector<std::string> words;
    for (const auto& [name, value] : names) words.push_back(name);
    throw UsageError(cat(flag, " expects one character, or ", listed(words, "or"), ", not '",
                         without_controls(word), "'"));
  };
  o.delimiter = sign("--delimiter", flags.delimiter,
                     {{"comma", ','},
                      {"semicolon", ';'},
                      {"tab", '\t'},
                      {"\\t", '\t'},
                      {"bar", '|'},
                      {"blanks", ' '}});
  o.decimal = sign("--decimal", flags.decimal, {{"point", '.'}, {"comma", ','}});
  if (o.decimal && *o.decimal != '.' && *o.decimal != ',')
    throw UsageError(cat("--decimal expects point or comma, not '", flags.decimal, "'"));
  o.quote = sign("--quote", flags.quote, {{"none", '\0'}});
  o.comment = sign("--comment", flags.comment, {{"none", '\0'}});
  if (flags.header && flags.no_header)
    throw UsageError("--header and --no-header exclude each other");
  if (flags.header || flags.no_header) o.header = flags.header;
  if (!flags.encoding.empty()) o.encoding = data::parse_encoding(flags.encoding);
  o.missing = flags.missing;
  return o;
}

void declare_data_flags(Args& args, DataFlags& flags, DataUse use) {
  args.group("Data");
  args.flag(
      "--data", "DIR", &flags.folder,
      "folder of the files of mnist and its like; else CHAINRULE_MNIST, CHAINRULE_DATA, or what "
      "data fetch left");
  args.flag("--labels", "FILE", &flags.labels, "classes or numbers that belong to x.npy");
  if (use == DataUse::train) {
    args.flag(
        "--target", "COLUMN", &flags.targets,
        "what to predict, of a table: a name, a number from 1, or -1 for the last; several when "
        "repeated");
    args.flag("--task", "TASK", &flags.task,
              "classification, regression, multilabel (several of yes and no), or auto");
    args.flag("--ignore", "COLUMNS", &flags.ignore,
              "not to be used: names, numbers, patterns such as 'id*', with commas between");
    args.flag("--categorical", "COLUMNS", &flags.categorical, "one input per value, numbers, too");
    args.flag("--numeric", "COLUMNS", &flags.numeric, "numbers; other texts are refused");
    args.flag("--date", "COLUMNS", &flags.dates, "dates, which become days since 1970");
    args.flag("--scaling", "HOW", &flags.scaling, "standardise (tables), none (arrays) or min_max");
  }
  args.flag("--missing", "HOW", &flags.missing,
            "the mean of training stands for a missing number and a category of its own for a "
            "missing text (mean), their rows are left out (drop), or they are an error");
  args.flag("--weight-column", "COLUMN", &flags.weight, "how much each row counts");
  if (use == DataUse::train) {
    args.flag("--test", "PART", &flags.test,
              "part of the rows to test on, where the data has no test part");
    args.flag("--validation", "PART", &flags.validation,
              "part of the rows that chooses the best epoch; by default a tenth of data without a "
              "test part of their own, when at least 500 rows are left to train on");
    args.flag("--split", "HOW", &flags.split,
              "random, or last: the last rows are for the test, those before them for validation");
  }
  args.flag("--image-size", "HxW", &flags.image_size,
            "that the pictures of a folder are scaled to, such as 28x28");
  args.flag("--colours", "HOW", &flags.colours, "of the pictures of a folder: auto, grey, colour");
  args.flag("--transposed", "HOW", &flags.transposed,
            "pictures of IDX files stand column by column: yes, no, or auto, as EMNIST's do");
  args.flag("--limit", "N", &flags.limit, "use N training rows and a sixth as many to test");
  args.flag("--data-seed", "N", &flags.seed, "of data that is made, and of the split");
  declare_table_flags(args, flags.table);
}

}  // namespace chainrule::cli
