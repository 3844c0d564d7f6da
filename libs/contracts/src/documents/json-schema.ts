import { eventSchema, type EventDeclaration } from '../declared/declaration';
import { snapshotSchema, type SnapshotDeclaration } from '../declared/snapshot-declaration';
import { exampleOf } from './example';

/** A JSON Schema, or a part of one. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
}

/** The schema of an event, or of a document of a snapshot, as a document of its own that refers to no other (JSON Schema, draft 2020-12). */
export function jsonSchemaOf(declaration: EventDeclaration | SnapshotDeclaration): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:muster:contracts:${declaration.type}`,
    title: declaration.name,
    ...plainSchemaOf(declaration),
    examples: [exampleOf(declaration)],
  };
}

/** The schema without what makes it a document. */
export function plainSchemaOf(declaration: EventDeclaration | SnapshotDeclaration): JsonSchema {
  const schema = 'feed' in declaration ? eventSchema(declaration) : snapshotSchema(declaration);
  return JSON.parse(JSON.stringify(schema)) as JsonSchema;
}
