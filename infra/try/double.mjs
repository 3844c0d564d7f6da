import { fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../tools/process.mjs';

const PROCESS = join(ROOT, 'libs/event-store/eventstoredb/dist/testing/double-process.js');

/** EventStoreDB's double with a log that can be copied and put back. */
export class StoreDouble {
  #log;
  #copy;
  #port = 0;
  #child;

  constructor(folder) {
    this.#log = join(folder, 'log.jsonl');
    this.#copy = join(folder, 'log.copy.jsonl');
  }

  /** Answers with the connection string. */
  async start() {
    const child = fork(PROCESS, [this.#log, String(this.#port)]);
    this.#child = child;
    const [{ port }] = await once(child, 'message');
    this.#port = port;
    return `esdb://127.0.0.1:${port}?tls=false`;
  }

  async copy() {
    await copyFile(this.#log, this.#copy);
  }

  /** The log as it was copied, on the same port. */
  async restore() {
    await this.end();
    await copyFile(this.#copy, this.#log);
    await this.start();
  }

  async end() {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}
