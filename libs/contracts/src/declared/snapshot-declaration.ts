import { Type, type TObject, type TSchema } from '@sinclair/typebox';
import type { Context } from '../integration-event';
import type { DataOfSchema } from './declaration';

/**
 * A part of the state of everything as of one position of the event store, in the envelope of an integration event. It
 * tells no fact, so it is on no feed: who begins without a history asks for the snapshot and then follows the feed.
 */
export interface SnapshotDocument<T extends string = string, D = unknown> {
  readonly specversion: '1.0';
  /** `snapshot/<position>/<stream>/<part>` */
  readonly id: string;
  /** `/muster/<context>` */
  readonly source: string;
  /** `muster.<context>.<Name>Snapshot.v<version>` */
  readonly type: T;
  /** When the snapshot was asked for, ISO 8601 UTC. */
  readonly time: string;
  /** The segment's or campaign's id. */
  readonly subject: string;
  readonly datacontenttype: 'application/json';
  /** The same in all documents of a snapshot. */
  readonly position: string;
  readonly data: D;
}

/** What can be said of one type and version of document in a snapshot. */
export interface SnapshotDeclaration<T extends string = string, S extends TSchema = TSchema> {
  /** `muster.<context>.<Name>Snapshot.v<version>` */
  readonly type: T;
  readonly context: Context;
  readonly name: string;
  readonly version: number;
  readonly description: string;
  /** Of `data`. Open: a reader passes over fields that it does not know. */
  readonly data: S;
  readonly example: DataOfSchema<S>;
}

/** The whole document as declared: of a union of declarations the union of their documents. */
export type SnapshotOf<D> =
  D extends SnapshotDeclaration<infer T, infer S> ? SnapshotDocument<T, DataOfSchema<S>> : never;

interface Declared<C extends Context, N extends string, S extends TObject> {
  readonly context: C;
  readonly name: N;
  readonly description: string;
  readonly data: S;
  readonly example: DataOfSchema<S>;
}

/** Declares the first version of a document. */
export function declareSnapshot<C extends Context, N extends `${string}Snapshot`, S extends TObject>(
  declared: Declared<C, N, S>,
): SnapshotDeclaration<`muster.${C}.${N}.v1`, S> {
  return { ...declared, type: `muster.${declared.context}.${declared.name}.v1`, version: 1 };
}

/** The schema of the whole document: the envelope around the declared data. */
export function snapshotSchema({ type, context, data, description }: SnapshotDeclaration): TObject {
  return Type.Object(
    {
      specversion: Type.Literal('1.0'),
      id: Type.String({ pattern: '^snapshot/.+/.+/-?[0-9]+$', description: '`snapshot/<position>/<stream>/<part>`.' }),
      source: Type.Literal<string>(`/muster/${context}`),
      type: Type.Literal(type),
      time: Type.String({
        format: 'date-time',
        pattern: 'Z$',
        description: 'When the snapshot was asked for, in UTC.',
      }),
      subject: Type.String({ format: 'uuid', description: 'The segment or campaign.' }),
      datacontenttype: Type.Literal('application/json'),
      position: Type.String({
        minLength: 1,
        description: 'As of where in the event store: the same in all documents of a snapshot. Opaque.',
      }),
      data,
    },
    { description },
  );
}
