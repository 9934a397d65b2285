"use strict";

// The mask contract (docs/mask.md): Philox4x32-10 and the kept elements, for elements up to 2**53 - 1.

const TWO16 = 65536;
const TWO32 = 4294967296;

/** Return the high and low words of the product of two words. */
function mulhilo(a, b) {
  const ah = a >>> 16, al = a & 0xffff, bh = b >>> 16, bl = b & 0xffff;
  const middle = ah * bl + Math.floor((al * bl) / TWO16);
  const other = al * bh + (middle % TWO16);
  const high = ah * bh + Math.floor(middle / TWO16) + Math.floor(other / TWO16);
  return [high >>> 0, Math.imul(a, b) >>> 0];
}

/** Return the four output words for a counter of four words and a key of two. */
function philox([c0, c1, c2, c3], [k0, k1]) {
  for (let round = 0; round < 10; round++) {
    const [hi0, lo0] = mulhilo(0xd2511f53, c0);
    const [hi1, lo1] = mulhilo(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [(hi1 ^ c1 ^ k0) >>> 0, lo1, (hi0 ^ c3 ^ k1) >>> 0, lo0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** Return p as a multiple of 2**-32, ties to even. */
function threshold(p) {
  const exact = p * TWO32;
  const below = Math.floor(exact);
  const rest = exact - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/** Return the 16-bit number of an element. */
function number16(element, stream, step, key) {
  const block = Math.floor(element / 8);
  const words = philox([block % TWO32, Math.floor(block / TWO32), step, stream], key);
  const lane = element % 8;
  const word = words[lane >> 1];
  return lane & 1 ? word >>> 16 : word & 0xffff;
}

/** Return whether an element is kept at a threshold. */
function isKept(element, limit, stream, step, key) {
  if (limit === 0 || limit === TWO32) return limit === 0;
  const high = number16(element, stream, step, key);
  const highLimit = Math.floor(limit / TWO16);
  if (high !== highLimit) return high > highLimit;
  return number16(element, (stream | 0x80000000) >>> 0, step, key) >= limit % TWO16;
}

/** Return a mask of `size` elements, true for kept elements. */
function sampleMask(size, p, key, stream, step, offset) {
  const limit = threshold(p);
  return Array.from({ length: size }, (_, i) => isKept(offset + i, limit, stream, step, key));
}
