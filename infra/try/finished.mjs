import { execFile } from 'node:child_process';
import { ROOT } from '../../tools/process.mjs';

/** Runs a program to its end, beside everything else: what is under load goes on meanwhile. */
export function finished(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd: ROOT, maxBuffer: 64 * 1024 * 1024, ...options }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number' && !error.killed) reject(error);
      else resolve({ status: error ? (error.code ?? -1) : 0, stdout, stderr });
    });
  });
}
