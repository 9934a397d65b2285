"use strict";

// The network's forward pass for one row, as the page shows it.

/** Return the numbers that Python has packed: little-endian float32 or float64. */
function unpack(text, type) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const size = type === "float32" ? 4 : 8;
  return Float64Array.from({ length: bytes.length / size }, (_, i) =>
    size === 4 ? view.getFloat32(4 * i, true) : view.getFloat64(8 * i, true));
}

/** Return a network with its numbers unpacked. */
function unpacked(net) {
  const layers = net.layers.map(({ weight, bias }) => ({
    weight: unpack(weight, net.dtype),
    bias: unpack(bias, net.dtype),
  }));
  return { ...net, x: Array.from(unpack(net.x, net.dtype)), layers };
}

/** Return which values of a site are kept: the whole mask for a batch's units, or the row's part of it. */
function maskOf(net, site, rates, step) {
  const units = net.sizes[site];
  const offset = net.variant === "subnetwork" ? 0 : net.row * units;
  const p = rates[site];
  if (!Array.isArray(p)) return sampleMask(units, p, net.key, site, step, offset);
  return p.map((own, i) => isKept(offset + i, threshold(own), site, step, net.key));
}

/** Return by what a kept value of a site is multiplied: the reciprocal of the share that is kept. */
function scaleOf(net, p) {
  const limit = threshold(p);
  return net.scaled ? TWO32 / (TWO32 - limit) : 1;
}

/**
 * Return the values of all layers, the input's first, the sums that they come from, and the answer.
 * masks[site] tells which are kept, or is null where none is dropped; dropped values are 0. Where nothing is scaled in
 * training, values behind hidden units are multiplied by 1 - p instead outside of it.
 */
function forward(net, rates, masks, training, p) {
  let values = net.x;
  const columns = [], allSums = [];
  net.layers.forEach(({ weight, bias }, layer) => {
    const mask = masks[layer];
    if (mask) {
      const own = rates[layer];
      values = values.map((value, i) => (mask[i] ? value * scaleOf(net, Array.isArray(own) ? own[i] : own) : 0));
    }
    if (!net.scaled && !training && layer) values = values.map((value) => value * (1 - p)); // the classic way
    columns.push(values);
    const given = values;
    const sums = Array.from(bias, (start, unit) => {
      let sum = 0;
      for (let i = 0; i < given.length; i++) sum += weight[unit * given.length + i] * given[i];
      return sum + start;
    });
    allSums.push(sums);
    values = layer < net.layers.length - 1 ? sums.map((sum) => (sum <= 0 ? 0 : sum)) : sums; // NaN goes through
  });
  columns.push(values);
  return { columns, sums: allSums, answer: answerOf(net, values) };
}

/** Return what outputs mean: probabilities, or values in the target's units. */
function answerOf(net, outputs) {
  if (net.answer === "softmax") {
    const most = Math.max(...outputs);
    const powers = outputs.map((out) => Math.exp(out - most));
    const total = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / total);
  }
  if (net.answer === "sigmoid") {
    const shares = outputs.map((out) => 1 / (1 + Math.exp(-out)));
    return shares.length === 1 ? [1 - shares[0], shares[0]] : shares; // of 0 and of 1
  }
  return outputs.map((out, i) => out * net.factor[i] + net.shift[i]);
}

/** Write a number as Python's `number` does: two decimals, ties to even; whole ones without; 6e-4 and 1.23e+6. */
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
