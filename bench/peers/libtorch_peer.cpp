// PyTorch's C++ library, used as bench/peers/torch_peer.py uses the Python one.
#include <torch/torch.h>
#include <torch/version.h>

#include "peer.h"

using bench::Answer;
using bench::Job;
namespace nn = torch::nn;

namespace {

nn::Sequential make(const Job& job) {
  nn::Sequential model;
  for (std::size_t i = 1; i < job.widths.size(); ++i) {
    const bool last = i + 1 == job.widths.size();
    model->push_back(nn::Linear(job.widths[i - 1], job.widths[i]));
    if (job.is_xor()) model->push_back(nn::Sigmoid());
    if (!job.is_xor() && !last) model->push_back(nn::ReLU());
    if (job.dropout > 0 && !last) model->push_back(nn::Dropout(job.dropout));
  }
  return model;
}

Answer predict(const Job& job, nn::Sequential model, const torch::Tensor& x,
               const torch::Tensor& labels) {
  model->eval();
  const torch::InferenceMode inference;
  if (job.task == "one") {
    const std::vector<torch::Tensor> rows = x.slice(0, 0, bench::kOneRows).split(1);
    return bench::timed(job, [&](long i) {
      return model->forward(rows[static_cast<std::size_t>(i % bench::kOneRows)])
          .data_ptr<float>()[0];
    });
  }
  const torch::Tensor all = x.slice(0, 0, bench::kTestRows);
  const torch::Tensor t = labels.slice(0, 0, bench::kTestRows);
  return bench::timed(job, [&](long) {
    const torch::Tensor y = torch::softmax(model->forward(all), 1);
    return (y.argmax(1) == t).to(torch::kFloat).mean().item<double>();
  });
}

template <class Optimizer>
Answer train(const Job& job, nn::Sequential model, const torch::Tensor& x_all,
             const torch::Tensor& labels, Optimizer optimizer) {
  const long steps = job.steps * 2 + 2;
  std::vector<int> drawn = bench::draw(job, x_all.size(0), steps);
  const torch::Tensor order =
      torch::from_blob(drawn.data(), {steps, job.batch}, torch::kInt32).to(torch::kInt64);
  const torch::Tensor xor_target = labels.to(torch::kFloat).reshape({-1, 1});
  torch::Tensor loss;
  Answer answer = bench::timed(job, [&](long i) {
    optimizer.zero_grad();
    if (job.is_xor()) {
      loss = torch::mse_loss(model->forward(x_all), xor_target);
    } else {
      const torch::Tensor rows = order[i];
      loss = torch::cross_entropy_loss(model->forward(x_all.index_select(0, rows)),
                                       labels.index_select(0, rows));
    }
    loss.backward();
    optimizer.step();
    return 0.0;
  });
  answer.loss = loss.item<double>();
  return answer;
}

Answer work(const Job& job, const std::string& folder) {
  torch::set_num_threads(job.threads);
  torch::manual_seed(1);
  const bench::Rows& rows = bench::read_rows(folder, job);
  const torch::Tensor x =
      torch::from_blob(const_cast<float*>(rows.x.data()), {rows.count, rows.width});
  const torch::Tensor labels =
      torch::from_blob(const_cast<std::uint8_t*>(rows.label.data()), {rows.count}, torch::kUInt8)
          .to(torch::kInt64);
  nn::Sequential model = make(job);
  if (job.task != "train") return predict(job, model, x, labels);
  if (job.optimizer == "adam")
    return train(job, model, x, labels, torch::optim::Adam(model->parameters(), job.rate));
  return train(job, model, x, labels, torch::optim::SGD(model->parameters(), job.rate));
}

}  // namespace

int main(int, char** argv) {
  return bench::serve("libtorch " TORCH_VERSION,
                      [&](const Job& job, bool) { return work(job, argv[1]); });
}
