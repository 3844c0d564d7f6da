import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function say(text) {
  console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);
}

/** A run that ends what it started and removes its data, whatever happens, and says at the end whether it passed. */
export class Trial {
  /** For this run alone. */
  folder;
  #ends = [];
  #explanations = [];
  #ended = false;

  constructor(name) {
    this.folder = mkdtempSync(join(tmpdir(), `muster-${name}-`));
    for (const signal of ['SIGINT', 'SIGTERM'])
      process.once(signal, () => void this.#end(new Error(`ended by ${signal}`)));
  }

  /** The last one is done first. */
  atEnd(work) {
    this.#ends.push(work);
  }

  /** Answers with text that helps to understand a failure. */
  atFailure(work) {
    this.#explanations.push(work);
  }

  async run(work) {
    await work(this).then(
      () => this.#end(),
      (error) => this.#end(error),
    );
  }

  async #end(error) {
    if (this.#ended) return;
    this.#ended = true;
    if (error) console.error(`\n${error.stack ?? error}`);
    if (error) for (const explain of this.#explanations) console.error(await explain().catch(String));
    for (const end of this.#ends.reverse()) await end().catch((failure) => console.error(String(failure)));
    rmSync(this.folder, { recursive: true, force: true });
    console.log(error ? '0 passed, 1 failed' : '1 passed, 0 failed');
    process.exit(error ? 1 : 0);
  }
}
