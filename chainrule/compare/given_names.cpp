#include "chainrule/compare/given_names.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "chainrule/graph/op.h"

namespace chainrule::detail {
namespace {

constexpr std::string_view kMask = ".mask";

/// Letters in small and digits, each run a word of its own: "grad_W1" is grad, w, 1.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  char before = ' ';
  for (const char c : name) {
    const auto u = static_cast<unsigned char>(c);
    const char kind = std::isdigit(u) ? '1' : std::isalpha(u) ? 'a' : ' ';
    if (kind != ' ' && kind != before) words.emplace_back();
    if (kind != ' ') words.back() += static_cast<char>(std::tolower(u));
    before = kind;
  }
  return words;
}

bool is_in(std::string_view word, std::initializer_list<std::string_view> list) {
  return std::ranges::find(list, word) != list.end();
}

enum class Role { none, weight, bias, mask };
enum class Where { anywhere, first, last };

/// A name by its parts.
struct Parts {
  Role role = Role::none;
  Where where = Where::anywhere;
  bool norm = false;  ///< of a layer that normalises
  int number = -1;
};

Where where_of(std::string_view word) {
  if (is_in(word, {"hidden", "h", "hid", "ih", "in", "input", "xh", "first"})) return Where::first;
  if (is_in(word, {"output", "o", "out", "ho", "hy", "last", "final"})) return Where::last;
  return Where::anywhere;
}

/// Reads one word as what the array is; true when it says so.
bool read_role(std::string_view word, Parts& p) {
  if (is_in(word, {"w", "weight", "weights", "wt", "theta", "kernel", "kernels", "coef", "coefs"}))
    p.role = Role::weight;
  else if (is_in(word, {"b", "bias", "biases", "intercept", "intercepts"}))
    p.role = Role::bias;
  else if (is_in(word, {"gamma", "scale"}))
    p.role = Role::weight, p.norm = true;
  else if (is_in(word, {"beta", "shift", "offset"}))
    p.role = Role::bias, p.norm = true;
  else if (is_in(word, {"mask", "masks", "drop", "dropout"}))
    p.role = Role::mask;
  else
    return false;
  return true;
}

Parts parts_of(std::string_view name) {
  Parts p;
  for (const std::string& word : words_of(name)) {
    if (std::isdigit(static_cast<unsigned char>(word[0]))) {
      if (p.number < 0 && word.size() < 6) p.number = std::stoi(word);
      continue;
    }
    if (is_in(word, {"bn", "batchnorm", "norm", "ln", "layernorm"})) p.norm = true;
    if (const Where w = where_of(word); w != Where::anywhere) p.where = w;
    if (read_role(word, p)) continue;
    // dw, gw, gradw, dldw; wh, bo: what it is with something before or behind.
    for (const std::string_view before : {"d", "g", "grad", "dl", "dld", "delta", "nabla"})
      if (word.size() > before.size() && word.starts_with(before) && p.role == Role::none)
        read_role(std::string_view(word).substr(before.size()), p);
    if (p.role != Role::none || word.size() < 2) continue;
    const std::size_t d = word[0] == 'd' ? 1 : 0;
    const Where w =
        word.size() > d + 1 ? where_of(std::string_view(word).substr(d + 1)) : Where::anywhere;
    if (w != Where::anywhere && read_role(std::string_view(word).substr(d, 1), p)) p.where = w;
  }
  return p;
}

/// The name without what says that it is a gradient.
std::vector<std::string> bare_names(const std::string& name) {
  std::vector<std::string> names;
  for (const std::string_view before :
       {"grad_", "grad.", "g_", "d_", "dL_d", "dl_d", "dL", "grad", "d"})
    if (name.size() > before.size() && name.starts_with(before))
      names.push_back(name.substr(before.size()));
  for (const std::string_view behind : {"_grad", ".grad", "_g", "grad"})
    if (name.size() > behind.size() && name.ends_with(behind))
      names.push_back(name.substr(0, name.size() - behind.size()));
  return names;
}

std::string lower(std::string s) {
  for (char& c : s) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return s;
}

/// A layer's parameters.
struct Layer {
  std::string name;
  int weight = -1, bias = -1;
  bool norm = false;
};

class NameReader {
 public:
  NameReader(const Owners& owners, std::span<const data::NpzArray> arrays)
      : o_(owners), arrays_(arrays), meant_(arrays.size()), parts_(arrays.size()) {
    for (const int id : o_.graph.params()) {
      const Node& node = o_.graph.node(id);
      const std::size_t dot = node.name.rfind('.');
      if (!node.param_options.trainable || dot == std::string::npos) continue;
      const std::string owner = node.name.substr(0, dot);
      if (layers_.empty() || layers_.back().name != owner) layers_.push_back({.name = owner});
      if (node.name.ends_with(".weight"))
        layers_.back().weight = id, layers_.back().norm = node.shape.rank() == 1;
      if (node.name.ends_with(".bias")) layers_.back().bias = id;
    }
  }

  std::vector<Meant> read() {
    for (std::size_t i = 0; i < arrays_.size(); ++i) meant_[i] = exact(arrays_[i].name);
    for (std::size_t i = 0; i < arrays_.size(); ++i)
      if (meant_[i].node < 0) parts_[i] = parts_of(arrays_[i].name);
    for (std::size_t i = 0; i < arrays_.size(); ++i)
      set(i, by_parts(i), parts_[i].role == Role::mask);
    for (std::size_t i = 0; i < arrays_.size(); ++i) set(i, by_size(i), false);
    return meant_;
  }

 private:
  bool may_be(int id) const {
    const Node& node = o_.graph.node(id);
    if (node.kind == NodeKind::param) return o_.parameters || node.param_options.trainable;
    if (o_.parameters) return false;
    if (node.kind == NodeKind::op) return id <= o_.loss;
    return std::ranges::find(o_.inputs, id) != o_.inputs.end();
  }
  int find(const std::string& name, bool any_case) const {
    for (int id = o_.graph.size() - 1; id >= 0; --id) {
      const std::string& own = o_.graph.node(id).name;
      if (may_be(id) && (any_case ? lower(own) == lower(name) : own == name)) return id;
    }
    return -1;
  }
  Meant exact(const std::string& name) const {
    if (name.ends_with(kMask))
      if (const int id = find(name.substr(0, name.size() - kMask.size()), false); id >= 0)
        return {id, true, true};
    if (const int id = find(name, false); id >= 0) return {id, false, true};
    for (const bool any_case : {false, true})
      for (const std::string& bare : bare_names(name))
        if (const int id = find(bare, any_case); id >= 0) return {id, false, false};
    if (const int id = find(name, true); id >= 0) return {id, false, false};
    return {};
  }

  bool taken(int id) const { return std::ranges::find(meant_, id, &Meant::node) != meant_.end(); }
  void set(std::size_t i, int id, bool mask) {
    if (meant_[i].node < 0 && id >= 0 && (mask || !taken(id))) meant_[i] = {id, mask, false};
  }

  /// The numbers that occur, and the layers that they count.
  std::vector<const Layer*> counted(bool norm, const std::set<int>& numbers) const {
    std::vector<const Layer*> some, all;
    for (const Layer& l : layers_) {
      all.push_back(&l);
      if (l.norm == norm) some.push_back(&l);
    }
    return !norm && numbers.size() == all.size() ? all : some;
  }

  int by_parts(std::size_t i) const {
    const Parts& p = parts_[i];
    if (p.role == Role::none) return -1;
    if (p.role == Role::mask) return dropout(p.number);
    std::set<int> numbers;
    for (std::size_t k = 0; k < parts_.size(); ++k)
      if (meant_[k].node < 0 || !meant_[k].exact)
        if ((parts_[k].role == Role::weight || parts_[k].role == Role::bias) &&
            parts_[k].norm == p.norm && parts_[k].number >= 0)
          numbers.insert(parts_[k].number);
    const std::vector<const Layer*> layers = counted(p.norm, numbers);
    const auto of = [&](std::size_t k) {
      return k < layers.size() ? (p.role == Role::weight ? layers[k]->weight : layers[k]->bias)
                               : -1;
    };
    if (p.number >= 0) {
      const auto rank =
          static_cast<std::size_t>(std::distance(numbers.begin(), numbers.find(p.number)));
      if (numbers.size() == layers.size()) return of(rank);
      const int base = *numbers.begin() == 0 ? 0 : 1;
      return of(static_cast<std::size_t>(p.number - base));
    }
    if (p.where == Where::first) return of(0);
    if (p.where == Where::last && !layers.empty()) return of(layers.size() - 1);
    return layers.size() == 1 ? of(0) : -1;
  }

  /// Dropout number `number`, counted from 1; without a number the only one.
  int dropout(int number) const {
    std::vector<int> all;
    for (int id = 0; id <= o_.loss; ++id)
      if (o_.graph.node(id).op && o_.graph.node(id).op->traits().random) all.push_back(id);
    if (number < 0) return all.size() == 1 ? all[0] : -1;
    const auto at = static_cast<std::size_t>(number - 1);
    return at < all.size() ? all[at] : -1;
  }

  /// The only parameter left of these sizes, in any order.
  int by_size(std::size_t i) const {
    const auto sizes = [](auto dims) {
      std::vector<Index> sorted(dims.begin(), dims.end());
      std::erase(sorted, Index{1});
      std::ranges::sort(sorted);
      return sorted;
    };
    const std::vector<Index> own = sizes(arrays_[i].array.shape);
    if (own.empty() && parts_[i].role == Role::none) return -1;
    int found = -1;
    for (const int id : o_.graph.params()) {
      const Node& node = o_.graph.node(id);
      if (!node.param_options.trainable || taken(id) || sizes(node.shape.dims()) != own) continue;
      const bool is_bias = node.name.ends_with(".bias");
      if ((parts_[i].role == Role::weight && is_bias) || (parts_[i].role == Role::bias && !is_bias))
        continue;
      if (found >= 0) return -1;
      found = id;
    }
    return found;
  }

  const Owners& o_;
  std::span<const data::NpzArray> arrays_;
  std::vector<Meant> meant_;
  std::vector<Parts> parts_;
  std::vector<Layer> layers_;
};

}  // namespace

std::vector<Meant> read_names(const Owners& owners, std::span<const data::NpzArray> arrays) {
  return NameReader(owners, arrays).read();
}

std::vector<std::string_view> known_names(const Owners& owners) {
  std::vector<std::string_view> names;
  for (int id = owners.graph.size() - 1; id >= 0; --id) {
    const Node& node = owners.graph.node(id);
    if ((node.kind == NodeKind::param && node.param_options.trainable) ||
        std::ranges::find(owners.inputs, id) != owners.inputs.end())
      names.push_back(node.name);
  }
  return names;
}

}  // namespace chainrule::detail
