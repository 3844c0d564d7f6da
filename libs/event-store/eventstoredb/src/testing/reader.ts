import { randomUUID } from 'node:crypto';
import { status, type ServerWritableStream } from '@grpc/grpc-js';
import { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb';
import type { Faults } from './faults';
import type { DoubleLog, Entry } from './log';
import { checkpoint, eventMessage, filterOf, notFound, serverError, streamDeleted, streamName } from './messages';
import type { Signal } from './signal';

const { BACKWARDS } = ReadReq.Options.ReadDirection;
const DEFAULT_SEARCH_WINDOW = 32;

export interface ServerState {
  readonly log: DoubleLog;
  readonly faults: Faults;
  /** Subscriptions of an earlier generation end, with the code if there is one. */
  readonly generation: { readonly number: number; readonly code: status | null };
  readonly changed: Signal;
  turn(): Promise<void>;
  wrote(): void;
}

/** One call of `Read`: a stream, the whole log, or a subscription. Writes no faster than it is read. */
export class Reader {
  readonly peer: string;
  private isGone = false;
  private readonly options: ReadReq.Options | undefined;

  constructor(
    private readonly call: ServerWritableStream<ReadReq, ReadResp>,
    private readonly server: ServerState,
  ) {
    this.peer = call.getPeer();
    this.options = call.request.getOptions();
    const leave = () => {
      this.isGone = true;
      server.changed.fire();
    };
    call.on('cancelled', leave);
    call.on('close', leave);
    call.on('error', leave);
  }

  get isSubscription(): boolean {
    return this.options?.hasSubscription() ?? false;
  }

  async run(): Promise<void> {
    const { options } = this;
    await this.server.turn();
    if (!options || (this.isSubscription && !options.hasAll())) {
      this.fail(serverError(status.INVALID_ARGUMENT, 'the double does not know this kind of read'));
    } else if (this.isSubscription) await this.subscription(options);
    else if (options.hasStream()) await this.stream(options);
    else await this.all(options);
  }

  private async stream(options: ReadReq.Options): Promise<void> {
    const { log } = this.server;
    const asked = options.getStream();
    const name = streamName(asked?.getStreamIdentifier());
    if (log.isTombstoned(name)) {
      this.fail(streamDeleted(name));
      return;
    }
    const entries = log.stream(name);
    if (entries.length === 0 || log.isSoftDeleted(name)) {
      await this.write(notFound(name));
      this.call.end();
      return;
    }
    const last = entries.length - 1;
    const from = asked?.hasStart() ? 0 : asked?.hasEnd() ? last : Math.min(Number(asked?.getRevision()), last + 1);
    const visible = log.visibleFrom(name);
    const found =
      options.getReadDirection() === BACKWARDS
        ? entries.slice(visible, from + 1).reverse()
        : entries.slice(Math.max(from, visible));
    await this.writeAll(found.slice(0, Number(options.getCount())));
  }

  /** Forwards from the position on, backwards from what is before it. */
  private async all(options: ReadReq.Options): Promise<void> {
    const { log } = this.server;
    const asked = options.getAll();
    const { entries } = log;
    const at = asked?.hasStart()
      ? 0
      : asked?.hasEnd()
        ? entries.length
        : log.indexOf(Number(asked?.getPosition()?.getCommitPosition()));
    const found =
      options.getReadDirection() === BACKWARDS ? entries.slice(0, at).reverse() : entries.slice(at, entries.length);
    await this.writeAll(found.filter(filterOf(options)).slice(0, Number(options.getCount())));
  }

  private async writeAll(entries: readonly Entry[]): Promise<void> {
    for (const entry of entries) {
      await this.server.turn();
      if (this.gone()) return;
      await this.write(eventMessage(entry));
    }
    this.call.end();
  }

  /**
   * Begins after the position. Says how far it is once for so many entries looked at, as the server does; of what it has
   * looked at when it has caught up it says nothing.
   */
  private async subscription(options: ReadReq.Options): Promise<void> {
    const { log, changed, generation } = this.server;
    const wanted = filterOf(options);
    const window = searchWindow(options);
    await this.write(
      new ReadResp().setConfirmation(new ReadResp.SubscriptionConfirmation().setSubscriptionId(randomUUID())),
    );
    let at = beginning(log, options);
    let sinceCheckpoint = 0;
    let isLive = false;
    while (!this.gone()) {
      await this.server.turn();
      if (this.server.generation.number !== generation.number) {
        const { code } = this.server.generation;
        if (code === null) this.call.end();
        else this.fail(serverError(code, 'the subscription was dropped'));
        return;
      }
      const entry = log.entries[at];
      if (this.server.faults.silentSubscriptions) {
        await changed.wait();
      } else if (entry) {
        at++;
        if (wanted(entry)) await this.write(eventMessage(entry));
        if (window > 0 && ++sinceCheckpoint >= window) {
          sinceCheckpoint = 0;
          await this.write(checkpoint(entry.position));
        }
      } else if (!isLive) {
        isLive = true;
        await this.write(new ReadResp().setCaughtUp(new ReadResp.CaughtUp()));
      } else {
        await changed.wait();
      }
    }
  }

  private gone(): boolean {
    return this.isGone;
  }

  private fail(error: Error): void {
    this.call.emit('error', error);
  }

  private async write(message: ReadResp): Promise<void> {
    if (this.gone()) return;
    this.server.wrote();
    if (this.call.write(message)) return;
    await new Promise<void>((resolve) => {
      const resume = () => {
        for (const event of ['drain', 'close', 'cancelled']) this.call.off(event, resume);
        resolve();
      };
      for (const event of ['drain', 'close', 'cancelled']) this.call.on(event, resume);
    });
  }
}

function beginning(log: DoubleLog, options: ReadReq.Options): number {
  const asked = options.getAll();
  if (asked?.hasStart()) return 0;
  if (asked?.hasEnd()) return log.entries.length;
  const position = Number(asked?.getPosition()?.getCommitPosition());
  const index = log.indexOf(position);
  return log.entries[index]?.position === position ? index + 1 : index;
}

/** After how many entries a filtered subscription says how far it is; 0: never, as it has no filter. */
function searchWindow(options: ReadReq.Options): number {
  const filter = options.getFilter();
  if (!filter) return 0;
  return (filter.hasMax() ? filter.getMax() : DEFAULT_SEARCH_WINDOW) * filter.getCheckpointintervalmultiplier();
}
