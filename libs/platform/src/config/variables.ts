import { isConnectionString } from '@muster/event-store-eventstoredb';
import { parseKey } from '../access';

/** Everything that is wrong with the environment, a line for each variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly string[]) {
    super(['The configuration is not valid:', ...problems.map((problem) => `  - ${problem}`)].join('\n'));
  }
}

/** Reads variables, and keeps what is wrong with them until all are read. An empty variable counts as absent. */
export class Variables {
  /** A line for each variable that is wrong. */
  readonly problems: string[] = [];

  constructor(private readonly env: Readonly<Record<string, string | undefined>>) {}

  oneOf<const T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    return this.read<T>(name, fallback, ...among(allowed));
  }

  /** `null` where it is not set. */
  oneOrNone<const T extends string>(name: string, allowed: readonly T[]): T | null {
    return this.read<T | null>(name, null, ...among(allowed));
  }

  /** `secret` values are not repeated in the message. */
  read<T>(
    name: string,
    fallback: T,
    allowed: string,
    parse: (text: string) => Exclude<T, null> | undefined,
    secret = false,
  ): T {
    const text = this.env[name] ?? '';
    if (text === '') return fallback;
    const value = parse(text);
    if (value !== undefined) return value;
    this.problems.push(`${name} is ${secret ? 'set, and not valid' : JSON.stringify(text)}; it must be ${allowed}.`);
    return fallback;
  }

  /** Says which of these are not set, because `reason` needs them. */
  need(names: readonly string[], reason: string): void {
    for (const name of names) if (!this.isSet(name)) this.problems.push(`${name} is not set, and ${reason} needs it.`);
  }

  isSet(name: string): boolean {
    return (this.env[name] ?? '') !== '';
  }
}

function among<const T extends string>(
  allowed: readonly T[],
): [string, (text: string) => Exclude<T, null> | undefined] {
  const isAllowed = (text: string): text is Exclude<T, null> => allowed.some((each) => each === text);
  return [`one of: ${allowed.join(', ')}`, (text) => (isAllowed(text) ? text : undefined)];
}

export function postgresUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, pathname } = new URL(text);
  const complete = /^postgres(ql)?:$/.test(protocol) && hostname !== '' && pathname.length > 1;
  return complete ? text : undefined;
}

export function eventStoreDbUrl(text: string): string | undefined {
  return isConnectionString(text) ? text : undefined;
}

export function apiKey(text: string): string | undefined {
  return parseKey(text) ? text : undefined;
}

export function httpOrigin(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, origin, pathname, search, username } = new URL(text);
  return /^https?:$/.test(protocol) && pathname === '/' && search === '' && username === '' ? origin : undefined;
}

export function httpUrl(text: string): string | undefined {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? text : undefined;
}

export function hostName(text: string): string | undefined {
  return /^[A-Za-z0-9._:-]{1,253}$/.test(text) ? text : undefined;
}

export function portNumber(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}

/** `host:port` each, separated by commas. */
export function hostsAndPorts(text: string): string[] | undefined {
  const all = text.split(',').map((each) => each.trim());
  const valid = all.every((each) => {
    const [, port = ''] = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+\]):(\d+)$/.exec(each) ?? [];
    return (portNumber(port) ?? 0) > 0;
  });
  return valid ? all : undefined;
}

export function wholeNumber(least: number, most: number): (text: string) => number | undefined {
  return (text) => (/^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined);
}
