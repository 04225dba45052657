// Runs a WebAssembly program of tests: node run.js PROGRAM [ARGUMENT...]
const fs = require('fs');
const { WASI } = require('wasi');

const [, , program, ...args] = process.argv;
const wasi = new WASI({ version: 'preview1', args: [program, ...args], env: process.env });
const module_ = new WebAssembly.Module(fs.readFileSync(program));
let memory;
const text = (at) => {
  const bytes = new Uint8Array(memory.buffer);
  let end = at;
  while (bytes[end] !== 0) ++end;
  return Buffer.from(bytes.subarray(at, end)).toString();
};
const instance = new WebAssembly.Instance(module_, {
  ...wasi.getImportObject(),
  chainrule: { fail: (at) => { throw new Error(text(at)); } },
});
memory = instance.exports.memory;
process.exitCode = wasi.start(instance);
