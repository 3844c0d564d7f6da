import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../../tools/process.mjs';

const READY_WITHIN_MS = 120_000;
const ENDS_WITHIN_MS = 20_000;

/** Starts a program and waits until it listens; answers with what ends it. */
export async function startProgram(file, args, options, port) {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => (said = `${said}${chunk}`.slice(-4_000)));
  }
  let ended = '';
  child.once('error', (error) => (ended = String(error)));
  child.once('exit', (code, signal) => (ended ||= `exit ${code ?? signal}`));
  const end = async () => {
    if (ended) return;
    child.kill('SIGTERM');
    await Promise.race([once(child, 'exit'), sleep(ENDS_WITHIN_MS, undefined, { ref: false })]);
    child.kill('SIGKILL');
  };
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!(await listens(port))) {
    if (!ended && Date.now() < deadline) await sleep(200);
    else {
      await end();
      throw new Error(`${file} does not listen on ${port} (${ended || 'it runs'})\n${said}`);
    }
  }
  return end;
}

/** A built package, as the app would find it. */
export function load(app, name) {
  return createRequire(join(ROOT, 'apps', app, 'package.json'))(name);
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => server.address().port);
  for (const server of servers) server.close();
  return ports;
}
