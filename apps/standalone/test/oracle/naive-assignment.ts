import { createHash } from 'node:crypto';

/**
 * The method of assignment as its description has it, in objects and BigInt. It shares no code with the libraries and
 * cares for nothing but being plain.
 */
const WORD = 2n ** 32n;
const Q = 10_000n;

const sha = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
const h52 = (text: string): bigint => BigInt(`0x${sha(text).slice(0, 13)}`);

function fmix32(number: bigint): bigint {
  const a = ((number ^ (number >> 16n)) * 0x85ebca6bn) % WORD;
  const b = ((a ^ (a >> 13n)) * 0xc2b2ae35n) % WORD;
  return b ^ (b >> 16n);
}

/** Where a profile stands in the order of an epoch. */
function rank(source: string, profile: number): bigint {
  const key = sha(`v1|rank|${source}`);
  const word = (i: number): bigint => BigInt(`0x${key.slice(i * 8, i * 8 + 8)}`);
  let r = fmix32(BigInt(profile) ^ word(0));
  r = fmix32((r + word(1)) % WORD);
  r = fmix32(r ^ word(2));
  return fmix32((r + word(3)) % WORD);
}

/** Everyone who is to get a group in one step, by the hash of the stratum. */
export type ByStratum = ReadonlyMap<string, readonly number[]>;
/** How many become control, by the hash of the stratum. */
export type Quotas = ReadonlyMap<string, number>;

/** Those who become control: the quota of each stratum, lowest rank first. */
export function chosen(source: string, batch: ByStratum, quotas: Quotas): Set<number> {
  const control = new Set<number>();
  for (const [stratum, profiles] of batch) {
    const ranked = profiles.map((profile) => ({ profile, rank: rank(source, profile) }));
    ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1));
    for (const { profile } of ranked.slice(0, quotas.get(stratum) ?? 0)) control.add(profile);
  }
  return control;
}

/** A set that arrives at once: randomised systematic rounding over all strata. */
export function buildQuotas(
  source: string,
  strata: readonly string[],
  batch: ByStratum,
  share: { readonly numerator: number; readonly denominator: number },
): Quotas {
  const [numerator, denominator] = [BigInt(share.numerator), BigInt(share.denominator)];
  const u = (h52(`u|${source}`) * denominator) / 2n ** 52n;
  const order = [...strata].sort((a, b) => (sha(`s|${source}|${a}`) < sha(`s|${source}|${b}`) ? -1 : 1));
  const quotas = new Map<string, number>();
  let exact = 0n;
  let before = 0n;
  for (const stratum of order) {
    exact += BigInt(batch.get(stratum)?.length ?? 0) * numerator;
    const after = (exact + u) / denominator;
    quotas.set(stratum, Number(after - before));
    before = after;
  }
  return quotas;
}

/** How many of the next arrivals of a stratum that stands at (n, c) become control. */
export function arrivalQuota(
  source: string,
  stratum: string,
  basisPoints: number,
  state: { readonly n: number; readonly c: number },
  arrivals: number,
): number {
  let [n, c] = [BigInt(state.n), BigInt(state.c)];
  for (let i = 0; i < arrivals; i++) {
    if (slot(source, stratum, BigInt(basisPoints), n, c)) c++;
    n++;
  }
  return Number(c) - state.c;
}

function slot(source: string, stratum: string, p: bigint, n: bigint, c: bigint): boolean {
  const r = (p * n) % Q;
  const ahead = c - (p * n) / Q === 1n;
  const draw = h52(`slot|${source}|${stratum}|${n.toString()}`);
  if (r + p < Q) return !ahead && draw * (Q - r) < p * 2n ** 52n;
  return !ahead || draw * r < (r + p - Q) * 2n ** 52n;
}

/** The hash by which the method knows a stratum: of the canonical JSON of its bucket per field. */
export function stratumHash(canonicalJson: string): string {
  return sha(canonicalJson).slice(0, 16);
}
