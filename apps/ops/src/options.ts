import { InvalidArgumentError } from 'commander';
import { WrongUsage } from './failures';

export const JSON_OPTION = ['--json', 'as JSON, with everything that is known'] as const;
export const YES_OPTION = ['--yes', 'do it without being asked again'] as const;

/** A whole number of seconds. */
export function seconds(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of seconds.');
  return Number(text);
}

/** What cannot be undone is done only where it is said to be meant. */
export function requireYes(yes: boolean | undefined, what: string): void {
  if (yes !== true) throw new WrongUsage(`${what} To do it, add --yes`);
}
