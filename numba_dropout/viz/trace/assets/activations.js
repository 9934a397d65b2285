"use strict";

// The activation functions of hidden layers.

const SELU = 1.0507009873554805, SELU_ALPHA = 1.6732632423543772;
const ROOT_2_OVER_PI = Math.sqrt(2 / Math.PI);

/** Return the share of a standard normal distribution below x (Abramowitz & Stegun, 1964, 26.2.11). */
function normal(x) {
  if (Math.abs(x) > 9) return x > 0 ? 1 : 0;
  let term = x, total = x;
  for (let n = 3; Math.abs(term) > 1e-17 * Math.abs(total); n += 2) {
    term *= x * x / n;
    total += term;
  }
  return 0.5 + total * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
}

const logistic = (x) => 1 / (1 + Math.exp(-x));
const tanhGate = (x) => 0.5 * (1 + Math.tanh(ROOT_2_OVER_PI * (x + 0.044715 * x ** 3)));

const ACTIVATIONS = {
  relu: (x) => (x <= 0 ? 0 : x), // keeps NaN
  leaky_relu: (x) => (x <= 0 ? 0.01 * x : x),
  elu: (x) => (x <= 0 ? Math.expm1(x) : x),
  selu: (x) => SELU * (x <= 0 ? SELU_ALPHA * Math.expm1(x) : x),
  gelu: (x) => x * normal(x),
  gelu_tanh: (x) => x * tanhGate(x),
  silu: (x) => x * logistic(x),
  tanh: Math.tanh,
  logistic,
  identity: (x) => x,
};
