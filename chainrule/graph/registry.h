// Every operation of the program by its name.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "chainrule/graph/op.h"

namespace chainrule {

/// A kind of operation: what can be said without an instance.
struct OpKind {
  const OpDoc* doc;
  const OpTraits* traits;
  std::vector<SettingInfo> settings;
  /// An instance. `inputs` are those that it is for. Throws Error for settings that cannot be.
  std::shared_ptr<const Op> (*make)(const SettingList& settings, std::span<const Var> inputs);

  std::string_view name() const { return doc->name; }
  /// Does it read one value, so that it can stand in a chain?
  bool unary() const { return doc->inputs.size() == 1; }
  /// Any number of them.
  bool variadic() const { return doc->inputs.back() == "..."; }
};

/// All of the library and those that the program added to a graph somewhere, sorted by name.
const std::map<std::string_view, OpKind>& op_kinds();
/// Null when there is none.
const OpKind* find_op_kind(std::string_view name);
/// Of the operation of that name; none apply where there is none.
const OpTraits& op_traits(std::string_view name);
/// Throws Error, with what was probably meant, when there is none.
const OpKind& op_kind(std::string_view name);

/// Adds the operation of that name to the graph of its inputs. Throws Error or ShapeError with one
/// sentence when name, settings or inputs cannot be.
Var make_op(std::string_view name, std::span<const Var> inputs, const SettingList& settings = {},
            Location at = Location::current());
Var make_op(std::string_view name, std::initializer_list<Var> inputs,
            const SettingList& settings = {}, Location at = Location::current());

}  // namespace chainrule
