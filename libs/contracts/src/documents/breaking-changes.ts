import type { EventDeclaration } from '../declared/declaration';
import type { SnapshotDeclaration } from '../declared/snapshot-declaration';
import { topicOf } from '../topics';
import { plainSchemaOf, type JsonSchema } from './json-schema';

/** What subscribers were promised of one type: kept when it is released, and never taken back. */
export interface ReleasedContract {
  readonly type: string;
  /** Of events; documents of a snapshot have none. */
  readonly topic?: string;
  readonly key?: readonly string[];
  readonly schema: JsonSchema;
}

/** Keywords that say something to people and nothing to a validator. */
const ANNOTATIONS = new Set(['$schema', '$id', '$comment', 'title', 'description', 'examples', 'deprecated']);
/** Compared part by part, not as a whole. */
const STRUCTURE = new Set(['properties', 'required', 'items', 'anyOf', 'enum']);

export function releaseOf(declaration: EventDeclaration | SnapshotDeclaration): ReleasedContract {
  const { type, context } = declaration;
  const way = 'feed' in declaration && { topic: topicOf(context, declaration.feed), key: declaration.key };
  return { type, ...way, schema: plainSchemaOf(declaration) };
}

/**
 * What of a release is not kept by what is declared now; nothing where it is. Readers of the release must be able to read
 * what is sent now, and readers of today what was sent then (topics keep it for days, the event store for good). So the
 * only change of a schema that is none for its readers is another optional field; anything else is a new version.
 */
export function breakingChanges(
  released: ReleasedContract,
  declared: EventDeclaration | SnapshotDeclaration | undefined,
): readonly string[] {
  if (!declared) return [`${released.type}: it is no longer declared`];
  const current = releaseOf(declared);
  return [
    ...differing('topic', released.topic, current.topic),
    ...differing('key', released.key, current.key),
    ...breaksOf('', released.schema, current.schema),
  ].map((change) => `${released.type} ${change}`);
}

function breaksOf(path: string, released: JsonSchema, current: JsonSchema): string[] {
  const keywords = new Set([...Object.keys(released), ...Object.keys(current)]);
  const plain = [...keywords].filter((keyword) => !ANNOTATIONS.has(keyword) && !STRUCTURE.has(keyword));
  const at = path === '' ? '/' : path;
  return [
    ...plain.flatMap((keyword) => differing(`${at} ${keyword}`, released[keyword], current[keyword])),
    ...ofProperties(path, released, current),
    ...ofRequired(path, released.required ?? [], current.required ?? []),
    ...ofEnum(at, released.enum, current.enum),
    ...ofParts(at, 'alternatives', released.anyOf, current.anyOf),
    ...ofParts(at, 'items', released.items && [released.items], current.items && [current.items]),
  ];
}

function ofProperties(path: string, released: JsonSchema, current: JsonSchema): string[] {
  return Object.entries(released.properties ?? {}).flatMap(([name, schema]) => {
    const now = current.properties?.[name];
    return now ? breaksOf(`${path}/${name}`, schema, now) : [`${path}/${name}: the field was removed or renamed`];
  });
}

function ofRequired(path: string, released: readonly string[], current: readonly string[]): string[] {
  return [
    ...released.filter((name) => !current.includes(name)).map((name) => `${path}/${name}: it is no longer required`),
    ...current
      .filter((name) => !released.includes(name))
      .map((name) => `${path}/${name}: it is required now, and events that were sent before are without it`),
  ];
}

function ofEnum(at: string, released?: readonly unknown[], current?: readonly unknown[]): string[] {
  if (!released || !current) return differing(`${at} enum`, released, current);
  return [
    ...released.filter((value) => !current.includes(value)).map((value) => `${at}: ${shown(value)} was removed`),
    ...current
      .filter((value) => !released.includes(value))
      .map((value) => `${at}: ${shown(value)} was added, which readers of the release refuse`),
  ];
}

function ofParts(
  at: string,
  what: string,
  released?: readonly JsonSchema[],
  current?: readonly JsonSchema[],
): string[] {
  if (!released || current?.length !== released.length) return differing(`${at} ${what}`, released, current);
  return released.flatMap((part, i) => breaksOf(at, part, current[i]!));
}

function differing(what: string, released: unknown, current: unknown): string[] {
  if (shown(released) === shown(current)) return [];
  return [`${what} was ${shown(released)} and is ${shown(current)}`];
}

function shown(value: unknown): string {
  return value === undefined ? 'not set' : JSON.stringify(value);
}
