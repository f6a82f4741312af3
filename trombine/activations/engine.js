// A net computed: the operations that graph.py writes, on arrays of float32, on one core.
//
// Sums are made in float64, four channels and four places at a time, so that results are torch's
// to 1e-5. As a worker it takes {net} once, then {inputs, off, shown} for each frame.

const ROWS = 4; // of a block of sums, whose columns are as many

const erf = (x) => {
  const t = Math.abs(x);
  if (t > 6) return Math.sign(x);
  // The series near 0 and the continued fraction far from it.
  if (t < 2.5) {
    let [term, sum] = [t, t];
    for (let n = 1; n < 60; n++) sum += (term *= (-t * t) / n) / (2 * n + 1);
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let rest = t;
  for (let n = 60; n > 0; n--) rest = t + n / 2 / rest;
  return Math.sign(x) * (1 - Math.exp(-t * t) / rest / Math.sqrt(Math.PI));
};

const MAPS = {
  relu: (x) => (x > 0 ? x : 0),
  leaky_relu: (x, slope) => (x > 0 ? x : slope * x),
  silu: (x) => x / (1 + Math.exp(-x)),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  exp: Math.exp,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  neg: (x) => -x,
  abs: Math.abs,
  sin: Math.sin,
  cos: Math.cos,
  floor: Math.floor,
  pow: (x, power) => x ** power,
  clamp: (x, low, high) => Math.min(Math.max(x, low), high),
  gelu: (x, isNear) =>
    isNear
      ? (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
      : (x / 2) * (1 + erf(x / Math.SQRT2)),
};

const PAIRS = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
  gt: (a, b) => (a > b ? 1 : 0),
  ge: (a, b) => (a >= b ? 1 : 0),
  lt: (a, b) => (a < b ? 1 : 0),
  le: (a, b) => (a <= b ? 1 : 0),
};

const size = (shape) => shape.reduce((all, n) => all * n, 1);

/** Rows of a matrix in blocks, four rows of a column side by side; the last block ends in zeros. */
function blocks(matrix, start, rows, inner) {
  const packed = new Float64Array(Math.ceil(rows / ROWS) * ROWS * inner);
  for (let row = 0; row < rows; row++) {
    const to = (row - (row % ROWS)) * inner + (row % ROWS);
    for (let k = 0; k < inner; k++) packed[to + k * ROWS] = matrix[start + row * inner + k];
  }
  return packed;
}

/** Sixteen sums of products: a block of rows times one of columns. */
function multiply(rows, start, columns, inner, sums) {
  let [a0, a1, a2, a3, b0, b1, b2, b3] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [c0, c1, c2, c3, d0, d1, d2, d3] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let k = 0, at = start, from = 0; k < inner; k++, at += 4, from += 4) {
    const w = columns[from];
    const x = columns[from + 1];
    const y = columns[from + 2];
    const z = columns[from + 3];
    const a = rows[at];
    const b = rows[at + 1];
    const c = rows[at + 2];
    const d = rows[at + 3];
    a0 += a * w;
    a1 += a * x;
    a2 += a * y;
    a3 += a * z;
    b0 += b * w;
    b1 += b * x;
    b2 += b * y;
    b3 += b * z;
    c0 += c * w;
    c1 += c * x;
    c2 += c * y;
    c3 += c * z;
    d0 += d * w;
    d1 += d * x;
    d2 += d * y;
    d3 += d * z;
  }
  sums[0] = a0;
  sums[1] = a1;
  sums[2] = a2;
  sums[3] = a3;
  sums[4] = b0;
  sums[5] = b1;
  sums[6] = b2;
  sums[7] = b3;
  sums[8] = c0;
  sums[9] = c1;
  sums[10] = c2;
  sums[11] = c3;
  sums[12] = d0;
  sums[13] = d1;
  sums[14] = d2;
  sums[15] = d3;
}

/**
 * A product of matrices: `fill` writes four columns from a place on, and `put` is told the row and the
 * column of each sum.
 */
function product(packed, rows, inner, width, fill, put) {
  const [columns, sums] = [new Float64Array(inner * ROWS), new Float64Array(ROWS * ROWS)];
  for (let place = 0; place < width; place += ROWS) {
    const wide = Math.min(ROWS, width - place);
    fill(columns, place, wide);
    for (let row = 0; row < rows; row += ROWS) {
      multiply(packed, row * inner, columns, inner, sums);
      const high = Math.min(ROWS, rows - row);
      for (let r = 0; r < high; r++) for (let c = 0; c < wide; c++) put(row + r, place + c, sums[r * ROWS + c]);
    }
  }
}

/** What each kind of operation does: made once, of the operation, its values and their shapes. */
const KINDS = {
  same: (op, [x], to) => () => to.set(x),

  map({ function: name, parameters: [a, b] }, [x], to) {
    const act = MAPS[name];
    return () => {
      for (let i = 0; i < to.length; i++) to[i] = act(x[i], a, b);
    };
  },

  pair({ function: name }, [x, y], to, [one, other], shape) {
    const act = PAIRS[name];
    const plain = x.length === to.length && y.length === to.length;
    const [from, by] = plain ? [] : [one, other].map((given) => spread(given, shape));
    return () => {
      if (plain) for (let i = 0; i < to.length; i++) to[i] = act(x[i], y[i]);
      else for (let i = 0; i < to.length; i++) to[i] = act(x[from[i]], y[by[i]]);
    };
  },

  where(op, [which, one, other], to, shapes, shape) {
    const [at, from, by] = shapes.map((given) => spread(given, shape));
    return () => {
      for (let i = 0; i < to.length; i++) to[i] = which[at[i]] ? one[from[i]] : other[by[i]];
    };
  },

  choose: ({ length }, [rows, which], to) => () => {
    which.forEach((row, i) => to.set(rows.subarray(row * length, (row + 1) * length), i * length));
  },

  strided({ shape, strides, start }, [x], to) {
    const places = walk(shape, strides, start);
    return () => {
      for (let i = 0; i < to.length; i++) to[i] = x[places[i]];
    };
  },

  gather({ count, ahead, places }, [x], to) {
    const each = places.length;
    return () => {
      for (let n = 0; n < count; n++) {
        for (let i = 0; i < each; i++) to[n * each + i] = places[i] < 0 ? 0 : x[n * ahead + places[i]];
      }
    };
  },

  cat({ lengths }, given, to) {
    const step = lengths.reduce((all, n) => all + n);
    return () => {
      let start = 0;
      given.forEach((x, which) => {
        const length = lengths[which];
        for (let i = 0; i * length < x.length; i++) to.set(x.subarray(i * length, (i + 1) * length), i * step + start);
        start += length;
      });
    };
  },

  convolution(op, [x, weight, bias], to, [[, , high, wide], [filters, each, tall, broad]], [, , rows, columns]) {
    const { groups, function: name, parameters: [a, b] = [] } = op;
    const act = name ? MAPS[name] : (sum) => sum;
    const [inner, outputs, area] = [each * tall * broad, filters / groups, rows * columns];
    const packed = Array.from({ length: groups }, (_, g) => blocks(weight, g * outputs * inner, outputs, inner));
    const [[down, right], [above, before], [apart, beside]] = [op.stride, op.padding, op.dilation];
    // With what is put round it, so that no place is outside.
    const [tallest, widest] = [high + 2 * above, wide + 2 * before];
    const padded = new Float64Array((x.length / high / wide) * tallest * widest);
    const places = walk([each, tall, broad], [tallest * widest, apart * widest, beside], 0);
    const corner = (place) => Math.floor(place / columns) * down * widest + (place % columns) * right;
    const sums = new Float64Array(ROWS * ROWS);
    const block = new Float64Array(inner * ROWS);
    return () => {
      for (let row = 0; row < x.length / wide; row++) {
        const start = (Math.floor(row / high) * tallest + (row % high) + above) * widest + before;
        for (let i = 0; i < wide; i++) padded[start + i] = x[row * wide + i];
      }
      for (let g = 0; g < groups; g++) {
        for (let place = 0; place < area; place += ROWS) {
          const count = Math.min(ROWS, area - place);
          const start = g * each * tallest * widest;
          const [c0, c1, c2, c3] = [0, 1, 2, 3].map((c) => start + corner(place + Math.min(c, count - 1)));
          for (let k = 0, at = 0; k < inner; k++, at += ROWS) {
            const from = places[k];
            block[at] = padded[c0 + from];
            block[at + 1] = padded[c1 + from];
            block[at + 2] = padded[c2 + from];
            block[at + 3] = padded[c3 + from];
          }
          for (let row = 0; row < outputs; row += ROWS) {
            multiply(packed[g], row * inner, block, inner, sums);
            for (let r = row; r < Math.min(row + ROWS, outputs); r++) {
              const [channel, shift] = [g * outputs + r, bias[g * outputs + r]];
              const start = channel * area + place;
              for (let c = 0; c < count; c++) to[start + c] = act(sums[(r - row) * ROWS + c] + shift, a, b);
            }
          }
        }
      }
    };
  },

  transposed(op, [x, weight, bias], to, [[, inputs, high, wide], [, outputs, tall, broad]], [, , rows, columns]) {
    const { function: name, parameters: [a, b] = [] } = op;
    const act = name ? MAPS[name] : (sum) => sum;
    const [kernel, area] = [tall * broad, high * wide];
    const turned = new Float32Array(weight.length); // rows are places of the kernels
    for (let i = 0; i < inputs; i++) {
      for (let k = 0; k < outputs * kernel; k++) turned[k * inputs + i] = weight[i * outputs * kernel + k];
    }
    const packed = blocks(turned, 0, outputs * kernel, inputs);
    const [[down, right], [above, before]] = [op.stride, op.padding];
    const sums = new Float64Array(to.length);
    const fill = (block, place, count) => {
      for (let c = 0; c < ROWS; c++) {
        for (let i = 0; i < inputs; i++) block[i * ROWS + c] = c < count ? x[i * area + place + c] : 0;
      }
    };
    const put = (row, place, sum) => {
      const channel = Math.floor(row / kernel);
      const y = Math.floor(place / wide) * down - above + Math.floor((row % kernel) / broad);
      const z = (place % wide) * right - before + (row % broad);
      if (y >= 0 && y < rows && z >= 0 && z < columns) sums[(channel * rows + y) * columns + z] += sum;
    };
    return () => {
      sums.fill(0);
      product(packed, outputs * kernel, inputs, area, fill, put);
      for (let i = 0; i < to.length; i++) to[i] = act(sums[i] + bias[Math.floor(i / (rows * columns))], a, b);
    };
  },

  matmul({ sizes: [count, rows, inner, columns] }, [x, y], to) {
    const sums = new Float64Array(columns);
    return () => {
      for (let row = 0; row < count * rows; row++) {
        const start = Math.floor(row / rows) * inner * columns;
        sums.fill(0);
        let k = 0;
        for (; k + 4 <= inner; k += 4) {
          const at = row * inner + k;
          const [a, b, c, d] = [x[at], x[at + 1], x[at + 2], x[at + 3]];
          const one = start + k * columns;
          const [two, three, four] = [one + columns, one + 2 * columns, one + 3 * columns];
          for (let i = 0; i < columns; i++) {
            sums[i] += a * y[one + i] + b * y[two + i] + c * y[three + i] + d * y[four + i];
          }
        }
        for (; k < inner; k++) {
          for (let i = 0; i < columns; i++) sums[i] += x[row * inner + k] * y[start + k * columns + i];
        }
        to.set(sums, row * columns);
      }
    };
  },

  along({ sizes: [rows, length, inner] }, [x, matrix], to) {
    const taps = Array.from({ length: rows }, (_, row) => {
      const line = matrix.subarray(row * length, (row + 1) * length);
      return [...line].flatMap((share, from) => (share ? [[from, share]] : []));
    });
    return () => {
      for (let n = 0; n * rows * inner < to.length; n++) {
        taps.forEach((line, row) => {
          for (let i = 0; i < inner; i++) {
            let sum = 0;
            for (const [from, share] of line) sum += share * x[(n * length + from) * inner + i];
            to[(n * rows + row) * inner + i] = sum;
          }
        });
      }
    };
  },

  reduce: ({ length, function: name }, [x], to) => () => {
    for (let row = 0; row < to.length; row++) {
      let sum = 0;
      for (let i = row * length; i < (row + 1) * length; i++) sum += name === "length" ? x[i] * x[i] : x[i];
      to[row] = name === "length" ? Math.sqrt(sum) : name === "mean" ? sum / length : sum;
    }
  },

  softmax: ({ length }, [x], to) => () => {
    for (let start = 0; start < x.length; start += length) {
      const row = x.subarray(start, start + length);
      const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
      const sum = row.reduce((all, value) => all + Math.exp(value - most), 0);
      for (let i = 0; i < length; i++) to[start + i] = Math.exp(row[i] - most) / sum;
    }
  },

  standardise: ({ length, epsilon }, [x], to) => () => {
    for (let start = 0; start < x.length; start += length) {
      let [mean, square] = [0, 0];
      for (let i = start; i < start + length; i++) mean += x[i] / length;
      for (let i = start; i < start + length; i++) square += (x[i] - mean) ** 2 / length;
      const scale = 1 / Math.sqrt(square + epsilon);
      for (let i = start; i < start + length; i++) to[i] = (x[i] - mean) * scale;
    }
  },
};

/** Where in the memory each place of a shape is. */
function walk(shape, strides, start) {
  let places = [start];
  shape.forEach((length, axis) => {
    const next = new Int32Array(places.length * length);
    places.forEach((place, i) => {
      for (let n = 0; n < length; n++) next[i * length + n] = place + n * strides[axis];
    });
    places = next;
  });
  return places;
}

/** The same for a value that is spread over a larger shape. */
function spread(given, shape) {
  const ahead = shape.map((_, axis) => given[axis - shape.length + given.length] ?? 1);
  const strides = ahead.map((length, axis) => (length === 1 ? 0 : size(ahead.slice(axis + 1))));
  return walk(shape, strides, 0);
}

class Engine {
  constructor(net) {
    const bytes = Uint8Array.from(atob(net.weights), (letter) => letter.charCodeAt(0));
    const weights = new Float32Array(bytes.buffer);
    let start = 0;
    this.net = net;
    this.values = net.shapes.map(() => null);
    for (const number of net.constants) {
      this.values[number] = weights.subarray(start, (start += size(net.shapes[number])));
    }
    const value = (number) => (this.values[number] ??= new Float32Array(size(net.shapes[number])));
    this.inputs = Array.from({ length: net.inputs }, (_, number) => value(number));
    this.steps = net.ops.map((op) => {
      const [given, to] = [op.reads.map(value), value(op.writes)];
      return KINDS[op.kind](op, given, to, op.reads.map((n) => net.shapes[n]), net.shapes[op.writes]);
    });
    this.after = new Map(net.layers.map((layer, at) => [layer.op, at]));
    this.before = null; // which channels were silent in the last frame
  }

  /** The output for some inputs, or for the former ones; `off` has the silent channels of each layer. */
  run(inputs, off = []) {
    let first = 0;
    if (inputs) inputs.forEach((input, number) => this.inputs[number].set(input));
    else if (this.before) first = this.changed(off);
    for (let step = first; step < this.steps.length; step++) {
      this.steps[step]();
      const layer = this.after.get(step);
      for (const channel of off[layer] ?? []) {
        const { value } = this.net.layers[layer];
        const area = size(this.net.shapes[value].slice(2));
        this.values[value].fill(0, channel * area, (channel + 1) * area);
      }
    }
    this.before = JSON.stringify(off);
    return this.values[this.net.output];
  }

  /** The first step at which something else is silent: all before it is as it was. */
  changed(off) {
    const before = JSON.parse(this.before);
    const is = (layer) => `${before[layer] ?? ""}` !== `${off[layer] ?? ""}`;
    const at = this.net.layers.findIndex((_, layer) => is(layer));
    return at < 0 ? this.steps.length : this.net.layers[at].op;
  }

  /** A layer's maps side by side as greys, each from its least value, black, to its largest. */
  maps(layer, across) {
    const { value } = this.net.layers[layer];
    const [, count, high, wide] = this.net.shapes[value];
    const [width, data] = [across * wide, this.values[value]];
    const picture = new Uint8ClampedArray(4 * width * Math.ceil(count / across) * high);
    for (let map = 0; map < count; map++) {
      let [low, most] = [Infinity, -Infinity];
      const start = map * high * wide;
      for (let i = start; i < start + high * wide; i++) {
        low = Math.min(low, data[i]);
        most = Math.max(most, data[i]);
      }
      const scale = most > low ? 255 / (most - low) : 0;
      const corner = Math.floor(map / across) * high * width + (map % across) * wide;
      for (let y = 0; y < high; y++) {
        for (let x = 0; x < wide; x++) {
          const to = 4 * (corner + y * width + x);
          picture[to] = picture[to + 1] = picture[to + 2] = (data[start + y * wide + x] - low) * scale;
          picture[to + 3] = 255;
        }
      }
    }
    return { layer, width, data: picture };
  }
}

if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) {
  let engine = null;
  self.onmessage = ({ data: { net, inputs, off, shown } }) => {
    if (net) engine = new Engine(net);
    if (!shown) return;
    const start = performance.now();
    const output = engine.run(inputs, off).slice();
    const seconds = (performance.now() - start) / 1000;
    const maps = shown.map(([layer, across]) => engine.maps(layer, across));
    self.postMessage({ output, maps, seconds }, [output.buffer, ...maps.map(({ data }) => data.buffer)]);
  };
}
