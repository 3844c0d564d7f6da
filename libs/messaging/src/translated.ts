import type { OutgoingEvent } from '@muster/contracts';
import type { StoredEvent } from '@muster/event-store';
import { asError } from '@muster/postgres';
import { goesOn } from './failures';
import type { ReadBack, Translation } from './integration-bus';

/** A stored event that its translation fails at: whoever carries it stops there, for nothing is left out in silence. */
export class Untranslatable extends Error {
  override readonly name = 'Untranslatable';
  readonly correlationId: string;

  constructor({ type, stream, revision, metadata }: StoredEvent, cause: Error) {
    super(`${type} (${stream} at revision ${String(revision)}) cannot be translated: ${cause.message}`, { cause });
    this.correlationId = metadata.correlationId;
  }
}

/** What the stored event tells others. Throws {@link Untranslatable}, and what is passing as it is. */
export async function translated(
  translation: Translation,
  stored: StoredEvent,
  readBack: ReadBack,
): Promise<readonly OutgoingEvent[]> {
  try {
    return await translation.translate(stored, readBack);
  } catch (error) {
    throw goesOn(error) ? error : new Untranslatable(stored, asError(error));
  }
}
