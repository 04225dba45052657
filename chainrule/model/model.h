// A network with its parameters and the text that describes it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/data/preprocess.h"
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
};

/// What the numbers of Model::output() mean.
enum class OutputKind { values, logits, probabilities, binary_logit, binary_probability };

/// A graph from an input to a loss, with its parameters in float. Made from a text such as
/// `linear 512, relu, dropout 0.2, linear 10`; the size of the input comes from the data.
class Model {
 public:
  /// Throws Error with one sentence when the text or an option is wrong; with the text and a mark
  /// below the word in question when it is the text.
  Model(std::string_view text, const Shape& features, ModelOptions options = {},
        Location at = Location::current());
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  const std::string& text() const;  ///< as given, in canonical form
  const ModelOptions& options() const;
  const Shape& features() const;

  const Graph& graph() const;
  Params<float>& params() const;
  Var input() const;        ///< [B, features...]
  Var output() const;       ///< [B, outputs], before the loss
  Var target() const;       ///< class indices [B], or numbers [B, outputs]
  Var weight() const;       ///< sample weights [B]; always there, 1 unless the data say otherwise
  Var sample_loss() const;  ///< [B]: the loss of each row, unweighted
  Var loss() const;         ///< scalar that training minimises: weighted mean plus penalties
  Index outputs() const;    ///< width of output()
  OutputKind output_kind() const;
  bool class_target() const { return graph().node(target()).kind == NodeKind::class_input; }

  // What a saved model carries beside its parameters.
  Preprocess preprocess;
  std::vector<std::string> class_names;
  std::map<std::string, double> metrics;

  /// Writes one safetensors file. Throws DataError naming the file. (Defined in io/.)
  void save(const std::filesystem::path& path) const;
  static Model load(const std::filesystem::path& path);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

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
