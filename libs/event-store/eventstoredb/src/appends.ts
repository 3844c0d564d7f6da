import { setTimeout as sleep } from 'node:timers/promises';
import {
  MaxAppendSizeExceededError,
  StreamDeletedError,
  WrongExpectedVersionError,
  type AppendExpectedRevision,
  type AppendResult as ClientResult,
  type EventData,
} from '@eventstore/db-client';
import {
  EventTooLarge,
  StoreUnavailable,
  StreamDeleted,
  WrongExpectedRevision,
  type AppendResult,
  type EncodedAppend,
  type EncodedEvent,
  type ExpectedRevision,
  type Position,
} from '@muster/event-store';
import type { Connections } from './connections';
import { Silence, isAway, unavailable, wasNotSent } from './errors';
import { toPosition } from './position';

const RETRY_AFTER_MS = 50;
/** The client's own deadline comes first; this one also holds where it is still looking for a node. */
const GRACE_MS = 1_000;

const EXPECTED = { any: 'any', noStream: 'no_stream', streamExists: 'stream_exists' } as const;

export class Appends {
  private readonly running = new Set<Promise<unknown>>();
  private closed = false;

  constructor(
    private readonly connections: Connections,
    private readonly timeoutMs: number,
    /** The position of an event, where the server's answer does not hold it. */
    private readonly positionOf: (stream: string, revision: number) => Promise<Position>,
  ) {}

  async append(append: EncodedAppend): Promise<AppendResult> {
    if (this.closed) throw new StoreUnavailable('the store is closed');
    const outcome = this.repeated(append);
    this.running.add(outcome);
    try {
      return await outcome;
    } finally {
      this.running.delete(outcome);
    }
  }

  /** Takes no more, and waits for those that are under way. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled(this.running);
  }

  /** Once more after an unknown outcome, and only what the server knows again: same ids, bound to a revision. */
  private async repeated(append: EncodedAppend): Promise<AppendResult> {
    try {
      return await this.call(append);
    } catch (error) {
      if (!isAway(error)) throw translated(append, error);
      if (!isRepeatable(append.expected) && !wasNotSent(error)) throw unavailable(error);
    }
    await sleep(RETRY_AFTER_MS);
    try {
      return await this.call(append);
    } catch (error) {
      throw isAway(error) ? unavailable(error) : translated(append, error);
    }
  }

  private async call({ stream, expected, events }: EncodedAppend): Promise<AppendResult> {
    const { calls, credentials } = this.connections;
    const { nextExpectedRevision, position } = await within<ClientResult>(
      this.timeoutMs + GRACE_MS,
      calls.appendToStream(stream, events.map(toEventData), {
        expectedRevision: expectedRevision(expected),
        deadline: this.timeoutMs,
        requiresLeader: true,
        credentials,
      }),
    );
    const revision = Number(nextExpectedRevision);
    return { revision, position: position ? toPosition(position) : await this.positionOf(stream, revision) };
  }
}

/**
 * The client turns data into text once more, and hangs where that fails. So it gets what the checked text says, not the
 * caller's object, which may have changed since: the same text comes out again. Metadata goes as bytes.
 */
function toEventData({ id, type, data, metadata }: EncodedEvent): EventData {
  return {
    id,
    type,
    contentType: 'application/json',
    data: JSON.parse(data.toString('utf8')) as never,
    metadata: Uint8Array.from(metadata),
  };
}

function expectedRevision(expected: ExpectedRevision): AppendExpectedRevision {
  return typeof expected === 'number' ? BigInt(expected) : EXPECTED[expected];
}

function isRepeatable(expected: ExpectedRevision): boolean {
  return typeof expected === 'number' || expected === 'noStream';
}

function translated({ stream, expected, bytes }: EncodedAppend, error: unknown): unknown {
  if (error instanceof WrongExpectedVersionError) {
    const { actualVersion } = error;
    return new WrongExpectedRevision(stream, expected, actualVersion === 'no_stream' ? -1 : Number(actualVersion));
  }
  if (error instanceof StreamDeletedError) return new StreamDeleted(stream);
  if (error instanceof MaxAppendSizeExceededError) {
    return new EventTooLarge(stream, 'the append', bytes, error.maxAppendSize);
  }
  return error;
}

async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Silence(ms));
    }, ms);
  });
  try {
    return await Promise.race([answer, silence]);
  } finally {
    clearTimeout(timer);
  }
}
