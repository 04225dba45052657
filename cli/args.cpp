#include "cli/args.h"

#include <algorithm>
#include <charconv>

#include "CLI/CLI.hpp"

#include "cli/format.h"
#include "cli/settings_file.h"
#include "cli/terminal.h"

namespace chainrule::cli {
namespace {

template <class T>
T number(const std::string& name, const std::string& text, const char* kind) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    throw UsageError(cat(name, " expects ", kind, ", not '", text, "'"));
  return value;
}

bool truth(const std::string& name, const std::string& text) {
  for (const char* word : {"true", "1", "on", "yes"})
    if (text == word) return true;
  for (const char* word : {"false", "0", "off", "no"})
    if (text == word) return false;
  throw UsageError(cat(name, " expects true or false, not '", text, "'"));
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

}  // namespace

void Args::Item::store() const {
  if (values.empty()) return;
  const std::string& last = values.back();
  if (auto* const* flag = std::get_if<bool*>(&target)) {
    **flag = truth(name, last);
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

void Args::positional(std::string name, FlagTarget target, std::string help, bool required) {
  items_.push_back({std::move(name), "", std::move(help), "Arguments", target, required, {}});
}

void Args::group(std::string title) { group_ = std::move(title); }

void Args::flag(std::string name, std::string value_name, FlagTarget target, std::string help) {
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

void Args::read_settings(const std::string& file) {
  if (file.empty()) throw UsageError("--config is given an empty value");
  std::vector<std::string> settings;
  for (const std::string& name : names())
    if (name != "--help" && name != "--config") settings.push_back(name.substr(2));
  for (const Setting& setting : chainrule::cli::read_settings(file)) {
    const auto item = std::find_if(items_.begin(), items_.end(), [&](const Item& i) {
      return !i.is_positional() && i.name.substr(2) == setting.name;
    });
    const std::string where = cat("line ", setting.line, " of the file of --config: ");
    if (item == items_.end())
      throw UsageError(
          cat(where, "unknown setting '", setting.name, "'", suggestion(setting.name, settings)));
    if (!setting.value && !item->is_switch())
      throw UsageError(
          cat(where, "'", setting.name, "' has no value, expected '", setting.name, " = ...'"));
    item->values.push_back(setting.value.value_or("true"));
  }
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
  CLI::Option* const config = has_config_ ? app.add_option("--config") : nullptr;
  if (has_config_) config->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  for (const std::string& word : words) {
    if (word == "--") break;
    const std::string flag = word.substr(0, word.find('='));
    const auto is_flag = [&](const std::string& name) {
      return name == flag || name.ends_with("," + flag);
    };
    const std::vector<std::string> known = names();
    if (word.size() == flag.size() + 1 && std::any_of(known.begin(), known.end(), is_flag))
      throw UsageError(cat(flag, " needs a value after '='"));
  }

  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string text = error.what();
    throw UsageError(cat(text.substr(0, text.find(':')), " needs a value after it"));
  } catch (const CLI::ParseError& error) {
    std::string text = error.what();
    std::replace(text.begin(), text.end(), '\n', ' ');
    throw UsageError(text);
  }
  if (help) return false;

  for (const std::string& word : app.remaining(true))
    if (word != "--") reject_unknown(word);
  if (has_config_ && !config->results().empty()) read_settings(config->results().back());
  for (std::size_t i = 0; i < items_.size(); ++i)
    if (options[i]->count() > 0) items_[i].values = options[i]->results();  // before the file's
  for (const Item& item : items_)
    for (const std::string& value : item.values)
      if (value.empty()) throw UsageError(cat(item.name, " is given an empty value"));
  for (const Item& item : items_) {
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
