import {
  NOTED,
  START,
  StoreUnavailable,
  WrongExpectedRevision,
  type AppendResult,
  type EventFamily,
  type EventStore,
  type EventToAppend,
} from '@muster/event-store';
import { DomainError, type CommandContext, type DomainEvent, type IdGenerator } from '@muster/kernel';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Aggregate, Aggregates, BlockAggregate, Handled, Loaded, LoadedBlocks } from './aggregates';
import { rulesOfBlocks, rulesOfWhole, type FoldRules } from './fold-rules';
import type { Folded } from './folded';
import type { Repeat } from './mark-book';
import type { SnapshotStore } from './snapshots';
import { StreamFolds, type FoldOptions } from './stream-folds';
import { Turns } from './turns';

export interface AggregatesOptions extends Partial<FoldOptions> {
  /** How often an append of unknown outcome is sent again before `StoreUnavailable` goes to the caller. Default 5. */
  readonly appendRetries?: number;
  /** The pause before the first of these; it doubles each time. Default 50 ms. */
  readonly appendRetryMs?: number;
}

/** Retries after a conflict with another writer, where the caller named no revision. */
const CONFLICT_RETRIES = 3;

const DEFAULTS = {
  snapshotEveryEvents: 50,
  snapshotEveryBytes: 4 * 1024 * 1024,
  cachedBlocks: 400,
  onSnapshotError: (): void => undefined,
  appendRetries: 5,
  appendRetryMs: 50,
} satisfies Required<AggregatesOptions>;

/** What was decided at a revision, or that nothing is left to decide. */
type Decision =
  | { readonly kind: 'append'; readonly revision: number; readonly events: readonly EventToAppend[] }
  | { readonly kind: 'nothing'; readonly revision: number }
  | { readonly kind: 'repeat'; readonly revision: number; readonly repeat: Repeat };

/** {@link Aggregates} on an event store. One command on a stream at a time in one process; others may write beside it. */
export class EventSourcedAggregates implements Aggregates {
  private readonly options: Required<AggregatesOptions>;
  private readonly folds: StreamFolds;
  private readonly writers = new Turns();

  constructor(
    private readonly store: EventStore,
    private readonly ids: IdGenerator,
    snapshots: SnapshotStore,
    options: AggregatesOptions = {},
  ) {
    this.options = { ...DEFAULTS, ...options };
    this.folds = new StreamFolds(store, snapshots, this.options);
  }

  handle<State, Command, Event extends DomainEvent>(
    aggregate: Aggregate<State, Command, Event>,
    id: string,
    command: Command,
    context: CommandContext,
  ): Promise<Handled> {
    const stream = aggregate.events.stream(id);
    return this.inTurn(
      stream,
      context,
      rulesOfWhole(aggregate),
      () => [],
      (folded) => aggregate.decider.decide(command, folded.currentHead),
    );
  }

  async load<State, Command, Event extends DomainEvent>(
    aggregate: Aggregate<State, Command, Event>,
    id: string,
  ): Promise<Loaded<State>> {
    return this.folds.use(
      rulesOfWhole(aggregate),
      aggregate.events.stream(id),
      () => [],
      (folded) => ({ state: folded.shareHead(), revision: folded.revision }),
    );
  }

  handleBlocks<Head, Block, Command, Event extends DomainEvent>(
    aggregate: BlockAggregate<Head, Block, Command, Event>,
    id: string,
    command: Command,
    context: CommandContext,
  ): Promise<Handled> {
    const stream = aggregate.events.stream(id);
    return this.inTurn(
      stream,
      context,
      rulesOfBlocks(aggregate),
      (head) => aggregate.touches(command, head),
      (folded, blocks) => aggregate.decide(command, folded.currentHead, folded.pick(blocks)),
    );
  }

  async loadBlocks<Head, Block, Command, Event extends DomainEvent>(
    aggregate: BlockAggregate<Head, Block, Command, Event>,
    id: string,
    blocks: readonly number[] | 'all',
  ): Promise<LoadedBlocks<Head, Block>> {
    return this.folds.use(
      rulesOfBlocks(aggregate),
      aggregate.events.stream(id),
      () => blocks,
      (folded) => ({ head: folded.shareHead(), revision: folded.revision, blocks: folded.shareBlocks(blocks) }),
    );
  }

  /** Resolves when no snapshot is being written: before the pool closes, and in tests. */
  settled(): Promise<void> {
    return this.folds.settled();
  }

  private inTurn<Head, Block, Event extends DomainEvent>(
    stream: string,
    context: CommandContext,
    rules: FoldRules<Head, Block, Event>,
    touches: (head: Head) => readonly number[] | 'all',
    decide: (folded: Folded<Head, Block, Event>, blocks: readonly number[] | 'all') => readonly Event[],
  ): Promise<Handled> {
    const decideNow = (): Promise<Decision> =>
      this.folds.use(
        rules,
        stream,
        // A repeat needs no blocks.
        (folded) => (repeatOf(folded, context) ? [] : touches(folded.currentHead)),
        (folded, blocks) => this.decision(stream, folded, context, () => decide(folded, blocks)),
      );
    return this.writers.take(stream, () => this.decideAndAppend(stream, decideNow));
  }

  private decision<Head, Block, Event extends DomainEvent>(
    stream: string,
    folded: Folded<Head, Block, Event>,
    context: CommandContext,
    decide: () => readonly Event[],
  ): Decision {
    const { revision } = folded;
    const repeat = repeatOf(folded, context);
    if (repeat) return { kind: 'repeat', revision, repeat };
    if (context.expectedRevision !== undefined && context.expectedRevision !== revision) {
      throw stale(stream, context.expectedRevision, revision);
    }
    const decided = decide();
    if (decided.length > 0) {
      return { kind: 'append', revision, events: this.toAppend(folded.rules.events, decided, context) };
    }
    if (!context.mark) return { kind: 'nothing', revision };
    return { kind: 'append', revision, events: [this.noted(context)] };
  }

  private async decideAndAppend(stream: string, decideNow: () => Promise<Decision>): Promise<Handled> {
    for (let conflicts = 0; ; conflicts++) {
      const decision = await decideNow();
      const { revision } = decision;
      if (decision.kind === 'nothing') return { stream, revision, position: START, events: [], repeated: false };
      if (decision.kind === 'repeat') return this.firstResult(stream, decision.repeat);
      const { events } = decision;
      try {
        const appended = await this.append(stream, revision, events);
        return { stream, ...appended, events: events.map((event) => event.type), repeated: false };
      } catch (error) {
        if (!(error instanceof WrongExpectedRevision)) throw error;
        // A snapshot can be ahead of a log that was restored from an earlier backup.
        if (error.actual < revision) await this.folds.forget(stream);
        if (conflicts >= CONFLICT_RETRIES) throw concurrent(stream);
        await sleep(Math.random() * 4 * 2 ** conflicts);
      }
    }
  }

  /** Sends the same events to the same place until the outcome is known: the store takes them once. */
  private async append(stream: string, revision: number, events: readonly EventToAppend[]): Promise<AppendResult> {
    const expected = revision < 0 ? 'noStream' : revision;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.store.append(stream, expected, events);
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || attempt >= this.options.appendRetries) throw error;
        await sleep(this.options.appendRetryMs * 2 ** attempt);
      }
    }
  }

  private async firstResult(stream: string, { append: { from, to }, exact }: Repeat): Promise<Handled> {
    const events: string[] = [];
    let position = START;
    for await (const stored of this.store.readStream(stream, { from, limit: to - from + 1 })) {
      events.push(stored.type);
      position = stored.position;
    }
    return { stream, revision: to, position, events: exact ? events : [], repeated: true };
  }

  private toAppend<Event extends DomainEvent>(
    family: EventFamily<Event>,
    decided: readonly Event[],
    context: CommandContext,
  ): EventToAppend[] {
    return decided.map(({ type, data }) => this.event(type, family.versionOf(type), data, context));
  }

  private noted(context: CommandContext): EventToAppend {
    return this.event(NOTED, 1, {}, context);
  }

  private event(type: string, v: number, data: unknown, context: CommandContext): EventToAppend {
    const { actor, correlationId, causationId, mark, now } = context;
    return {
      id: this.ids.next(),
      type,
      data,
      metadata: {
        v,
        time: now.toISOString(),
        actor,
        correlationId,
        ...(causationId !== undefined && { causationId }),
        ...(mark && { mark }),
      },
    };
  }
}

function repeatOf<Head, Block, Event extends DomainEvent>(
  folded: Folded<Head, Block, Event>,
  { mark }: CommandContext,
): Repeat | null {
  return mark ? folded.markBook.find(mark) : null;
}

function stale(stream: string, expected: number, actual: number): DomainError {
  return new DomainError('REVISION_STALE', {
    detail: `${stream} is at revision ${String(actual)}, not at ${String(expected)} as when it was read: read it again.`,
    extra: { revision: actual },
  });
}

function concurrent(stream: string): DomainError {
  return new DomainError('CONCURRENT_CHANGE', {
    detail: `Others changed ${stream} at the same time, ${String(CONFLICT_RETRIES + 1)} times in a row: try again.`,
  });
}
