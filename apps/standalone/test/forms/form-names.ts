import { kafkaForTests } from '@muster/messaging-kafka/testing';

/**
 * `standalone`: everything in one process. The others are four processes: on one Postgres alone, with Kafka between them,
 * and with EventStoreDB (a double, or the server of EVENTSTOREDB_URL) and Kafka.
 */
export const FORMS = ['standalone', 'apart', 'kafka', 'eventstoredb'] as const;
export type FormName = (typeof FORMS)[number];

/** The form that the specs of this run are about: MUSTER_FORM, which `npm run test:e2e` sets. */
export function formName(): FormName {
  const { MUSTER_FORM: name = 'standalone' } = process.env;
  const known = FORMS.find((each) => each === name);
  if (known) return known;
  throw new Error(`MUSTER_FORM is "${name}"; it must be one of: ${FORMS.join(', ')}.`);
}

/** For specs about processes that run apart: where no form is named, the one without a broker. */
export function formApart(): Exclude<FormName, 'standalone'> {
  const name = formName();
  return name === 'standalone' ? 'apart' : name;
}

export function hasKafka(form: FormName): boolean {
  return form === 'kafka' || form === 'eventstoredb';
}

/** For `describeIf`: whether this form can be had here, and what is missing where it cannot. */
export function formForTests(): { readonly available: boolean; readonly reason: string } {
  return hasKafka(formName()) ? kafkaForTests() : { available: true, reason: '' };
}
