/** Who caused something: a person, an API key, or `System`. `name` is shown to people and holds no personal data beyond it. */
export interface Actor {
  readonly kind: 'person' | 'key' | 'system';
  readonly id: string;
  readonly name: string;
}

export const SYSTEM: Actor = { kind: 'system', id: 'system', name: 'System' };

/**
 * What makes an append happen once: the follow-up of a stored event, a keyed request, or an occurrence of a schedule.
 * It stands in the metadata of every event of the append and is folded by the aggregate.
 */
export type Mark =
  | {
      readonly kind: 'follow-up';
      /** The consumer that follows up: two consumers may follow the same source into the same stream. */
      readonly consumer: string;
      readonly source: SourceMark;
    }
  | { readonly kind: 'request'; readonly caller: string; readonly key: string; readonly bodyHash: string }
  | { readonly kind: 'occurrence'; readonly id: string };

/** The `n`-th append (from 0) that one source event leads to; `last` says that none follows it. */
export interface SourceMark {
  readonly stream: string;
  readonly revision: number;
  readonly n: number;
  readonly last: boolean;
}

/** What travels with a command into the metadata of what it appends. */
export interface CommandContext {
  readonly actor: Actor;
  readonly correlationId: string;
  readonly causationId?: string;
  readonly mark?: Mark;
  /** The instant of the command: the event time of what it appends. */
  readonly now: Date;
  /** The revision the caller saw (`If-Match`): another one is refused as stale, without retry. */
  readonly expectedRevision?: number;
}

/**
 * The context for an idempotent command on another stream than the one that the request is about: the mark and the
 * expected revision belong to that one.
 */
export function unmarked({ actor, correlationId, now }: CommandContext): CommandContext {
  return { actor, correlationId, now };
}
