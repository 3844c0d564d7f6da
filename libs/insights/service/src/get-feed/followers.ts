import { DomainError } from '@muster/kernel';
import { Injectable } from '@nestjs/common';

/** One that is behind and slow may hold a batch of the store, 8 MiB. */
export const MOST_FOLLOWERS = 100;

/** Counts the streams and the waits of this process, so that what they hold has an end. */
@Injectable()
export class Followers {
  private count = 0;

  /** Throws `FEED_BUSY`. The result is to be called when the answer is over. */
  enter(): () => void {
    if (this.count >= MOST_FOLLOWERS) {
      throw new DomainError('FEED_BUSY', {
        detail: `${String(MOST_FOLLOWERS)} streams and waits are open here. Try again soon, or ask for a page without waitSeconds.`,
      });
    }
    this.count++;
    let isIn = true;
    return () => {
      if (isIn) this.count--;
      isIn = false;
    };
  }
}
