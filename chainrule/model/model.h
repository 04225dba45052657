// A network with its parameters and the text that describes it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chainrule/data/schema.h"
#include "chainrule/graph/graph.h"
#include "chainrule/graph/params.h"

namespace chainrule {

struct ModelOptions {
  /// "softmax_cross_entropy", "squared_error", ...; see loss_names().
  std::string loss = "softmax_cross_entropy";
  /// Initialiser of weights: "glorot_uniform", "he_normal", "normal:0.01", ...; "" lets each layer
  /// choose (He before ReLU and its kin, Glorot otherwise). Biases start at 0.
  std::string init;
  std::uint64_t seed = 0;
  /// Penalties on the parameters whose name matches a pattern ("*.weight", "fc1.*"): lambda *
  /// sum |w| and lambda * sum w^2, added to the loss. Each pattern must match at least one.
  std::map<std::string, double> l1, l2;
  double label_smoothing = 0;  ///< softmax_cross_entropy only
  /// {height, width[, channels]} when a flat row is the pixels of a picture, row by row, the
  /// channels of a pixel side by side: layers such as conv then see these axes.
  Shape picture = {};
};

/// A loss among several. It has a number for each row, or is the mean of such, or any scalar.
struct WeightedLoss {
  WeightedLoss(Var loss, double weight = 1) : loss(std::move(loss)), weight(weight) {}  // NOLINT
  Var loss;
  double weight;
};

/// What the nodes of a recorded graph are for.
struct ModelParts {
  std::vector<Var> outputs;
  std::vector<WeightedLoss> losses;
  std::uint64_t seed = 0;
  std::map<std::string, double> l1 = {}, l2 = {};  ///< as in ModelOptions
};

/// The same by number, as a file keeps it; -1: there is none.
struct ModelNodes {
  std::vector<int> outputs;
  int target = -1, weight = -1, sample_loss = -1, loss = -1;
};

/// A graph from inputs to outputs and a loss, with its parameters in float. Made from a text such
/// as `linear 512, relu, dropout 0.2, linear 10`, where the size of the input comes from the data,
/// or from any graph that somebody recorded.
class Model {
 public:
  /// A copy of what `graph` has recorded so far; the Vars of its nodes may be used with tapes of
  /// this model. Sample weights are a further input, "weight", when each loss is one of rows.
  /// Throws Error when there is no output or loss, or they belong to another graph.
  Model(const Graph& graph, const ModelParts& parts, Location at = Location::current());
  /// Of a file. Throws Error when the numbers do not fit the graph.
  Model(std::unique_ptr<Graph> graph, const ModelNodes& nodes, std::string text, Shape features,
        ModelOptions options);
  /// Throws Error with one sentence when the text or an option is wrong; with the text and a mark
  /// below the word in question when it is the text.
  Model(std::string_view text, const Shape& features, ModelOptions options = {},
        Location at = Location::current());
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  /// The same network with parameters as they start with that seed.
  Model fresh(std::uint64_t seed) const;

  const std::string& text() const;  ///< as given, in canonical form; "" for a recorded graph
  const ModelOptions& options() const;
  const Shape& features() const;

  const Graph& graph() const;
  Params<float>& params() const;
  Var input() const;        ///< [B, features...], the first of several
  Var output() const;       ///< [B, outputs], before the loss; the first of several
  Var target() const;       ///< class indices [B], or numbers [B, outputs]; an empty Var if none
  Var weight() const;       ///< sample weights [B], 1 unless the data say otherwise; or empty
  Var sample_loss() const;  ///< [B]: the loss of each row, unweighted; or empty
  Var loss() const;         ///< scalar that training minimises: weighted mean plus penalties
  Index outputs() const;    ///< width of output()
  bool class_target() const {
    return target() && graph().node(target()).kind == NodeKind::class_input;
  }
  /// What the outputs depend on.
  const std::vector<Var>& inputs() const;
  const std::vector<Var>& all_outputs() const;
  /// Further inputs of the loss, without weight(): target() and what others there are.
  const std::vector<Var>& targets() const;
  ModelNodes nodes() const;

  // What a saved model carries beside its parameters.
  /// What a raw row and an answer mean. Before there are data: numbers as they are, and the task
  /// that suits the loss.
  Schema schema;
  std::map<std::string, double> metrics;
  /// Takes over what the data say. Here alone is decided, once, what the outputs mean: by the task,
  /// the loss and, where these leave it open, by the last layer. Yes-or-no losses make of numbers
  /// to learn one answer of yes or no each.
  void adopt(Schema of_data);

  /// Writes one safetensors file. Throws DataError naming the file. (Defined in io/.)
  void save(const std::filesystem::path& path) const;
  static Model load(const std::filesystem::path& path);

 private:
  struct State;
  explicit Model(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Numbers of the trainable parameters whose name matches a pattern: * is any text, ? any
/// character. Throws Error, naming the option that the pattern is of, when there is none.
std::vector<int> matching_params(const Graph& graph, std::string_view pattern,
                                 std::string_view option);

/// Names of the losses and layers that a model may use, for "did you mean".
std::vector<std::string_view> loss_names();
std::vector<std::string_view> layer_names();

/// The same for help.
struct HelpLine {
  std::string usage;  ///< "linear N [bias=true] [init=NAME]"
  std::string text;   ///< what it does
};
std::vector<HelpLine> loss_help();
std::vector<HelpLine> layer_help();

}  // namespace chainrule
