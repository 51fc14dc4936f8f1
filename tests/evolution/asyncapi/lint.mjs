// Lints AsyncAPI documents with the parser that the AsyncAPI CLI's `validate` uses; exit code 1 from warnings on.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const SEVERITIES = ["error", "warning", "info", "hint"];
let failed = false;
for (const path of process.argv.slice(2)) {
  const diagnostics = await new Parser().validate(readFileSync(path, "utf8"), { source: path });
  for (const { severity, code, message, path: place, range } of diagnostics) {
    console.log(`${path}:${range.start.line + 1} ${SEVERITIES[severity]} ${code} ${place.join(".")}: ${message}`);
    failed ||= severity <= 1;
  }
}
process.exitCode = failed ? 1 : 0;
