"use strict";

// The forward pass of the network for one row.

/** Return the numbers in a base64 text: little-endian float32 or float64. */
function unpack(text, type) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const size = type === "float32" ? 4 : 8;
  return Float64Array.from({ length: bytes.length / size }, (_, i) =>
    size === 4 ? view.getFloat32(4 * i, true) : view.getFloat64(8 * i, true));
}

/** Return a network with unpacked arrays. */
function unpacked(net) {
  const layers = net.layers.map(({ weight, bias }) => ({
    weight: unpack(weight, net.dtype),
    bias: unpack(bias, net.dtype),
  }));
  return { ...net, x: Array.from(unpack(net.x, net.dtype)), layers };
}

/** Return the mask of a site: that of the whole batch for subnetwork, else that of the row. */
function maskOf(net, site, rates, step) {
  const units = net.sizes[site];
  const offset = net.variant === "subnetwork" ? 0 : net.row * units;
  const p = rates[site];
  if (!Array.isArray(p)) return sampleMask(units, p, net.key, site, step, offset);
  return p.map((rate, i) => isKept(offset + i, threshold(rate), site, step, net.key));
}

/** Return the factor of kept values: 1 / (share of kept values), or 1 without scaling. */
function scaleOf(net, p) {
  const limit = threshold(p);
  return net.scaled ? TWO32 / (TWO32 - limit) : 1;
}

/**
 * Return the values of all layers, starting with the input, the sums before activations, and the answer.
 * masks[site] is the mask of kept values, or null if nothing is dropped. Dropped values are 0. Without scaling in
 * training, the values of hidden units are multiplied by 1 - p in evaluation mode.
 */
function forward(net, rates, masks, training, p) {
  let values = net.x;
  const columns = [], allSums = [];
  net.layers.forEach(({ weight, bias }, layer) => {
    const mask = masks[layer];
    if (mask) {
      const rate = rates[layer];
      values = values.map((value, i) => (mask[i] ? value * scaleOf(net, Array.isArray(rate) ? rate[i] : rate) : 0));
    }
    if (!net.scaled && !training && layer) values = values.map((value) => value * (1 - p)); // classic dropout
    columns.push(values);
    const inputs = values;
    const sums = Array.from(bias, (start, unit) => {
      let sum = 0;
      for (let i = 0; i < inputs.length; i++) sum += weight[unit * inputs.length + i] * inputs[i];
      return sum + start;
    });
    allSums.push(sums);
    values = layer < net.layers.length - 1 ? sums.map(ACTIVATIONS[net.activation[layer]]) : sums;
  });
  columns.push(values);
  return { columns, sums: allSums, answer: answerOf(net, values) };
}

/** Return the answer from the outputs: probabilities, or values in the target's units. */
function answerOf(net, outputs) {
  if (net.answer === "softmax") {
    const largest = Math.max(...outputs);
    const powers = outputs.map((out) => Math.exp(out - largest));
    const total = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / total);
  }
  if (net.answer === "sigmoid") {
    const shares = outputs.map((out) => 1 / (1 + Math.exp(-out)));
    return shares.length === 1 ? [1 - shares[0], shares[0]] : shares; // of the classes 0 and 1
  }
  if (net.answer === "rate") return outputs.map((out) => Math.exp(out));
  return outputs.map((out, i) => untransformed(net, out * net.factor[i] + net.shift[i], i));
}

/** Return a target from its transformed value, as Python's `target_transform.inverse` does. */
function untransformed(net, value, i) {
  if (net.transform === "log1p") return Math.expm1(Math.max(value, 0));
  if (net.transform !== "yeo-johnson") return value;
  const size = Math.abs(value), power = value >= 0 ? net.lambdas[i] : 2 - net.lambdas[i];
  return Math.sign(value) * Math.expm1(power === 0 ? size : Math.log1p(power * size) / power);
}

/** Return a number's text as Python's `number` does: 2 decimals, ties to even; none for integers; 6e-4, 1.23e+6. */
function written(value) {
  if (!Number.isFinite(value)) return String(value).replace("Infinity", "inf").replace("NaN", "nan");
  if (Math.abs(value) >= 1e6) return value.toExponential(2);
  if (Math.abs(value - Math.round(value)) < 1e-12) return String(Math.round(value) + 0);
  let text = value.toFixed(2);
  if (Math.abs(value * 8) % 2 === 1) {
    const below = Math.floor(Math.abs(value) * 100);
    text = ((Math.sign(value) * (below + (below % 2))) / 100).toFixed(2);
  }
  return Number(text) === 0 ? value.toExponential(0) : text;
}
