import Ajv2020, { type ErrorObject, type ValidateFunction } from 'ajv/dist/2020';
import { fullFormats } from 'ajv-formats/dist/formats';
import { eventSchema } from './declared/declaration';
import { declarationOf, type MusterEvent } from './declared/registry';
import type { IntegrationEvent } from './integration-event';

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
  if (typeof value !== 'object' || value === null || !('type' in value)) return false;
  return typeof value.type === 'string' && validatorOf(value.type)?.(value) === true;
}

/** Compiled when the first event of the type comes: a process reads few of them. */
function validatorOf(type: string): ValidateFunction | undefined {
  const known = VALIDATORS.get(type);
  if (known) return known;
  const declaration = declarationOf(type);
  if (!declaration) return undefined;
  ajv ??= new Ajv2020({ strict: true, formats: { uuid: fullFormats.uuid, 'date-time': fullFormats['date-time'] } });
  const validate = ajv.compile(eventSchema(declaration));
  VALIDATORS.set(type, validate);
  return validate;
}

function wrongIn([first]: readonly ErrorObject[]): string {
  const { instancePath = '', message = 'is not valid' } = first ?? {};
  return instancePath === '' ? `it ${message}` : `${instancePath} ${message}`;
}
