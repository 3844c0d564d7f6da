/**
 * Plain TypeScript containers against roaring-wasm, one million profiles at several densities, and the bytes of a
 * membership in the log. Medians of CPU milliseconds, both sides interleaved in one run.
 */
import { RoaringBitmap32, SerializationFormat } from 'roaring-wasm';
import { diffSorted, encodeCodes, ProfileSet } from '../src';

const SIZE = 1_000_000;
const ROUNDS = 7;

let state = 12345;
const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647;

/** Ascending numbers at a density: each number of the range is in with that chance. */
function sample(density: number, size: number): Uint32Array {
  const out = new Uint32Array(size);
  for (let number = 0, count = 0; count < size; number++)
    if (density === 1 || random() < density) out[count++] = number;
  return out;
}

function milliseconds(action: () => unknown): number {
  const before = process.cpuUsage();
  action();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function compare(name: string, plain: () => unknown, wasm: () => unknown): string {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    times[0].push(milliseconds(plain));
    times[1].push(milliseconds(wasm));
  }
  const [a, b] = times.map((values) => values.sort((x, y) => x - y)[ROUNDS >> 1]!);
  return `${name} ${a!.toFixed(1)} / ${b!.toFixed(1)}`;
}

function wasmOf(sorted: Uint32Array): RoaringBitmap32 {
  const bitmap = new RoaringBitmap32(sorted);
  bitmap.removeRunCompression();
  bitmap.runOptimize();
  return bitmap;
}

function dropped(bitmap: RoaringBitmap32): void {
  bitmap.dispose();
}

for (const density of [0.01, 0.1, 0.5, 1]) {
  const a = sample(density, SIZE);
  const b = a.map((number, i) => (i % 20 === 0 && density < 1 ? number + 1 : number));
  const [x, y] = [ProfileSet.fromSorted(a), ProfileSet.of(b)];
  const [p, q] = [wasmOf(a), wasmOf(b)];
  const bytes = x.encode();
  const probes = Uint32Array.from({ length: SIZE }, () => Math.floor(random() * (SIZE / density)));
  const parts = [...x.byBlock()].map(([, part]) => part);
  const encoded = parts.map((part) => part.encode());
  const rows = [
    compare(
      'build',
      () => ProfileSet.fromSorted(a),
      () => dropped(wasmOf(a)),
    ),
    compare(
      'union',
      () => x.union(y),
      () => dropped(RoaringBitmap32.or(p, q)),
    ),
    compare(
      'difference',
      () => x.difference(y),
      () => dropped(RoaringBitmap32.andNot(p, q)),
    ),
    compare(
      'encode',
      () => x.encode(),
      () => p.serialize(SerializationFormat.portable),
    ),
    compare(
      'decode',
      () => ProfileSet.decode(bytes),
      () => dropped(RoaringBitmap32.deserialize(SerializationFormat.portable, bytes)),
    ),
    compare(
      'has 1M',
      () => probes.forEach((n) => x.has(n)),
      () => probes.forEach((n) => p.has(n)),
    ),
    compare(
      'to array',
      () => x.toArray(),
      () => p.toUint32Array(),
    ),
    compare(
      'blocks: decode, unite, encode',
      () => encoded.forEach((part, i) => ProfileSet.decode(part).union(parts[i]!).encode()),
      () =>
        encoded.forEach((part) => {
          const own = RoaringBitmap32.deserialize(SerializationFormat.portable, part);
          own.orInPlace(own);
          own.removeRunCompression();
          own.runOptimize();
          own.serialize(SerializationFormat.portable);
          own.dispose();
        }),
    ),
  ];
  p.dispose();
  q.dispose();
  process.stdout.write(
    `density ${density * 100} %, ${parts.length} blocks, ${bytes.length} bytes; ms plain / wasm\n  ${rows.join('\n  ')}\n`,
  );
}

const [before, after] = [sample(0.5, SIZE), sample(0.5, SIZE)];
process.stdout.write(`diffSorted of two millions ${milliseconds(() => diffSorted(before, after)).toFixed(1)} ms\n`);

for (const density of [0.01, 0.1, 0.2, 0.5, 1]) {
  for (const share of [0.1, 0.15]) {
    const members = sample(density, SIZE);
    const codes = Uint16Array.from(members, () => Math.floor(random() * 12));
    const base64 = (length: number) => (4 * Math.ceil(length / 3)) / SIZE;
    const plan = base64(ProfileSet.fromSorted(members).encode().length);
    let packed: Uint8Array = new Uint8Array();
    const encoding = milliseconds(() => (packed = encodeCodes(codes)));
    const strata = base64(packed.length);
    const control = base64(ProfileSet.fromSorted(members.filter(() => random() < share)).encode().length);
    const all = (plan + strata + control).toFixed(2);
    process.stdout.write(
      `density ${density * 100} %, control ${share * 100} %: base64 bytes a membership: newcomers ${plan.toFixed(2)}` +
        ` + 12 strata ${strata.toFixed(2)} (${encoding.toFixed(0)} ms) + control ${control.toFixed(2)} = ${all}\n`,
    );
  }
}
