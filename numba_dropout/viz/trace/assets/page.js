"use strict";

// The interactive picture of the network: units, edges, sliders, and the next mask.

const SVG = "http://www.w3.org/2000/svg";
const READERS = -1; // the step of user-defined masks, before all other steps
const SHOWN = 50; // maximum of drawn units per layer
const LEAST = 0.7; // minimum scale of the picture; narrow screens scroll sideways

const data = JSON.parse(document.getElementById("network-data").textContent);
const net = unpacked(data);
const state = {
  step: net.fixedMasks ? READERS : net.step,
  training: true,
  rates: net.rates.map((p) => (Array.isArray(p) ? [...p] : p)),
  fixedMasks: net.fixedMasks, // user-defined masks of 0 and 1, null without
  p: net.p, // their rate
};

function isDropped(p) {
  return Array.isArray(p) ? p.some((rate) => rate > 0) : p > 0;
}

function layerName(column) {
  if (column === 0) return "input";
  return column === net.sizes.length - 1 ? "output" : `hidden ${column}`;
}

/** Return the current masks of all sites, null for sites without dropout. */
function masksNow() {
  return net.layers.map((_, site) => {
    if (!state.training) return null;
    if (state.fixedMasks) return state.fixedMasks[site];
    return isDropped(state.rates[site]) ? maskOf(net, site, state.rates, state.step) : null;
  });
}

/** Return the current values, masks and answer. */
function current() {
  const masks = masksNow();
  return { masks, ...forward(net, state.rates, masks, state.training, state.p) };
}

// ---------------------------------------------------------------- the picture

const picture = document.getElementById("picture");
const hint = document.getElementById("hint");
const status = document.getElementById("status");
const units = []; // [column][index]: the SVG group of a drawn unit
const edges = []; // [layer]: {line, from, to}

function createSvg(name, attributes, parent) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (parent) parent.append(element);
  return element;
}

function draw() {
  const shown = net.sizes.map((size) => Math.min(size, SHOWN));
  const most = Math.max(...shown);
  const gap = most > 24 ? 15 : most > 8 ? 26 : 42;
  const height = most * gap + 64;
  const width = 170 * (net.sizes.length - 1) + 120;
  picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
  picture.style.maxWidth = `${width}px`;
  picture.style.minWidth = `${LEAST * width}px`;
  const x = (column) => 60 + 170 * column;
  const y = (column, index) => 34 + (height - 64) / 2 + (index - (shown[column] - 1) / 2) * gap;
  const below = createSvg("g", { "aria-hidden": "true" }, picture);
  net.layers.forEach(({ weight }, layer) => {
    edges.push([]);
    let widest = 0;
    for (const value of weight) widest = Math.max(widest, Math.abs(value));
    for (let to = 0; to < shown[layer + 1]; to++) {
      for (let from = 0; from < shown[layer]; from++) {
        const value = weight[to * net.sizes[layer] + from];
        const line = createSvg("line", {
          x1: x(layer), y1: y(layer, from), x2: x(layer + 1), y2: y(layer + 1, to),
          class: value < 0 ? "edge negative" : "edge", "stroke-width": 0.3 + (2.2 * Math.abs(value)) / (widest || 1),
        }, below);
        line.addEventListener("pointerenter", () => showHint(
          `weight from ${layerName(layer)} ${from + 1} to ${layerName(layer + 1)} ${to + 1}: ${written(value)}`));
        edges[layer].push({ line, from, to });
      }
    }
  });
  net.sizes.forEach((size, column) => {
    units.push([]);
    createSvg("text", { x: x(column), y: 16, class: "name" }, picture).textContent = layerName(column);
    for (let index = 0; index < shown[column]; index++) {
      units[column].push(unit(column, index, x(column), y(column, index), gap));
    }
    if (size > shown[column]) {
      const more = createSvg("text", { x: x(column), y: height - 6, class: "name" }, picture);
      more.textContent = `+ ${size - shown[column]} more`;
    }
  });
}

function unit(column, index, cx, cy, gap) {
  const group = createSvg("g", { class: "unit", role: "img", tabindex: column + index === 0 ? "0" : "-1" }, picture);
  createSvg("circle", { cx, cy, r: gap / 2, class: "reach" }, group);
  createSvg("circle", { cx, cy, r: gap > 40 ? 13 : gap > 20 ? 9 : 6, class: "dot" }, group);
  createSvg("title", {}, group);
  group.addEventListener("pointerenter", () => showHint(group.getAttribute("aria-label")));
  group.addEventListener("focus", () => showHint(group.getAttribute("aria-label")));
  group.addEventListener("keydown", (event) => move(event, column, index));
  if (state.fixedMasks && column < net.layers.length) {
    group.setAttribute("role", "button");
    group.addEventListener("click", () => toggle(column, index));
  }
  return group;
}

/** Move to a neighbor with the arrow keys; drop or restore a unit with Enter or space if masks are user-defined. */
function move(event, column, index) {
  const steps = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  if (event.key in steps) {
    const [across, down] = steps[event.key];
    const other = units[column + across];
    const next = other && other[Math.min(index + down, other.length - 1)];
    if (next) {
      units[column][index].setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    }
    event.preventDefault();
  } else if (state.fixedMasks && (event.key === "Enter" || event.key === " ")) {
    toggle(column, index);
    event.preventDefault();
  }
}

function toggle(column, index) {
  if (column >= net.layers.length) return;
  train();
  state.fixedMasks[column][index] = !state.fixedMasks[column][index];
  show();
  showHint(units[column][index].getAttribute("aria-label"));
}

/** Switch to training mode, which shows masks. */
function train() {
  state.training = true;
  document.querySelector("input[value=training]").checked = true;
}

function showHint(text) {
  hint.textContent = text;
}

// ---------------------------------------------------------------- updates

function show() {
  const { masks, columns, sums, answer } = current();
  let dropped = 0, all = 0;
  columns.forEach((values, column) => {
    const mask = masks[column] || null;
    if (mask) dropped += mask.filter((keep) => !keep).length;
    if (mask || isDropped(net.rates[column] ?? 0)) all += values.length;
    units[column].forEach((group, index) => {
      const isGone = Boolean(mask && !mask[index]);
      const label = `${layerName(column)} ${index + 1}: ${isGone ? "dropped" : written(values[index])}`;
      group.classList.toggle("dropped", isGone);
      group.classList.toggle("silent", !isGone && values[index] === 0);
      group.setAttribute("aria-label", label);
      if (group.getAttribute("role") === "button") group.setAttribute("aria-pressed", String(isGone));
      group.querySelector("title").textContent = label;
    });
  });
  edges.forEach((lines, layer) => lines.forEach(({ line, from, to }) => {
    const mask = masks[layer], after = masks[layer + 1];
    line.classList.toggle("gone", Boolean((mask && !mask[from]) || (after && !after[to])));
  }));
  const outputs = answer.map(written).join(", ");
  const what = ["value", "rate"].includes(net.answer) ? "output" : "probabilities";
  const step = state.step === READERS ? "" : `, step ${state.step}`;
  const scaled = net.fixedMasks ? `, values of hidden units are multiplied by ${written(1 - state.p)}` : "";
  const mode = state.training ? `Training${step}: ${dropped} of ${all} units dropped`
    : `Evaluation: nothing is dropped${scaled}`;
  document.getElementById("back").disabled = state.step === (net.fixedMasks ? READERS : 0);
  status.textContent = `${mode}; ${what} ${outputs}`;
  fillValues(columns, masks);
  if (net.fixedMasks) fillFormulas(columns, masks, sums);
}

function fillValues(columns, masks) {
  const body = document.getElementById("values");
  body.replaceChildren(...columns.flatMap((values, column) => values.slice(0, SHOWN).map((value, index) => {
    const row = document.createElement("tr");
    const mask = masks[column];
    for (const text of [`${layerName(column)} ${index + 1}`, mask && !mask[index] ? "dropped" : written(value)]) {
      const cell = document.createElement("td");
      cell.textContent = text;
      row.append(cell);
    }
    return row;
  })));
}

/** Show the formula of each unit. */
function fillFormulas(columns, masks, sums) {
  const list = document.getElementById("formulas");
  const lines = net.layers.flatMap(({ weight, bias }, layer) => Array.from(bias, (b, index) => {
    const last = layer === net.layers.length - 1;
    const inputs = columns[layer];
    const sum = sums[layer][index];
    const terms = inputs.map((value, i) =>
      `${written(weight[index * inputs.length + i])}*${masks[layer] && !masks[layer][i] ? "[0]" : written(value)}`);
    const total = `${terms.join(" + ")} + ${written(b)}`.replaceAll("+ -", "- ");
    const name = last ? (bias.length === 1 ? "y" : `y[${index + 1}]`) : `h${layer + 1}[${index + 1}]`;
    return last ? `${name} = ${total} = ${written(sum)}`
      : `${name} = relu(${total}) = relu(${written(sum)}) = ${written(Math.max(sum, 0))}`;
  }));
  list.replaceChildren(...lines.map((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    return item;
  }));
}

// ---------------------------------------------------------------- controls

function slider(site, p, changed) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  const output = document.createElement("output");
  Object.assign(input, { type: "range", min: 0, max: 1, step: 0.01, value: p, id: `rate-${site}` });
  label.append(site === null ? "p on hidden units " : `p on ${layerName(site)} `, input, output);
  output.textContent = Number(p).toFixed(2);
  input.addEventListener("input", () => {
    output.textContent = Number(input.value).toFixed(2);
    changed(Number(input.value));
  });
  return label;
}

function controls() {
  const container = document.getElementById("rates");
  if (net.fixedMasks) container.append(slider(null, net.p, (p) => { state.p = p; next(0); }));
  net.rates.forEach((p, site) => {
    if (net.fixedMasks || Array.isArray(p)) return;
    container.append(slider(site, p, (rate) => { state.rates[site] = rate; train(); show(); }));
  });
  document.getElementById("next").addEventListener("click", () => next(1));
  document.getElementById("back").addEventListener("click", () => next(-1));
  for (const mode of document.querySelectorAll("input[name=mode]")) {
    mode.addEventListener("change", () => { state.training = mode.value === "training"; show(); });
  }
}

/** Go to the masks of another step; with user-defined masks, draw those of hidden units, or go back to the former. */
function next(by) {
  const before = state.step;
  state.step = Math.max(net.fixedMasks ? READERS : 0, before + by);
  if (net.fixedMasks && before === READERS && by > 0) {
    net.fixedMasks = state.fixedMasks.map((mask) => [...mask]); // for back
  }
  if (net.fixedMasks && state.step === READERS && before !== READERS) state.fixedMasks = net.fixedMasks;
  if (net.fixedMasks && state.step !== READERS) {
    state.fixedMasks = net.fixedMasks.map((mask, site) =>
      site ? sampleMask(mask.length, state.p, net.key, site, state.step, 0) : [...mask]);
  }
  if (by) train();
  show();
}

draw();
controls();
show();
