import { setTimeout as sleep } from 'node:timers/promises';

/** A span, as specs look at it. */
export interface ToldSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Absent or empty of a trace's first span. */
  readonly parentSpanId?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** The spans of one trace, once those of all these names have ended. */
export async function traceWith(
  told: () => readonly ToldSpan[],
  traceId: string,
  names: readonly string[],
  timeoutMs = 30_000,
): Promise<readonly ToldSpan[]> {
  for (const deadline = performance.now() + timeoutMs; ;) {
    const spans = told().filter((span) => span.traceId === traceId);
    const missing = names.filter((name) => !spans.some((span) => span.name === name));
    if (missing.length === 0) return spans;
    if (performance.now() > deadline) {
      throw new Error(`no ${missing.join(', ')} among ${[...new Set(spans.map(({ name }) => name))].join(', ')}`);
    }
    await sleep(50);
  }
}

/** The names from the first span of this name up to the first of its trace that is known. */
export function wayUp(spans: readonly ToldSpan[], name: string): readonly string[] {
  return waysUp(spans, name)[0] ?? [];
}

/** The same from each span of this name. */
export function waysUp(spans: readonly ToldSpan[], name: string): readonly (readonly string[])[] {
  return spans.filter((span) => span.name === name).map((span) => namesUp(spans, span));
}

function namesUp(spans: readonly ToldSpan[], from: ToldSpan): readonly string[] {
  const above = spans.find(({ spanId }) => spanId === from.parentSpanId);
  return above ? [from.name, ...namesUp(spans, above)] : [from.name];
}
