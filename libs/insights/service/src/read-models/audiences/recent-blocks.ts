import type { BlockState } from './block-state';

/** About 300 kB each. */
const MOST = 64;

/**
 * Blocks that were decoded lately, the longest unused one given up first. A block as of a position is what it is for
 * ever, so nothing here goes stale; readers share the states and do not change them.
 */
export class RecentBlocks {
  private readonly blocks = new Map<string, BlockState>();

  get(key: string): BlockState | undefined {
    const state = this.blocks.get(key);
    if (state) this.add(key, state);
    return state;
  }

  add(key: string, state: BlockState): void {
    this.blocks.delete(key);
    this.blocks.set(key, state);
    const [oldest] = this.blocks.keys();
    if (this.blocks.size > MOST && oldest !== undefined) this.blocks.delete(oldest);
  }
}
