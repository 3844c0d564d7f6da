import { describeAppending } from './appending';
import type { ConformanceSetup } from './fixture';
import { describeFollowing } from './following';
import { describeRacing } from './racing';
import { describeReading } from './reading';
import { describeSurviving } from './surviving';

/**
 * The contract of the `EventStore` port as a jest suite: every adapter calls it in a spec of its own. Positions are
 * opaque to it, the log may hold other events, and nothing is asked that EventStoreDB cannot do.
 */
export function eventStoreConformance(name: string, setup: ConformanceSetup): void {
  describe(`${name} is an event store`, () => {
    describeAppending(setup);
    describeReading(setup);
    describeFollowing(setup);
    describeRacing(setup);
    describeSurviving(setup);
  });
}
