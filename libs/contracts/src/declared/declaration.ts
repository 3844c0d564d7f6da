import { Type, type Static, type TObject, type TSchema } from '@sinclair/typebox';
import type { Context, Feed, IntegrationEvent } from '../integration-event';

/** What can be said of one type and version of integration event. Everything published about it is made from this. */
export interface EventDeclaration<T extends string = string, S extends TSchema = TSchema> {
  /** `muster.<context>.<Name>.v<version>` */
  readonly type: T;
  readonly context: Context;
  readonly feed: Feed;
  readonly name: string;
  readonly version: number;
  /** The fields of the data that make the ordering key, joined by a colon. */
  readonly key: readonly string[];
  readonly description: string;
  /** Of `data`. Open: a reader passes over fields that it does not know. */
  readonly data: S;
  readonly example: DataOfSchema<S>;
}

/** A value of this schema that nobody may change. */
export type DataOfSchema<S extends TSchema> = DeepReadonly<Static<S>>;

/** The data of a declared event. */
export type DataOf<D extends EventDeclaration> = DataOfSchema<D['data']>;

/** The whole event as declared: of a union of declarations the union of their events. */
export type EventOf<D> = D extends EventDeclaration<infer T, infer S> ? IntegrationEvent<T, DataOfSchema<S>> : never;

type DeepReadonly<T> = T extends readonly (infer E)[]
  ? readonly DeepReadonly<E>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

interface Declared<N extends string, V extends number, S extends TObject> {
  readonly feed: Feed;
  readonly name: N;
  readonly version: V;
  readonly key: readonly (keyof Static<S> & string)[];
  readonly description: string;
  readonly data: S;
  readonly example: DataOfSchema<S>;
}

/** How the events of one context are declared. */
export const declaring =
  <C extends Context>(context: C) =>
  <N extends string, V extends number, S extends TObject>(
    declared: Declared<N, V, S>,
  ): EventDeclaration<`muster.${C}.${N}.v${V}`, S> => ({
    ...declared,
    type: `muster.${context}.${declared.name}.v${declared.version}`,
    context,
  });

/** The schema of the whole event: the CloudEvents envelope with Muster's attributes around the declared data. */
export function eventSchema({ type, context, data, description }: EventDeclaration) {
  return Type.Object(
    {
      specversion: Type.Literal('1.0'),
      id: Type.String({
        pattern: '^.+/[0-9]+/[0-9]+$',
        description: '`<stream>/<revision>/<n>`: the same however often the event is delivered.',
      }),
      source: Type.Literal<string>(`/muster/${context}`),
      type: Type.Literal(type),
      time: Type.String({ format: 'date-time', pattern: 'Z$', description: 'When it happened, in UTC.' }),
      subject: Type.String({ format: 'uuid', description: 'The segment or campaign that it happened to.' }),
      datacontenttype: Type.Literal('application/json'),
      correlationid: Type.String({ minLength: 1, description: 'The request or run that led to it.' }),
      causationid: Type.Optional(Type.String({ format: 'uuid', description: 'The stored event that this one tells.' })),
      traceparent: Type.Optional(
        Type.String({
          pattern: '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}',
          description: 'The trace that led to it, where there is one (W3C Trace Context).',
        }),
      ),
      position: Type.String({ minLength: 1, description: 'Where that stands in its event store. Opaque.' }),
      data,
    },
    { description },
  );
}
