// Asks yaml-language-server, as an editor does. Arguments: the folder that the packages are installed in, and a folder
// with a chart whose first line names its schema. Standard input: a JSON list of texts that follow that line, each with
// a `|` where the cursor is. Standard output: for each, what is completed, shown and told.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [packages, charts] = process.argv.slice(2).map((folder) => path.resolve(folder));
const texts = JSON.parse(fs.readFileSync(0, "utf8"));
const bin = path.join(packages, "node_modules/yaml-language-server/bin/yaml-language-server");
const server = spawn(process.execPath, [bin, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });

let input = Buffer.alloc(0);
let requests = 0;
const answers = new Map();
const told = new Map();

function send(message) {
  const body = JSON.stringify({ jsonrpc: "2.0", ...message });
  server.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

function ask(method, params) {
  const id = ++requests;
  return new Promise((resolve) => {
    answers.set(id, resolve);
    send({ id, method, params });
  });
}

function receive(message) {
  if (message.method === "workspace/configuration") {
    // No catalog of schemas from the network: the file names its own.
    const yaml = { completion: true, hover: true, validate: true, schemaStore: { enable: false } };
    send({ id: message.id, result: message.params.items.map((item) => (item.section === "yaml" ? yaml : {})) });
  } else if (message.method === "textDocument/publishDiagnostics") {
    told.get(message.params.uri)?.(message.params.diagnostics.map((one) => one.message));
  } else if (message.method && message.id !== undefined) {
    send({ id: message.id, result: null });
  } else if (answers.has(message.id)) {
    answers.get(message.id)(message.result);
  }
}

server.stdout.on("data", (bytes) => {
  input = Buffer.concat([input, bytes]);
  for (;;) {
    const end = input.indexOf("\r\n\r\n");
    if (end < 0) return;
    const length = Number(/Content-Length: (\d+)/i.exec(input.subarray(0, end))[1]);
    if (input.length < end + 4 + length) return;
    const message = JSON.parse(input.subarray(end + 4, end + 4 + length));
    input = input.subarray(end + 4 + length);
    receive(message);
  }
});

const item = { completionItem: { snippetSupport: true } };
const textDocument = { completion: item, hover: { contentFormat: ["markdown"] }, publishDiagnostics: {} };
await ask("initialize", { processId: process.pid, rootUri: null, capabilities: { workspace: { configuration: true }, textDocument } });
send({ method: "initialized", params: {} });

const first = fs.readFileSync(path.join(charts, "portolan.yaml"), "utf8").split("\n")[0];
const found = [];
for (const [number, text] of texts.entries()) {
  const cursor = text.indexOf("|");
  const lines = `${first}\n${text.slice(0, cursor)}`.split("\n");
  const position = { line: lines.length - 1, character: lines.at(-1).length };
  const uri = pathToFileURL(path.join(charts, `edited-${number}.yaml`)).href;
  const diagnostics = new Promise((resolve) => told.set(uri, resolve));
  const whole = `${first}\n${text.slice(0, cursor)}${text.slice(cursor + 1)}`;
  send({ method: "textDocument/didOpen", params: { textDocument: { uri, languageId: "yaml", version: 1, text: whole } } });
  const completed = await ask("textDocument/completion", { textDocument: { uri }, position });
  const hover = await ask("textDocument/hover", { textDocument: { uri }, position });
  found.push({
    completions: (completed?.items ?? []).map((one) => [one.label, one.insertText ?? one.textEdit?.newText]),
    hover: hover?.contents?.value ?? "",
    diagnostics: await diagnostics,
  });
}
console.log(JSON.stringify(found));
server.kill();
