// Prints the Khronos validator's report on each GLB named on the command line, as one JSON array.
import { readFile } from "node:fs/promises";
import { validateBytes } from "gltf-validator";

const reports = [];
for (const path of process.argv.slice(2)) {
  reports.push(await validateBytes(new Uint8Array(await readFile(path)), { maxIssues: 0 }));
}
console.log(JSON.stringify(reports));
