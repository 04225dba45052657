#include "cli/args.h"

#include <algorithm>
#include <charconv>

#include "CLI/CLI.hpp"

#include "chainrule/core/plain_text.h"
#include "cli/format.h"
#include "cli/terminal.h"

namespace chainrule::cli {
namespace {

template <class T>
T number(const std::string& name, const std::string& text, const char* kind) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    throw UsageError(cat(name, " expects ", kind, ", not '", without_controls(text), "'"));
  return value;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& names) {
  // A beginning is the likelier intention: '--js' means '--json', though '--lr' is as near.
  const auto begins = [&](const std::string& name) { return name.rfind(word, 0) == 0; };
  std::string_view near = closest(word, names);
  if (const auto it = std::find_if(names.begin(), names.end(), begins);
      word.size() > 3 && it != names.end())
    near = *it;
  return near.empty() ? "" : cat(" (did you mean '", near, "'?)");
}

// Lines "name = value" and "# comment"; names are those of the flags without the dashes. A value
// is the rest of its line, commas and blanks included.
class SettingsFile : public CLI::ConfigBase {
 public:
  explicit SettingsFile(std::vector<std::string> names) : names_(std::move(names)) {
    arrayBounds('\x1e', '\x1e')->arrayDelimiter('\x1f');
  }

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    std::vector<CLI::ConfigItem> items = ConfigBase::from_config(input);
    for (const CLI::ConfigItem& item : items) {
      if (!item.parents.empty())
        throw UsageError(cat("the file of --config has a section [",
                             without_controls(item.parents[0]),
                             "]; settings stand in lines such as 'lr = 0.1', without sections"));
      if (std::find(names_.begin(), names_.end(), item.name) == names_.end())
        throw UsageError(cat("unknown setting '", without_controls(item.name),
                             "' in the file of --config", suggestion(item.name, names_)));
    }
    return items;
  }

 private:
  std::vector<std::string> names_;
};

}  // namespace

void Args::Item::store() const {
  if (values.empty()) return;
  const std::string& last = values.back();
  if (auto* const* flag = std::get_if<bool*>(&target)) {
    **flag = last == "true" || last == "1" || last == "on" || last == "yes";
  } else if (auto* const* whole = std::get_if<std::int64_t*>(&target)) {
    **whole = number<std::int64_t>(name, last, "a whole number");
  } else if (auto* const* real = std::get_if<double*>(&target)) {
    **real = number<double>(name, last, "a number");
  } else if (auto* const* optional = std::get_if<std::optional<double>*>(&target)) {
    **optional = number<double>(name, last, "a number");
  } else if (auto* const* text = std::get_if<std::string*>(&target)) {
    **text = last;
  } else {
    **std::get_if<std::vector<std::string>*>(&target) = values;
  }
}

std::string Args::Item::default_text() const {
  if (auto* const* whole = std::get_if<std::int64_t*>(&target); whole && **whole != 0)
    return cat(" [", **whole, "]");
  if (auto* const* real = std::get_if<double*>(&target); real && **real != 0)
    return cat(" [", **real, "]");
  if (auto* const* text = std::get_if<std::string*>(&target); text && !(*text)->empty())
    return " [" + **text + "]";
  return "";
}

void Args::positional(std::string name, Target target, std::string help, bool required) {
  items_.push_back({std::move(name), "", std::move(help), "Arguments", target, required, {}});
}

void Args::group(std::string title) { group_ = std::move(title); }

void Args::flag(std::string name, std::string value_name, Target target, std::string help) {
  items_.push_back(
      {std::move(name), std::move(value_name), std::move(help), group_, target, false, {}});
}

void Args::config_file() { has_config_ = true; }

std::vector<std::string> Args::names() const {
  std::vector<std::string> names = {"--help"};
  if (has_config_) names.push_back("--config");
  for (const Item& item : items_)
    if (!item.is_positional()) names.push_back(item.name);
  return names;
}

void Args::reject_unknown(const std::string& word) const {
  if (word.empty() || word[0] != '-') throw UsageError(cat("unexpected argument '", word, "'"));
  const std::string name = word.substr(0, word.find('='));
  throw UsageError(cat("unknown flag '", name, "'", suggestion(name, names())));
}

bool Args::parse(const std::string& program, const std::vector<std::string>& words) {
  CLI::App app("", program);
  app.set_help_flag("");
  app.allow_extras();
  bool help = false;
  app.add_flag("-h,--help", help)->configurable(false);
  std::vector<CLI::Option*> options;
  for (const Item& item : items_) {
    const std::string name = item.is_positional() ? cat("argument", options.size() + 1) : item.name;
    CLI::Option* option = item.is_switch() ? app.add_flag(name) : app.add_option(name);
    if (!item.is_switch()) option->expected(item.many() && item.is_positional() ? -1 : 1);
    option->multi_option_policy(item.many() ? CLI::MultiOptionPolicy::TakeAll
                                            : CLI::MultiOptionPolicy::TakeLast);
    option->configurable(!item.is_positional());
    options.push_back(option);
  }
  if (has_config_) {
    app.set_config("--config");
    std::vector<std::string> settings;
    for (const std::string& name : names())
      if (name != "--help" && name != "--config") settings.push_back(name.substr(2));
    app.config_formatter(std::make_shared<SettingsFile>(std::move(settings)));
  }

  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::FileError&) {
    throw DataError(cat("the file of --config, '", app.get_config_ptr()->as<std::string>(),
                        "', cannot be read"));
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string text = error.what();
    throw UsageError(cat(text.substr(0, text.find(':')), " needs a value after it"));
  } catch (const CLI::ParseError& error) {
    std::string text = error.what();
    std::replace(text.begin(), text.end(), '\n', ' ');
    throw UsageError(without_controls(text));
  }
  if (help) return false;

  for (const std::string& word : app.remaining(true))
    if (word != "--") reject_unknown(word);
  for (std::size_t i = 0; i < items_.size(); ++i) {
    Item& item = items_[i];
    item.values = options[i]->results();
    if (item.required && item.values.empty())
      throw UsageError(cat(item.name, " is missing: chainrule ", program, " --help shows how"));
    item.store();
  }
  return true;
}

bool Args::given(std::string_view name) const {
  return std::any_of(items_.begin(), items_.end(),
                     [&](const Item& item) { return item.name == name && !item.values.empty(); });
}

std::vector<std::pair<std::string, std::string>> Args::given() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const Item& item : items_) {
    const std::size_t first = item.many() || item.values.empty() ? 0 : item.values.size() - 1;
    for (std::size_t i = first; i < item.values.size(); ++i)
      all.emplace_back(item.name, item.values[i]);
  }
  return all;
}

std::string Args::help(int width,
                       const std::function<std::string(std::string_view)>& heading) const {
  constexpr int kIndent = 2;
  const std::string help = "-h, --help";
  std::vector<std::string> left;
  int column = kIndent + display_width(help) + 3;
  for (const Item& item : items_) {
    left.push_back(item.name + (item.value_name.empty() ? "" : " " + item.value_name));
    column = std::max(column, kIndent + display_width(left.back()) + 3);
  }
  std::string text, group;
  const auto begin = [&](const std::string& title) {
    if (title == group) return;
    text += "\n" + heading(title) + "\n";
    group = title;
  };
  const auto entry = [&](const std::string& name, const std::string& what) {
    std::string line = pad_right(std::string(kIndent, ' ') + name, column) + what;
    text += wrap(line, width, column) + "\n";
  };
  for (std::size_t i = 0; i < items_.size(); ++i) {
    begin(items_[i].group);
    entry(left[i], items_[i].help + items_[i].default_text());
  }
  begin("Other");
  if (has_config_) entry("--config FILE", "read settings from FILE: lines such as 'lr = 0.1'");
  entry(help, "this text");
  return text;
}

}  // namespace chainrule::cli
