#include "chainrule/graph/registry.h"

#include <atomic>

namespace chainrule {
namespace detail {

/// Refers to every file of operations, so that a linker takes them all from a static library.
/// Written by the build from the files that there are.
void name_all_operations();

}  // namespace detail

namespace {

/// As they came, before main(): their documents may be initialised after that.
std::vector<OpKind>& registered() {
  static std::vector<OpKind> kinds;
  return kinds;
}

constexpr OpTraits kNoTraits;

}  // namespace

namespace detail {

Registered::Registered(const OpDoc* doc, const OpTraits* traits,
                       std::vector<SettingInfo> (*infos)(),
                       std::shared_ptr<const Op> (*make)(const SettingList&,
                                                         std::span<const Var>)) {
  registered().push_back({doc, traits, infos(), make});
}

}  // namespace detail

const OpTraits& Op::traits() const { return kNoTraits; }
SettingList Op::settings() const { return {}; }

double Op::setting(std::string_view name) const {
  const SettingList all = settings();
  if (const SettingValue* v = find_setting(all, name)) return as_number(*v);
  throw Error(cat("the operation ", doc().name, " has no setting '", name, "'"));
}

const std::map<std::string_view, OpKind>& op_kinds() {
  detail::name_all_operations();
  static std::map<std::string_view, OpKind> kinds;
  static std::size_t named = 0;
  static std::atomic_flag busy;
  while (busy.test_and_set(std::memory_order_acquire)) {
  }
  for (; named < registered().size(); ++named)
    kinds.try_emplace(registered()[named].name(), registered()[named]);
  busy.clear(std::memory_order_release);
  return kinds;
}

const OpKind* find_op_kind(std::string_view name) {
  const auto& kinds = op_kinds();
  const auto it = kinds.find(name);
  return it == kinds.end() ? nullptr : &it->second;
}

const OpTraits& op_traits(std::string_view name) {
  const OpKind* const kind = find_op_kind(name);
  return kind == nullptr ? kNoTraits : *kind->traits;
}

const OpKind& op_kind(std::string_view name) {
  if (const OpKind* kind = find_op_kind(name)) return *kind;
  std::vector<std::string_view> names;
  for (const auto& [known, kind] : op_kinds()) names.push_back(known);
  throw Error(cat("there is no operation '", name, "'", did_you_mean(name, names)));
}

Var make_op(std::string_view name, std::span<const Var> inputs, const SettingList& settings,
            Location at) {
  return detail::add_node(op_kind(name).make(settings, inputs), inputs, at);
}

Var make_op(std::string_view name, std::initializer_list<Var> inputs, const SettingList& settings,
            Location at) {
  return make_op(name, std::span(inputs.begin(), inputs.size()), settings, at);
}

}  // namespace chainrule
