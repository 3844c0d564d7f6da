import { START, type Position } from '@muster/event-store';
import type { ServiceContext } from '@muster/platform/config';
import { LagGauge } from '../lag';
import { projectionStates } from '../projections/projection-states';
import type { Tool } from '../tool';

/** How far something that follows the log is. */
export interface CheckpointState {
  readonly kind: 'projection' | 'consumer' | 'relay';
  readonly context: ServiceContext;
  readonly name: string;
  /** `null` before the first event. */
  readonly position: string | null;
  readonly movedAt: Date | null;
  readonly lagEvents: number;
  readonly lagSeconds: number;
}

/** The checkpoint of a relay or a consumer, as it stands in its context. */
export interface StoredCheckpoint {
  readonly context: ServiceContext;
  /** `<context>.<name>`. */
  readonly name: string;
  readonly kind: 'consumer' | 'relay';
  readonly position: Position;
  readonly movedAt: Date;
}

/** Of relays, and of consumers that follow the log themselves; with Kafka consumers keep offsets there. */
export async function storedCheckpoints({
  surroundings,
}: Pick<Tool, 'surroundings'>): Promise<readonly StoredCheckpoint[]> {
  const found: StoredCheckpoint[] = [];
  for (const context of await surroundings.contextsWith('consumer_checkpoint')) {
    const { rows } = await surroundings
      .pool(context)
      .query<{ name: string; position: Position; movedAt: Date }>(
        'SELECT consumer AS name, position, moved_at AS "movedAt" FROM consumer_checkpoint ORDER BY consumer',
      );
    found.push(...rows.map((row) => ({ context, kind: kindOf(row.name), ...row })));
  }
  return found;
}

export async function checkpointStates(tool: Tool): Promise<readonly CheckpointState[]> {
  const gauge = await LagGauge.of(await tool.surroundings.store(), tool.now());
  const projections = (await projectionStates(tool)).flatMap((state): CheckpointState[] => {
    const { context, name, generation, position, lagEvents, lagSeconds } = state;
    if (generation === null) return [];
    return [
      {
        kind: 'projection',
        context,
        name: `${context}.${name}#${String(generation)}`,
        position,
        movedAt: null,
        lagEvents: lagEvents ?? 0,
        lagSeconds: lagSeconds ?? 0,
      },
    ];
  });
  const others: CheckpointState[] = [];
  for (const stored of await storedCheckpoints(tool)) {
    const { events, seconds } = await gauge.after(stored.position);
    const position = stored.position === START ? null : stored.position;
    others.push({ ...stored, position, lagEvents: events, lagSeconds: seconds });
  }
  return [...projections, ...others];
}

/** Relays keep their checkpoints where consumers do, and are called `<context>.relay-<feed>`. */
function kindOf(name: string): 'consumer' | 'relay' {
  return /^[^.]+\.relay-/.test(name) ? 'relay' : 'consumer';
}
