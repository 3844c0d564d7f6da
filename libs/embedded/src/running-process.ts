import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { hasCode } from './errors';

const run = promisify(execFile);

/** What the operating system says about a process: how it was called and who its parent is now. */
export interface RunningProcess {
  readonly commandLine: string;
  /** Undefined on Windows. An orphan's parent is init or a reaper, never its dead parent. */
  readonly parent: number | undefined;
}

/** The process with this id, or undefined if there is none (or only its corpse). */
export async function runningProcess(pid: number): Promise<RunningProcess | undefined> {
  switch (process.platform) {
    case 'linux':
      return fromProc(pid);
    case 'win32':
      return fromTaskList(pid);
    default:
      return fromPs(pid);
  }
}

async function fromProc(pid: number): Promise<RunningProcess | undefined> {
  try {
    const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
    // The name in parentheses may hold anything: the fields begin after the last one.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const commandLine = await readFile(`/proc/${String(pid)}/cmdline`, 'utf8');
    return { commandLine: commandLine.replaceAll('\0', ' '), parent: Number(parent) };
  } catch {
    return undefined;
  }
}

async function fromPs(pid: number): Promise<RunningProcess | undefined> {
  try {
    const { stdout } = await run('ps', ['-ww', '-o', 'ppid=,stat=,args=', '-p', String(pid)]);
    const [, parent, state, commandLine] = /^\s*(\d+)\s+(\S+)\s+(.*)$/m.exec(stdout) ?? [];
    if (commandLine === undefined || state?.startsWith('Z') === true) return undefined;
    return { commandLine, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

async function fromTaskList(pid: number): Promise<RunningProcess | undefined> {
  const { stdout } = await run('tasklist', ['/FI', `PID eq ${String(pid)}`, '/FO', 'CSV', '/NH']);
  return stdout.includes(`"${String(pid)}"`) ? { commandLine: stdout, parent: undefined } : undefined;
}

/** True if a process with this id exists, whoever it belongs to. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}
