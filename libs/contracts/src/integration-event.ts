/**
 * What one service tells the others and the outside: a CloudEvents 1.0 envelope in structured mode.
 * `id` is `<stream>/<revision>/<n>`, kept by redelivery, rebalance and a copied log: duplicates are told by it.
 */
export interface IntegrationEvent<T extends string = string, D = unknown> {
  readonly specversion: '1.0';
  readonly id: string;
  /** `/muster/<context>` */
  readonly source: string;
  /** `muster.<context>.<Name>.v<version>` */
  readonly type: T;
  /** Event time of the stored event, ISO 8601 UTC. */
  readonly time: string;
  /** The aggregate: segment, campaign or profile database id. */
  readonly subject: string;
  readonly datacontenttype: 'application/json';
  readonly correlationid: string;
  readonly causationid?: string;
  /** W3C Trace Context of the append, where that was traced (CloudEvents' extension for distributed tracing). */
  readonly traceparent?: string;
  /** Where the event stands in the event store it came from; opaque. */
  readonly position: string;
  readonly data: D;
}

export type Context = 'segments' | 'campaigns' | 'audiences';

/** The feeds of a context: `<context>.sets.v1`, `<context>.profiles.v1`, `<context>.lifecycle.v1`. */
export type Feed = 'sets' | 'profiles' | 'lifecycle';

/** Where an integration event came from in the store of its context: what consumers fold into marks. */
export interface SourceReference {
  readonly stream: string;
  readonly revision: number;
  /** The how-manieth integration event of that stored event, from 0. */
  readonly n: number;
}

/** An integration event with its way: feed, ordering key and source. The pure translation of a context yields these. */
export interface OutgoingEvent {
  readonly context: Context;
  readonly feed: Feed;
  /** Orders: events of one key keep their order. */
  readonly key: string;
  readonly sourceReference: SourceReference;
  readonly event: IntegrationEvent;
}
