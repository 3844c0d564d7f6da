import type { TSchema } from '@sinclair/typebox';
import Ajv2020, { type ErrorObject, type ValidateFunction } from 'ajv/dist/2020';
import { fullFormats } from 'ajv-formats/dist/formats';
import { eventSchema } from './declared/declaration';
import { declarationOf, snapshotDeclarationOf, type MusterEvent } from './declared/registry';
import { snapshotSchema } from './declared/snapshot-declaration';
import type { IntegrationEvent } from './integration-event';
import type { Snapshot } from './snapshots';

const VALIDATORS = new Map<string, ValidateFunction>();
let ajv: Ajv2020 | undefined;

/**
 * Says what is wrong with an event by the schema of its type; undefined where nothing is. Unknown fields are nothing
 * wrong. Names fields and rules, never values: these may be personal.
 */
export function eventCheck(event: IntegrationEvent): string | undefined {
  const validate = validatorOf(event.type);
  if (!validate) return `${event.type} is no event of Muster that is known here`;
  return validate(event) ? undefined : wrongIn(validate.errors ?? []);
}

/** Whether this is an event of Muster of a type that is known here, and valid by its schema. */
export function isMusterEvent(value: unknown): value is MusterEvent {
  return validatorOf(typeOf(value))?.(value) === true;
}

/** Whether this is a document of a snapshot of a type that is known here, and valid by its schema. */
export function isSnapshotDocument(value: unknown): value is Snapshot {
  const declaration = snapshotDeclarationOf(typeOf(value));
  return declaration !== undefined && validatorFor(declaration.type, () => snapshotSchema(declaration))(value);
}

function typeOf(value: unknown): string {
  const hasType = typeof value === 'object' && value !== null && 'type' in value;
  return hasType && typeof value.type === 'string' ? value.type : '';
}

function validatorOf(type: string): ValidateFunction | undefined {
  const declaration = declarationOf(type);
  return declaration && validatorFor(type, () => eventSchema(declaration));
}

/** Compiled when the first one of the type comes: a process reads few of them. */
function validatorFor(type: string, schema: () => TSchema): ValidateFunction {
  const known = VALIDATORS.get(type);
  if (known) return known;
  ajv ??= new Ajv2020({ strict: true, formats: { uuid: fullFormats.uuid, 'date-time': fullFormats['date-time'] } });
  const validate = ajv.compile(schema());
  VALIDATORS.set(type, validate);
  return validate;
}

function wrongIn([first]: readonly ErrorObject[]): string {
  const { instancePath = '', message = 'is not valid' } = first ?? {};
  return instancePath === '' ? `it ${message}` : `${instancePath} ${message}`;
}
