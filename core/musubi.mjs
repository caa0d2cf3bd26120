#!/usr/bin/env node
// Plain JavaScript on purpose: an older Node must be able to read this far and say what is missing.
const NEEDED = 24;
const major = Number(process.versions.node.split('.')[0]);
if (major < NEEDED) {
  console.error(
    `Node ${NEEDED} or newer is needed; this is ${process.version}. Use "npm start" or "npx musubi", which bring it, or install it. / Node ${NEEDED} 以上が必要です（現在 ${process.version}）。`,
  );
  process.exit(1);
}
const { runCli } = await import('./cli.ts');
await runCli(process.argv);
