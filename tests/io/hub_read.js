// The safetensors parser of @huggingface/hub on a local file: node hub_read.js FILE
// The package reads by ranges from a server; here a function takes the server's place.
"use strict";
const fs = require("fs");

let hub;
try {
  hub = require("@huggingface/hub");
} catch {
  console.log("@huggingface/hub is not installed (npm)");
  process.exit(77);
}

const file = fs.readFileSync(process.argv[2]);

async function serve(url, init = {}) {
  const headers = new Headers(init.headers);
  const range = /^bytes=(\d+)-(\d+)$/.exec(headers.get("range") ?? "");
  if (!String(url).includes("model.safetensors") || String(url).includes("index.json"))
    return new Response("", { status: 404 });
  const size = { etag: '"1"', "x-repo-commit": "1" };
  if (init.method === "HEAD") return new Response(null, { headers: { ...size, "content-length": String(file.length) } });
  const [begin, end] = range ? [Number(range[1]), Math.min(Number(range[2]), file.length - 1)] : [0, file.length - 1];
  return new Response(file.subarray(begin, end + 1), {
    status: range ? 206 : 200,
    headers: { ...size, "content-length": String(end + 1 - begin),
               "content-range": `bytes ${begin}-${end}/${file.length}` },
  });
}

hub.parseSafetensorsMetadata({
  repo: "someone/model", path: "model.safetensors", computeParametersCount: true, fetch: serve,
}).then((parsed) => {
  const { __metadata__, ...tensors } = parsed.header;
  console.log(JSON.stringify({ metadata: __metadata__, tensors, count: parsed.parameterCount }));
}, (e) => {
  console.log(e);
  process.exit(1);
});
