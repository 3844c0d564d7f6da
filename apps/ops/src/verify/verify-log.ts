import { isBefore, type EventStore, type Position, type StoredEvent } from '@muster/event-store';
import { LogHash } from '@muster/event-store-copy';
import { openLog } from '../open-log';
import type { Tool, Verdict } from '../tool';

/** What one log is, and what is wrong with it. */
interface Audited {
  readonly events: number;
  readonly streams: number;
  readonly hash: string;
  readonly problems: readonly string[];
}

const MOST_PROBLEMS = 20;

export async function verifyLog(
  tool: Tool,
  options: { readonly other?: string; readonly json?: boolean },
): Promise<Verdict> {
  const { surroundings, output } = tool;
  const own = await audited(await surroundings.store());
  const other = options.other === undefined ? undefined : await auditedAt(tool, options.other);
  const isSame = other === undefined || (other.hash === own.hash && other.events === own.events);
  const isRight = own.problems.length === 0 && (other?.problems.length ?? 0) === 0 && isSame;
  if (options.json === true) output.json({ ...own, ...(other && { other, same: isSame }) });
  else {
    for (const [name, log] of [['log', own] as const, ...(other ? [['other', other] as const] : [])]) {
      output.line(`${name}: ${String(log.events)} events in ${String(log.streams)} streams, hash ${log.hash}`);
      for (const problem of log.problems) output.line(`${name}: ${problem}`);
    }
    if (other) output.line(isSame ? 'The two are the same.' : 'The two are NOT the same.');
    if (isRight) output.line('Positions grow and no stream has a gap.');
  }
  return isRight ? 'ok' : 'problem';
}

async function auditedAt({ surroundings }: Tool, url: string): Promise<Audited> {
  const log = await openLog(url, { create: false });
  surroundings.onClose(() => log.close());
  return audited(log.store);
}

/** Reads the whole log once. */
async function audited(store: EventStore): Promise<Audited> {
  const hash = new LogHash();
  const revisions = new Map<string, number>();
  const problems: string[] = [];
  let last: Position | undefined;
  for await (const event of store.readAll()) {
    hash.add(event);
    if (problems.length < MOST_PROBLEMS) problems.push(...problemsOf(event, revisions.get(event.stream), last));
    revisions.set(event.stream, event.revision);
    last = event.position;
  }
  return { events: hash.events, streams: revisions.size, hash: hash.hash, problems };
}

function problemsOf(event: StoredEvent, before: number | undefined, last: Position | undefined): string[] {
  const expected = (before ?? -1) + 1;
  const found: string[] = [];
  if (event.revision !== expected) {
    found.push(`${event.stream}: revision ${String(event.revision)} where ${String(expected)} should follow`);
  }
  if (last !== undefined && !isBefore(last, event.position)) {
    found.push(`${event.stream} ${String(event.revision)}: position ${event.position} is not after ${last}`);
  }
  return found;
}
