import type { EventStore } from './event-store';
import { START, type Position } from './position';

/** How old the first event after this position is, by its own time; 0 where there is none. */
export async function secondsBehind(store: EventStore, position: Position, now: Date): Promise<number> {
  const from = position === START ? {} : { from: position };
  for await (const event of store.readAll({ ...from, limit: 2 })) {
    if (event.position <= position) continue;
    return Math.max(0, (now.getTime() - Date.parse(event.metadata.time)) / 1000);
  }
  return 0;
}
