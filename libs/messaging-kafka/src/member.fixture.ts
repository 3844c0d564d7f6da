import { forkSource } from '@muster/embedded/testing';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { MemberOptions, Said } from './member-process.fixture';
import { until } from './until.fixture';

/** A process with relays or a consumer, seen from the test. */
export class Member {
  readonly said: Said[] = [];
  /** The signal that ended it; undefined while it lives. */
  endedBy: string | undefined;
  private readonly child: ChildProcess;

  constructor(readonly options: MemberOptions) {
    this.child = forkSource(join(__dirname, 'member-process.fixture.ts'), JSON.stringify(options));
    this.child.on('message', (said: Said) => this.said.push(said));
    this.child.once('exit', (code, signal) => {
      this.endedBy = signal ?? `exit ${String(code)}`;
    });
  }

  /** Resolves when it has said this, or throws where it ended before. */
  async hasSaid(kind: Said['kind']): Promise<void> {
    await until(() => {
      if (this.said.some((said) => said.kind === kind)) return true;
      if (this.endedBy !== undefined) throw new Error(`${this.options.name} ended by ${this.endedBy} before: ${kind}`);
      return false;
    }, this.lately);
  }

  /** With what it has in hand, and without a word. */
  async kill(): Promise<void> {
    if (this.endedBy !== undefined) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  async ends(): Promise<void> {
    await until(() => this.endedBy !== undefined, this.lately);
  }

  private readonly lately = (): readonly Said[] => this.said.slice(-20);

  /** It does nothing more, and its connections stay open. */
  stop(): void {
    this.child.kill('SIGSTOP');
  }

  /** What it was holding goes on with the next thing that it does. */
  wake(): void {
    this.child.send('go on');
    this.child.kill('SIGCONT');
  }
}
