import { defineEvents } from '@muster/event-store';
import { DomainError, SYSTEM, type CommandContext, type DomainEvent, type Mark } from '@muster/kernel';
import type { Aggregate, BlockAggregate } from './aggregates';

/** What the specs of this library handle: a set of numbers in blocks of ten, and how many it holds. */
export type NumbersChanged = DomainEvent<'NumbersChanged', { readonly block: number; readonly numbers: number[] }>;
export type SetRenamed = DomainEvent<'SetRenamed', { readonly name: string }>;
export type SetEvent = NumbersChanged | SetRenamed;

export type SetCommand =
  | { readonly type: 'Toggle'; readonly numbers: readonly number[] }
  | { readonly type: 'Rename'; readonly name: string }
  | { readonly type: 'RemoveAll' };

export interface SetHead {
  name: string;
  count: number;
  blocks: number[];
}

const family = defineEvents<SetEvent>('countingSet', {
  NumbersChanged: { version: 1, examples: [{ block: 0, numbers: [1] }] },
  SetRenamed: { version: 1, examples: [{ name: 'a' }] },
});

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const parsed = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString());

/** Blocks are sorted lists; a number that is in is taken out and the other way round. */
export const countingSet: BlockAggregate<SetHead, { numbers: number[] }, SetCommand, SetEvent> = {
  events: family,
  initialHead: () => ({ name: '', count: 0, blocks: [] }),
  initialBlock: () => ({ numbers: [] }),
  touches: (command, head) => {
    if (command.type === 'Toggle') return [...new Set(command.numbers.map((number) => Math.floor(number / 10)))];
    return command.type === 'RemoveAll' ? head.blocks : [];
  },
  decide: (command, head, blocks) => {
    if (command.type === 'Rename') {
      if (command.name === '') throw new DomainError('VALIDATION_FAILED', { detail: 'a name is needed' });
      return command.name === head.name ? [] : [{ type: 'SetRenamed', data: { name: command.name } }];
    }
    const changed = new Map<number, Set<number>>();
    const blockOf = (block: number): Set<number> => {
      const set = changed.get(block) ?? new Set(blocks.get(block)?.numbers);
      changed.set(block, set);
      return set;
    };
    if (command.type === 'RemoveAll') for (const block of head.blocks) blockOf(block).clear();
    else {
      for (const number of command.numbers) {
        const set = blockOf(Math.floor(number / 10));
        if (!set.delete(number)) set.add(number);
      }
    }
    return [...changed].map(([block, numbers]) => ({
      type: 'NumbersChanged',
      data: { block, numbers: [...numbers].sort((a, b) => a - b) },
    }));
  },
  evolveHead: (head, event) => {
    if (event.type === 'SetRenamed') head.name = event.data.name;
    else {
      head.count += 1;
      if (!head.blocks.includes(event.data.block)) head.blocks.push(event.data.block);
    }
    return head;
  },
  changes: (event) => (event.type === 'NumbersChanged' ? [event.data.block] : []),
  evolveBlock: (block, _number, event) => {
    if (event.type === 'NumbersChanged') block.numbers.splice(0, Infinity, ...event.data.numbers);
    return block;
  },
  snapshot: {
    version: 1,
    encodeHead: json,
    decodeHead: (bytes) => parsed(bytes) as SetHead,
    encodeBlock: json,
    decodeBlock: (bytes) => parsed(bytes) as { numbers: number[] },
  },
};

/** The same streams folded whole: the names only. */
export const namedSet: Aggregate<{ name: string }, Extract<SetCommand, { type: 'Rename' }>, SetEvent> = {
  events: family,
  decider: {
    initialState: () => ({ name: '' }),
    decide: (command, state) => {
      if (command.name === '') throw new DomainError('VALIDATION_FAILED', { detail: 'a name is needed' });
      return command.name === state.name ? [] : [{ type: 'SetRenamed', data: { name: command.name } }];
    },
    evolve: (state, event) => {
      if (event.type === 'SetRenamed') state.name = event.data.name;
      return state;
    },
  },
};

export function contextWith(mark?: Mark, more: Partial<CommandContext> = {}): CommandContext {
  return { actor: SYSTEM, correlationId: 'c', now: new Date('2026-01-01T00:00:00Z'), ...(mark && { mark }), ...more };
}

export function requestMark(key: string, bodyHash = 'h'): Mark {
  return { kind: 'request', caller: 'caller', key, bodyHash };
}

export function followUpMark(revision: number, n = 0, last = true, consumer = 'a.b'): Mark {
  return { kind: 'follow-up', consumer, source: { stream: 'source-1', revision, n, last } };
}
