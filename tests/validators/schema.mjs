// Compiles the schemas in ajv's strict mode, with everything that it would otherwise only log as an error. Arguments: the
// folder that the packages are installed in, and the schemas.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [folder, ...files] = process.argv.slice(2);
const require = createRequire(path.resolve(folder, "package.json"));
const { default: Ajv } = require("ajv/dist/2020.js");
const addFormats = require("ajv-formats").default;

for (const file of files) {
  const ajv = new Ajv({ strict: true, strictTypes: true, strictTuples: true, strictRequired: true });
  addFormats(ajv);
  const schema = JSON.parse(fs.readFileSync(file, "utf8"));
  const validate = ajv.compile(schema);
  console.log(`${path.basename(file)}: compiled`);
  // Whatever a schema offers as a value of a key is one.
  walk(schema, (part) => {
    const values = [...(part.examples ?? []), ...("default" in part ? [part.default] : [])];
    for (const value of values) {
      const { examples, default: _, ...rest } = part;
      const check = new Ajv({ strict: false }).compile({ ...rest, $defs: schema.$defs });
      if (!check(value)) {
        console.log(`${part.title}: ${JSON.stringify(value)} is offered and refused: ${JSON.stringify(check.errors)}`);
      }
    }
  });
  if (typeof validate !== "function") throw new Error(file);
}

function walk(part, visit) {
  if (Array.isArray(part)) {
    part.forEach((inner) => walk(inner, visit));
  } else if (part && typeof part === "object") {
    visit(part);
    for (const [key, inner] of Object.entries(part)) {
      if (!["examples", "default", "const", "enum"].includes(key)) walk(inner, visit);
    }
  }
}
