import { pause } from '@muster/postgres';
import type { Checkpoints, Generation } from './checkpoints';

/** What operators ask of a generation while it is built: to be held back, to be shown, or to go. */
export class RebuildWatch {
  /** Resolves when nobody looks any more. */
  readonly ended: Promise<void>;
  private readonly cancelling = new AbortController();
  private readonly releasing = new AbortController();
  private hold: boolean | undefined;

  constructor(
    private readonly checkpoints: Checkpoints,
    private readonly building: Generation,
    private readonly signal: AbortSignal,
    private readonly pollMs: number,
  ) {
    this.ended = this.look();
  }

  /** Aborted when the generation is not wanted any more. */
  get cancelled(): AbortSignal {
    return this.cancelling.signal;
  }

  /** Aborted when what was held back is to be shown. */
  get released(): AbortSignal {
    return this.releasing.signal;
  }

  /** Whether it is to follow the log without being shown. */
  async held(): Promise<boolean> {
    this.hold ??= (await this.checkpoints.request(this.building.name))?.hold ?? false;
    return this.hold;
  }

  private async look(): Promise<void> {
    while (!this.signal.aborted) {
      // Postgres away: who writes notices, and this is asked again.
      await this.ask().catch(() => undefined);
      await pause(this.pollMs, this.signal);
    }
  }

  private async ask(): Promise<void> {
    const { name, generation } = this.building;
    const generations = await this.checkpoints.generations(name);
    if (!generations.some((found) => found.generation === generation && found.state === 'building')) {
      this.cancelling.abort();
      return;
    }
    const hold = (await this.checkpoints.request(name))?.hold ?? false;
    if (this.hold === true && !hold) this.releasing.abort();
    this.hold = hold;
  }
}
