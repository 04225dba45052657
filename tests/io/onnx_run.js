// Runs the cases of FOLDER/cases.json in ONNX Runtime and compares with the expected outputs.
// Prints each difference beyond 1e-5 and, as the last line, the number of cases that agree.
"use strict";
const fs = require("fs");
const path = require("path");

let ort;
try {
  ort = require("onnxruntime-web");
} catch {
  console.log("onnxruntime-web is not installed (npm)");
  process.exit(77);
}
ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

const tolerance = 1e-5;

const makers = {
  float32: (v) => Float32Array.from(v),
  float64: (v) => Float64Array.from(v, (x) => x ?? NaN),
  int64: (v) => BigInt64Array.from(v, (x) => BigInt(x)),
  uint8: (v) => Uint8Array.from(v),
  string: (v) => v,
};

function tensor(input) {
  return new ort.Tensor(input.type, makers[input.type](input.values), input.dims);
}

/// How far two elements are apart; labels are equal or not.
function difference(y, e) {
  if (typeof e !== "number") return String(typeof e === "boolean" ? Boolean(y) : y) === String(e) ? 0 : NaN;
  return Math.abs(Number(y) - e) / Math.max(1, Math.abs(e));
}

async function main(folder) {
  const cases = JSON.parse(fs.readFileSync(path.join(folder, "cases.json"), "utf8"));
  let right = 0, wrong = 0, worst = 0;
  const sessions = {};
  for (const c of cases) {
    try {
      sessions[c.file] ??= await ort.InferenceSession.create(
        new Uint8Array(fs.readFileSync(path.join(folder, c.file))));
      const feeds = {};
      for (const [name, input] of Object.entries(c.inputs)) feeds[name] = tensor(input);
      const results = await sessions[c.file].run(feeds);
      const y = results[c.output];
      if (JSON.stringify(Array.from(y.dims)) !== JSON.stringify(c.dims))
        throw new Error(`has dimensions ${y.dims}, expected ${c.dims}`);
      c.expected.forEach((e, i) => {
        const d = difference(y.data[i], e);
        worst = Math.max(worst, d);
        if (!(d <= tolerance))
          throw new Error(`element ${i} is ${y.data[i]}, expected ${e}`);
      });
      right += 1;
    } catch (e) {
      wrong += 1;
      console.log(`${c.file} with ${c.rows} rows: ${e.message}`);
    }
  }
  console.log(`${right} cases agree, the largest difference is ${worst}`);
  process.exit(wrong ? 1 : 0);
}

main(process.argv[2]);
