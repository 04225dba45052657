// What is done to gradients between the backward pass and the step.
#pragma once

#include <span>

#include "chainrule/core/shape.h"
#include "chainrule/core/thread_pool.h"

namespace chainrule {

// T is float or double. None of these allocates; none depends on the number of threads.

/// Limits each gradient to [-limit, limit]. limit must be above 0.
template <class T>
void clip_by_value(std::span<T> grads, double limit, ThreadPool& pool);

/// sqrt(sum of g^2), summed in double.
template <class T>
double global_norm(std::span<const T> grads, ThreadPool& pool);

/// Multiplies all gradients by limit / norm when their global norm exceeds `limit`, which must be
/// above 0. Returns the norm before.
/// Source: Pascanu, Mikolov, Bengio: "On the difficulty of training recurrent neural networks",
/// ICML 2013, algorithm 1.
template <class T>
double clip_by_global_norm(std::span<T> grads, double limit, ThreadPool& pool);

/// Is there no NaN and no infinity?
template <class T>
bool all_finite(std::span<const T> values, ThreadPool& pool);

}  // namespace chainrule
