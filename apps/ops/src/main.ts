#!/usr/bin/env node
import { runTool } from './run-tool';

const io = {
  env: process.env,
  out: (text: string) => process.stdout.write(text),
  err: (text: string) => process.stderr.write(text),
  now: () => new Date(),
};

void runTool(process.argv.slice(2), io).then((code) => {
  process.exitCode = code;
});
