// FANN: a batch is a training set of its own, of which one epoch is one step. It has neither ReLU
// nor softmax: its networks are of sigmoids, with the squared error.
#include <cstdio>
#include <fann.h>

#include "peer.h"

using bench::Answer;
using bench::Job;

namespace {

fann* make(const Job& job) {
  std::vector<unsigned> widths(job.widths.begin(), job.widths.end());
  fann* net = fann_create_standard_array(static_cast<unsigned>(widths.size()), widths.data());
  fann_set_activation_function_hidden(net, FANN_SIGMOID);
  fann_set_activation_function_output(net, FANN_SIGMOID);
  fann_set_training_algorithm(net, FANN_TRAIN_BATCH);
  fann_set_learning_rate(net, static_cast<float>(job.rate));
  return net;
}

Answer work(const Job& job, const std::string& folder) {
  if (job.optimizer != "sgd" || job.dropout > 0)
    throw std::runtime_error("FANN has neither Adam nor dropout");
  const bench::Rows& rows = bench::read_rows(folder, job);
  fann* net = make(job);
  Answer answer;
  if (job.task == "one") {
    answer = bench::timed(job, [&](long i) {
      return static_cast<double>(
          fann_run(net, const_cast<float*>(rows.row(i % bench::kOneRows)))[0]);
    });
  } else {
    const auto batch = static_cast<unsigned>(job.batch), outputs = net->num_output;
    fann_train_data* data = fann_create_train(batch, net->num_input, outputs);
    const std::vector<int> order = bench::draw(job, rows.count, job.steps * 2 + 2);
    answer = bench::timed(job, [&](long step) {
      // The four rows of XOR stay where they are.
      if (!job.is_xor() || step == 0) {
        for (unsigned i = 0; i < batch; ++i) {
          const int row = order[static_cast<std::size_t>(step) * batch + i];
          std::copy_n(rows.row(row), rows.width, data->input[i]);
          const unsigned label = rows.label[static_cast<std::size_t>(row)];
          for (unsigned o = 0; o < outputs; ++o)
            data->output[i][o] = outputs == 1 ? static_cast<float>(label) : o == label;
        }
      }
      return static_cast<double>(fann_train_epoch(net, data));
    });
    fann_destroy_train(data);
  }
  fann_destroy(net);
  return answer;
}

}  // namespace

int main(int, char** argv) {
  return bench::serve("FANN 2.2", [&](const Job& job, bool) { return work(job, argv[1]); });
}
