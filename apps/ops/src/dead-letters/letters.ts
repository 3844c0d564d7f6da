import { createKafka, DeadLetterBox, type FoundLetter } from '@muster/messaging-kafka';
import { WrongUsage } from '../failures';
import type { Tool } from '../tool';

export function openBox({ surroundings }: Tool): DeadLetterBox {
  return new DeadLetterBox(createKafka(surroundings.environment.kafka.connection));
}

/** The letter with this id, waiting or not. Throws with those that wait. */
export function letterWith(letters: readonly FoundLetter[], id: string): FoundLetter {
  const found = letters.find((letter) => letter.id === id);
  if (found) return found;
  throw new WrongUsage(`there is no dead letter ${id}; ${known(letters)}`);
}

/** Those with these ids, of which none was retried or dropped before. */
export function waiting(letters: readonly FoundLetter[], ids: readonly string[]): readonly FoundLetter[] {
  return ids.map((id) => {
    const letter = letterWith(letters, id);
    if (letter.outcome === undefined) return letter;
    throw new WrongUsage(`the dead letter ${id} was ${letter.outcome} already`);
  });
}

function known(letters: readonly FoundLetter[]): string {
  const ids = letters.filter(({ outcome }) => outcome === undefined).map(({ id }) => id);
  return ids.length === 0
    ? 'none waits'
    : `those that wait: ${ids.slice(0, 20).join(', ')}${ids.length > 20 ? ', ...' : ''}`;
}

/** The message as text where it is text, else in base64. */
export function bodyOf({
  message: { value },
}: FoundLetter): { readonly text: string } | { readonly base64: string } | null {
  if (value === null) return null;
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(value) };
  } catch {
    return { base64: value.toString('base64') };
  }
}
