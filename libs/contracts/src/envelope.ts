import type { Context, Feed, IntegrationEvent, OutgoingEvent } from './integration-event';

/** What an envelope needs of the stored event that it comes from. */
export interface EnvelopeSource {
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly position: string;
  readonly metadata: { readonly time: string; readonly correlationId: string; readonly traceparent?: string };
}

export interface EnvelopeOptions<D> {
  readonly context: Context;
  readonly feed: Feed;
  /** `ProfilesEnteredSegment`; with the version it becomes `muster.segments.ProfilesEnteredSegment.v1`. */
  readonly name: string;
  readonly version: number;
  /** The how-manieth of this stored event, from 0. */
  readonly n: number;
  /** The aggregate's id: also the ordering key. */
  readonly subject: string;
  readonly data: D;
}

/** The envelope of one integration event, with its way: the same for the same stored event, whenever it is made. */
export function outgoingEvent<D>(stored: EnvelopeSource, options: EnvelopeOptions<D>): OutgoingEvent {
  const { context, feed, name, version, n, subject, data } = options;
  const { time, correlationId, traceparent } = stored.metadata;
  const event: IntegrationEvent<string, D> = {
    specversion: '1.0',
    id: `${stored.stream}/${String(stored.revision)}/${String(n)}`,
    source: `/muster/${context}`,
    type: `muster.${context}.${name}.v${String(version)}`,
    time,
    subject,
    datacontenttype: 'application/json',
    correlationid: correlationId,
    causationid: stored.id,
    ...(traceparent !== undefined && { traceparent }),
    position: stored.position,
    data,
  };
  return {
    context,
    feed,
    key: subject,
    sourceReference: { stream: stored.stream, revision: stored.revision, n },
    event,
  };
}
