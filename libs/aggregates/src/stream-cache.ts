import type { DomainEvent } from '@muster/kernel';
import type { FoldRules } from './fold-rules';
import type { Folded } from './folded';

/** The streams that were folded last, bounded by the number of blocks they hold; a head counts as one. */
export class StreamCache {
  private readonly entries = new Map<string, { readonly owner: object; readonly folded: object; weight: number }>();
  private weight = 0;

  constructor(private readonly capacity: number) {}

  get<Head, Block, Event extends DomainEvent>(
    rules: FoldRules<Head, Block, Event>,
    stream: string,
  ): Folded<Head, Block, Event> | undefined {
    const entry = this.entries.get(stream);
    // The owner is the aggregate whose rules folded the entry, so head, block and event types are those of `rules`.
    return entry?.owner === rules.owner ? (entry.folded as Folded<Head, Block, Event>) : undefined;
  }

  set<Head, Block, Event extends DomainEvent>(stream: string, folded: Folded<Head, Block, Event>): void {
    this.delete(stream);
    const weight = 1 + folded.blocks.size;
    if (weight > this.capacity) return;
    this.entries.set(stream, { owner: folded.rules.owner, folded, weight });
    this.weight += weight;
    for (const oldest of this.entries.keys()) {
      if (this.weight <= this.capacity) break;
      this.delete(oldest);
    }
  }

  delete(stream: string): void {
    const entry = this.entries.get(stream);
    if (!entry) return;
    this.entries.delete(stream);
    this.weight -= entry.weight;
  }
}
