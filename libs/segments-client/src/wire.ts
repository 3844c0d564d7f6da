import type { MembershipBlock, MembershipPage } from '@muster/contracts';
import { endianness } from 'node:os';

/** Below `/api/v1`. */
export const SEGMENTS_API_PATH = 'internal/segments-api';

const CODE_BYTES = 2;
const PROFILE_BYTES = 4;
const LENGTH_BYTES = 4;

interface BlockHeader {
  readonly block: number;
  /** Bytes of the set. */
  readonly members: number;
  /** How many codes; `null` without a stratification. */
  readonly codes: number | null;
}

interface PageHeader {
  readonly revision: number;
  readonly nextAfter: number | null;
  readonly blocks: readonly BlockHeader[];
}

/**
 * A page in one body: the length of a JSON header (4 bytes, little-endian), the header, then of each block its set as
 * it is and its codes as little-endian numbers of 16 bits. 64 blocks with codes take 9 MB at most.
 */
export function encodeMembershipPage({ revision, nextAfter, blocks }: MembershipPage): Buffer {
  const header: PageHeader = {
    revision,
    nextAfter,
    blocks: blocks.map(({ block, members, codes }) => ({
      block,
      members: members.length,
      codes: codes?.length ?? null,
    })),
  };
  const head = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(head.length);
  return Buffer.concat([
    length,
    head,
    ...blocks.flatMap(({ members, codes }) => (codes ? [members, encodeCodes(codes)] : [members])),
  ]);
}

/** Throws where the bytes are not exactly one page. */
export function decodeMembershipPage(bytes: Uint8Array): MembershipPage {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = LENGTH_BYTES + all.readUInt32LE(0);
  const { revision, nextAfter, blocks } = JSON.parse(all.toString('utf8', LENGTH_BYTES, at)) as PageHeader;
  const take = (count: number): Uint8Array => all.subarray(at, (at += count));
  const page = {
    revision,
    nextAfter,
    blocks: blocks.map(({ block, members, codes }): MembershipBlock => {
      const found = { block, members: new Uint8Array(take(members)) };
      return codes === null ? found : { ...found, codes: decodeCodes(take(codes * CODE_BYTES)) };
    }),
  };
  if (at !== all.length) throw new Error('the page is longer or shorter than its header says');
  return page;
}

/** Little-endian numbers of 16 bits. */
export function encodeCodes(codes: Uint16Array): Buffer {
  const bytes = Buffer.from(codes.slice().buffer);
  return isBigEndian() ? bytes.swap16() : bytes;
}

/** Throws where the bytes are no whole numbers of 16 bits. */
export function decodeCodes(bytes: Uint8Array): Uint16Array {
  const own = ownBytes(bytes, CODE_BYTES);
  return new Uint16Array((isBigEndian() ? own.swap16() : own).buffer);
}

/** Little-endian numbers of 32 bits. */
export function encodeProfiles(profiles: Uint32Array): Buffer {
  const bytes = Buffer.from(profiles.slice().buffer);
  return isBigEndian() ? bytes.swap32() : bytes;
}

/** Throws where the bytes are no whole numbers of 32 bits. */
export function decodeProfiles(bytes: Uint8Array): Uint32Array {
  const own = ownBytes(bytes, PROFILE_BYTES);
  return new Uint32Array((isBigEndian() ? own.swap32() : own).buffer);
}

/** A copy in a buffer of its own: numbers must be aligned, and the sender's memory stays the sender's. */
function ownBytes(bytes: Uint8Array, size: number): Buffer<ArrayBuffer> {
  if (bytes.length % size !== 0) throw new Error(`not a whole number of ${String(size)} bytes`);
  return Buffer.from(Uint8Array.from(bytes).buffer);
}

function isBigEndian(): boolean {
  return endianness() === 'BE';
}
