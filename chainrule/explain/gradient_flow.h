// What comes through each layer while a network learns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/train/observer.h"

namespace chainrule {

/// A layer is an operation with weights and what follows it up to the next such: "fc1 relu1".
struct GradientFlow {
  struct Layer {
    double weight_gradient = 0;  ///< mean |d loss / d weight|
    double output_gradient = 0;  ///< mean |d loss / d output|
    double output_deviation = 0;
    double output_zeros = 0;  ///< part of the outputs that is 0
  };
  struct Moment {
    std::int64_t step;  ///< from 1
    double loss;
    std::vector<Layer> layers;
  };
  std::vector<std::string> layers;  ///< their names, the first one first
  std::vector<Moment> moments;
};

/// Looks at a run from outside: the first step, the last of `steps`, and at most `most` in all.
class FlowRecorder final : public Observer {
 public:
  explicit FlowRecorder(std::int64_t steps, int most = 50);

  void on_start(const RunInfo& info) override;
  void on_step(const StepInfo& info) override;
  /// The same for those who run their own steps.
  void start(const Model& model);
  void look(std::int64_t step, double loss, const Tape<float>& tape);

  const GradientFlow& flow() const { return flow_; }

 private:
  struct Nodes {
    int weight, output;
  };
  std::int64_t steps_, every_;
  const Model* model_ = nullptr;
  std::vector<Nodes> nodes_;
  GradientFlow flow_;
};

}  // namespace chainrule
