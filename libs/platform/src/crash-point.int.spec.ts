import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { crashPoint } from './crash-point';

/** Passes the point three times, in a process of its own, and says so. */
function pass(crashAt: string | undefined): { signal: NodeJS.Signals | null; passed: string } {
  const register = require.resolve('@swc/core');
  const script = `
    const { transformFileSync } = require(${JSON.stringify(register)});
    const { code } = transformFileSync(${JSON.stringify(join(__dirname, 'crash-point.ts'))}, { swcrc: false, jsc: { parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } });
    const module_ = { exports: {} };
    new Function('exports', 'module', code)(module_.exports, module_);
    for (let n = 1; n <= 3; n++) { module_.exports.crashPoint('here'); require('node:fs').writeSync(1, String(n)); }`;
  const env = { ...process.env, ...(crashAt !== undefined && { MUSTER_CRASH_AT: crashAt }) };
  const { signal, stdout } = spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' });
  return { signal, passed: stdout };
}

describe('a crash point', () => {
  it.each([
    [undefined, null, '123'],
    ['elsewhere', null, '123'],
    ['here', 'SIGKILL', ''],
    ['here:1', 'SIGKILL', ''],
    ['here:3', 'SIGKILL', '12'],
    ['here:4', null, '123'],
  ])('with MUSTER_CRASH_AT=%s ends by %s after passing %j', (crashAt, signal, passed) => {
    expect(pass(crashAt)).toEqual({ signal, passed });
  });

  it('does nothing where none is asked for', () => {
    expect(() => {
      crashPoint('here');
    }).not.toThrow();
  });
});
