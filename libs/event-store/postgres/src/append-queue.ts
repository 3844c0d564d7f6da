import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import {
  StoreUnavailable,
  WrongExpectedRevision,
  type AppendResult,
  type EncodedAppend,
  type ExpectedRevision,
} from '@muster/event-store';
import { errorCode, isUnavailable } from '@muster/postgres';
import { toPosition } from './position';
import { withTimeout } from './timeout';

/** One statement carries at most this much; the rest waits for the next. */
const MAX_CALL_BYTES = 4 * 1024 * 1024;
const MAX_CALL_APPENDS = 500;
/** A server that is silent for longer counts as away. */
const APPEND_TIMEOUT_MS = 15_000;
const RETRY_AFTER_MS = 50;

const EXPECTED_NUMBER = { noStream: -1, any: -2, streamExists: -4 } as const;

interface Waiting {
  readonly append: EncodedAppend;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

interface Answer {
  readonly accepted: boolean;
  readonly at_revision: number;
  readonly at_position: string | null;
}

/**
 * Appends are serialised by the server's lock anyway, so while one statement is under way the others of this process
 * gather and go out together: one commit for many appends.
 */
export class AppendQueue {
  private waiting: Waiting[] = [];
  private running: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly pool: Pool,
    private readonly schema: string,
    /** Called after each statement that may have appended something. */
    private readonly onAppended: () => void,
  ) {}

  append(append: EncodedAppend): Promise<AppendResult> {
    if (this.closed) return Promise.reject(new StoreUnavailable('the store is closed'));
    return new Promise((resolve, reject) => {
      this.waiting.push({ append, resolve, reject });
      this.running ??= this.run();
    });
  }

  /** Sends what waits, then ends. */
  async close(): Promise<void> {
    this.closed = true;
    await this.running;
  }

  private async run(): Promise<void> {
    // What is appended in the same turn goes out in the same statement.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      await this.send(this.take());
      this.onAppended();
    }
    this.running = undefined;
  }

  private take(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { append } of this.waiting) {
      bytes += append.bytes;
      if (count > 0 && (bytes > MAX_CALL_BYTES || count >= MAX_CALL_APPENDS)) break;
      count++;
    }
    return this.waiting.splice(0, count);
  }

  private async send(batch: readonly Waiting[]): Promise<void> {
    try {
      settle(batch, await this.call(batch));
    } catch (error) {
      if (isAway(error)) await this.sendAgain(batch, error);
      else if (batch.length === 1) batch[0]?.reject(error);
      // One append makes the statement fail that all of them share: alone, it fails alone.
      else for (const one of batch) await this.send([one]);
    }
  }

  /** Once, and only appends that a repeat cannot double: those bound to a revision, or any where nothing was sent. */
  private async sendAgain(batch: readonly Waiting[], error: unknown): Promise<void> {
    const again = batch.filter(({ append }) => isRepeatable(append.expected) || wasNotSent(error));
    for (const one of batch) if (!again.includes(one)) one.reject(unavailable(error));
    if (again.length === 0) return;
    await sleep(RETRY_AFTER_MS);
    try {
      settle(again, await this.call(again));
    } catch (second) {
      for (const { reject } of again) reject(isAway(second) ? unavailable(second) : second);
    }
  }

  private async call(batch: readonly Waiting[]): Promise<readonly Answer[]> {
    const appends = batch.map(({ append }) => append);
    const events = appends.flatMap((append) => append.events);
    const starts: number[] = [];
    let next = 1;
    for (const { data, metadata } of events) {
      starts.push(next);
      next += data.length + metadata.length;
    }
    const query = {
      name: `${this.schema}.append_all`,
      text: `SELECT accepted, at_revision, at_position FROM ${this.schema}.append_all($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      values: [
        appends.map(({ stream }) => stream),
        appends.map(({ expected }) => (typeof expected === 'number' ? expected : EXPECTED_NUMBER[expected])),
        appends.map((append) => append.events.length),
        events.map(({ id }) => id),
        events.map(({ type }) => type),
        starts,
        events.map(({ data }) => data.length),
        events.map(({ metadata }) => metadata.length),
        Buffer.concat(
          events.flatMap(({ data, metadata }) => [data, metadata]),
          next - 1,
        ),
      ],
    };
    return (await this.pool.query<Answer>(withTimeout(query, APPEND_TIMEOUT_MS))).rows;
  }
}

function settle(batch: readonly Waiting[], answers: readonly Answer[]): void {
  batch.forEach(({ append, resolve, reject }, i) => {
    const answer = answers[i];
    if (!answer) reject(new Error('the store gave too few answers'));
    else if (answer.accepted)
      resolve({ revision: answer.at_revision, position: toPosition(Number(answer.at_position)) });
    else reject(new WrongExpectedRevision(append.stream, append.expected, answer.at_revision));
  });
}

function isRepeatable(expected: ExpectedRevision): boolean {
  return typeof expected === 'number' || expected === 'noStream';
}

/** No connection came about, so no statement was sent: refused, no free connection, or still starting. */
function wasNotSent(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ECONNREFUSED' || code === '57P03' || code === '53300';
}

/** Also where a time-out of the session cut the wait for the lock: nothing is wrong with the append. */
function isAway(error: unknown): boolean {
  const code = errorCode(error);
  return isUnavailable(error) || code === '57014' || code === '55P03';
}

function unavailable(cause: unknown): StoreUnavailable {
  return new StoreUnavailable('the event store is away', { cause });
}
