import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/** Runs a TypeScript source of the workspace as a process of its own, which can be killed and stopped for real. */
export function forkSource(file: string, ...args: string[]): ChildProcess {
  return fork(file, args, { execArgv: ['-C', '@muster/source', '-r', join(__dirname, 'swc-hook.cjs')] });
}
