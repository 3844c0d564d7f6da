import type { BlockAggregate } from '@muster/aggregates';
import {
  audience,
  audienceSnapshot,
  type AudienceBlock,
  type AudienceCommand,
  type AudienceHead,
} from '@muster/audiences-domain';
import { audienceEvents, type AudienceEvent } from '@muster/audiences-events';

export const audienceAggregate: BlockAggregate<AudienceHead, AudienceBlock, AudienceCommand, AudienceEvent> = {
  ...audience,
  events: audienceEvents,
  snapshot: audienceSnapshot,
};
